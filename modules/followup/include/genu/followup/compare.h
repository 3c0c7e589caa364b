// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>
#include <genu/registration/align.h>

namespace genu::followup {

/// One knee at one visit.
struct Visit {
  std::string name;  ///< "baseline", "24m": for messages.
  const cartilage::CartilageReport& report;
  const LabelMap& labels;  ///< What it was measured on.
};

/// A measure at both visits; NaN = not measured.
struct Change {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  double baseline = unknown;
  double followup = unknown;
  double difference() const { return followup - baseline; }
  /// Of the baseline's value.
  double percent() const { return baseline > 0.0 ? 100.0 * difference() / baseline : unknown; }
};

struct RegionChange {
  cartilage::Region region = cartilage::Region::outside;
  Change ThCtAB_mm;     ///< Mean thickness over the same bone, denuded counts as 0.
  Change VC_mm3;        ///< As each visit was measured; unknown where not all of the region is seen in both.
  Change dABp_percent;  ///< Denuded part of the same bone.
  double seen_percent = Change::unknown;  ///< Of the region's area, this part was measured at both visits.
};

struct BoneChange {
  Bone bone = Bone::femur;
  registration::Alignment alignment;  ///< a = baseline, b = follow-up.
  Change volume_mm3;  ///< Of the part of the bone that both images show. Bones change little: outlines do.
  /// Follow-up minus baseline at each vertex of the baseline's surface; NaN = not measured in both.
  std::vector<double> thickness_change_mm;
};

/// What changed between two visits.
struct VisitChange {
  Side side = Side::right;
  std::string method;                 ///< Of thickness, with its parameters, at both visits.
  std::vector<RegionChange> regions;  ///< In the order of measured_regions.
  std::vector<RegionChange> parts;    ///< Sub-regions, then compartments.
  /// Changes of the sub-regions of tibia and central femur from the most thinning to the most thickening,
  /// wherever they are: ordered values (Buck et al. 2009, Arthritis and Rheumatism 61:917).
  std::vector<double> ordered_mm;
  /// Sum of those below 0, and of those above (Eckstein et al. 2016, European Radiology 26:1942).
  double thinning_score_mm = Change::unknown;
  double thickening_score_mm = Change::unknown;
  std::vector<BoneChange> bones;
  std::vector<std::string> flags;  ///< What a reader must know: other resolution, parts not seen in both.
};

/// Returns the row of a region or part, or null.
const RegionChange* find(const VisitChange& change, cartilage::Region region);

struct CompareOptions {
  /// Bones that fit no better are not the same bone, or not drawn alike. Manual outlines of 16 knees up to 8
  /// years apart fitted to 0.16 to 0.56 mm, femurs of other people's knees of the same side to 0.8 mm or
  /// more.
  double max_rms_mm = 0.7;
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// Returns how the cartilage of one knee changed between two visits.
///
/// Each bone is aligned by its own surface; cartilage has no part in that. Thickness is compared where the
/// same bone lies: over the baseline's regions with the follow-up's thickness carried to them, and over the
/// follow-up's with the baseline's, and both are averaged. So exchanging the visits changes the signs and
/// nothing else, and what one visit's outline selects does not lean on the result.
/// \throws InvalidInput if sides or definitions of thickness differ, no bone is measured at both visits, or
/// the bones do not fit: another knee, or other outlines.
VisitChange compare(const Visit& baseline, const Visit& followup, const CompareOptions& options = {},
                    const Progress& progress = {});

}  // namespace genu::followup
