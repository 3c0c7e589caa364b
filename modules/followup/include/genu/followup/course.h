// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <genu/followup/compare.h>
#include <genu/followup/precision.h>

namespace genu::followup {

/// A straight line through a measure at several visits.
struct Trend {
  double per_year = std::numeric_limits<double>::quiet_NaN();
  /// Standard error of `per_year` from the scatter about the line; NaN for two visits, which have none.
  double per_year_se = std::numeric_limits<double>::quiet_NaN();
  double at_start = std::numeric_limits<double>::quiet_NaN();  ///< The line's value at year 0.
};

/// Returns the least-squares line; values that are NaN are left out, and fewer than two give NaN.
/// \throws InvalidInput if the numbers of years and values differ.
Trend trend_of(const std::vector<double>& years, const std::vector<double>& values);

struct VisitTime {
  std::string name;
  std::optional<double> months = {};  ///< Since any fixed day; nothing = not known.
};

/// What one knee did over two or more visits.
struct Course {
  std::string knee;
  std::vector<VisitTime> visits;     ///< The baseline first.
  std::vector<VisitChange> changes;  ///< One for each later visit, each against the baseline.
  Precision precision;               ///< What the verdicts rest on.
};

/// Returns the years from the baseline to the visit of change `n`, or nothing if a time is not known.
std::optional<double> years_to(const Course& course, std::size_t n);

/// Returns the regions, sub-regions and compartments that any of the changes has, in the order of Region.
std::vector<cartilage::Region> regions_of(const Course& course);

/// One region's and measure's change at one later visit, judged.
struct Finding {
  Change change;
  double percent = Change::unknown;  ///< Of the baseline; unknown for what is a percentage itself.
  double percent_a_year = Change::unknown;
  double sdc = Change::unknown;
  Verdict verdict = Verdict::unknown;
};

/// A measure that is compared.
struct ComparedMeasure {
  std::string name, unit;
  Change RegionChange::*change;
  Repeatability RegionPrecision::*repeatability;
};
/// Returns ThCtAB, VC and dABp.
const std::vector<ComparedMeasure>& compared_measures();

/// Returns the finding on a row of change `n`.
Finding finding_on(const Course& course, std::size_t n, const RegionChange& row,
                   const ComparedMeasure& measure);

/// Returns the line through a region's measure at all visits: the baseline's value plus each change. NaN if
/// a time is not known.
Trend trend_of(const Course& course, cartilage::Region region, const ComparedMeasure& measure);

}  // namespace genu::followup
