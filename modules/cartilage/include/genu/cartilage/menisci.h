// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <vector>

#include <genu/cartilage/regions.h>
#include <genu/core/knee.h>
#include <genu/core/tissue.h>
#include <genu/surface/extract.h>

namespace genu::cartilage {

struct BoneMap;

/// Where one meniscus lies on its tibial plate; NaN where it could not be measured.
struct MeniscusMeasures {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Tissue meniscus = Tissue::medial_meniscus;
  Region plate = Region::MT;          ///< The plate that it lies on: MT or LT.
  double extrusion_mm = unknown;      ///< Beyond the plate's outer edge; negative = it ends within the plate.
  double coverage_percent = unknown;  ///< Of the plate's tAB, that the meniscus lies over.
  double covered_mm2 = unknown;
  double volume_mm3 = unknown;
};

struct MeniscusOptions {
  /// The middle part of the plate from front to back in which extrusion is read.
  double central_part = 0.1;
  /// A meniscus further above the bone than this does not cover it.
  double reach_mm = 10.0;
  surface::ExtractOptions extract = {};
};

/// Returns the measures of each labelled meniscus, medial first, from the bone map of the tibia in a report.
///
/// Extrusion is how far the meniscus reaches beyond the edge of its plate's tAB (cartilage, lost or not)
/// along the knee's own lateral axis, the mean over coronal cuts half a millimetre apart through the middle
/// of the plate. Coverage is the part of tAB from which the line along the tibia, to proximal, meets the
/// meniscus. Both follow Bloecker et al. 2013 (Osteoarthritis and Cartilage 21:419), who take the mean over
/// central coronal slices and the same edge; a radiologist's extrusion is taken from the edge of the bone, or
/// of its spurs, and is smaller. Volume counts voxels. \throws InvalidInput if `tibia` is another bone's map,
/// or an option is out of range.
std::vector<MeniscusMeasures> measure_menisci(const LabelMap& labels, const KneeFrame& frame,
                                              const BoneMap& tibia, const MeniscusOptions& options = {});

}  // namespace genu::cartilage
