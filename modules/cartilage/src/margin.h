// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <genu/cartilage/regions.h>
#include <genu/core/knee.h>
#include <genu/core/vector.h>

#include "divide.h"
#include "patch.h"

namespace genu::cartilage {

/// What a tibial or patellar plate has lost at its margin, where no cartilage around it shows that it was
/// there.
struct MarginLoss {
  Patch bare;    ///< Bone without cartilage that bears some in every intact knee.
  Patch unsure;  ///< Bone beside it without cartilage that bears some in many; none where `error_mm` is set.
  /// What is left of the margin tells how far the plate reached: standard deviation of its outline where it
  /// was lost. Nothing = too little is left for that.
  std::optional<double> error_mm;
  double error_area_mm2 = 0.0;  ///< Standard deviation of the area in `bare`, from that of the outline.
};

/// Finds margins lost by a plate from the shape of the bone: where its cartilage lies on the tibial head, or
/// the patella, differs little between knees, and what is left of the margin tells how much here: the oval of
/// intact plates, with its spread, is fitted to it.
///
/// A plate without any cartilage has no loss here: lost and not labelled look alike.
MarginLoss find_margin_loss(const Ground& ground, const std::vector<Vector3>& normals, const KneeFrame& frame,
                            const RegionRule& rule, Region plate, const Patch& covered, const Patch& bearing);

/// Returns the area in mm2 that a region of this femur has in the mean of intact knees, or nothing for a
/// region of another bone.
std::optional<double> expected_area_mm2(const Ground& femur, const KneeFrame& frame, Region region);

}  // namespace genu::cartilage
