// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <genu/followup/compare.h>

namespace genu::followup {

/// How far two measurements of an unchanged region lie apart.
struct Repeatability {
  double bias = Change::unknown;  ///< Mean of second minus first.
  /// Smallest detectable change: 1.96 times the root mean square of the differences, which is 1.96 sqrt(2)
  /// times the standard error of one measurement (Bland and Altman 1986, Lancet 327:307). Unknown where all
  /// pairs agree exactly, as those of intact plates do on denuded area: that is no measure of scatter.
  double sdc = Change::unknown;
  std::size_t pairs = 0;  ///< In which it was measured both times.
};

struct RegionPrecision {
  cartilage::Region region = cartilage::Region::outside;
  Repeatability ThCtAB_mm, VC_mm3, dABp_percent;
};

/// A test-retest table.
struct Precision {
  std::string name;    ///< "phantom-1"
  std::string source;  ///< What was measured twice, and what it leaves out.
  std::string method;  ///< Of thickness, as in VisitChange.
  std::vector<RegionPrecision> regions;
};

/// Returns the precision that pairs of measurements of unchanged knees show.
/// \throws InvalidInput if there is no pair, or their methods differ.
Precision precision_of(const std::vector<VisitChange>& repeats, std::string name, std::string source);

enum class Verdict { decrease, increase, within_error, unknown };
std::string_view name(Verdict verdict);  ///< "decrease", "increase", "within error", "unknown"

/// Returns whether a difference is beyond the smallest detectable change.
Verdict verdict_on(double difference, double sdc);

/// Returns the row of a region, or nothing.
const RegionPrecision* find(const Precision& precision, cartilage::Region region);

}  // namespace genu::followup
