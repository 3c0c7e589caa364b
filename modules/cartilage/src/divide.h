// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <genu/cartilage/regions.h>
#include <genu/core/knee.h>
#include <genu/core/mesh.h>

#include "frame.h"
#include "patch.h"

namespace genu::cartilage {

/// Tells which region a place on or near a bone's cartilage belongs to.
using RegionRule = std::function<Region(const Point3&)>;

/// Where one condyle stops bearing weight, in the knee's frame.
struct CondylarCut {
  double posterior_mm = 0.0;  ///< What lies behind this is posterior ...
  double height_mm =
      0.0;  ///< ... and what lies above the condyle's hindmost place, where it curls forward again.
};

/// Where the femur is divided, in the knee's frame.
struct FemoralCuts {
  double middle_mm = 0.0;  ///< Medial and lateral meet here, in the middle of the notch.
  double notch_mm = 0.0;   ///< Anterior end of the notch: the trochlea begins.
  CondylarCut medial, lateral;
  bool notch_found = false;
};

/// Finds the notch as the hollow between the condyles.
FemoralCuts find_femoral_cuts(const TriangleMesh& femur, const Patch& covered, const KneeFrame& frame,
                              double weight_bearing_fraction);

RegionRule femoral_rule(const KneeFrame& frame, const FemoralCuts& cuts);
RegionRule tibial_rule(const Orientation& orientation);

/// Returns the bone that bears cartilage or has lost it: the covered set, what it encloses, and bays open to
/// its margin. Plates are filled one by one, so that what lies between them stays out.
Patch subchondral(const Ground& ground, Bone bone, const Patch& covered, const KneeFrame& frame,
                  const RegionRule& rule, const FemoralCuts& cuts);

}  // namespace genu::cartilage
