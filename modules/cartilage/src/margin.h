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

/// What a tibial plate has lost at its margin, where no cartilage around it shows that it was there.
struct MarginLoss {
  Patch bare;    ///< Bone without cartilage that bears some in every intact knee.
  Patch unsure;  ///< Bone beside it without cartilage that bears some in many.
};

/// Finds margins lost by a tibial plate from the shape of the bone: where its cartilage lies on the tibial
/// head differs little between knees.
///
/// A plate without any cartilage has no loss here: lost and not labelled look alike.
MarginLoss find_margin_loss(const Ground& ground, const std::vector<Vector3>& normals, const KneeFrame& frame,
                            const RegionRule& rule, Region plate, const Patch& covered, const Patch& bearing);

/// Returns the area in mm2 that a central condyle of this femur has in the mean of intact knees, or nothing
/// for another region.
std::optional<double> expected_area_mm2(const Ground& femur, const KneeFrame& frame, Region region);

}  // namespace genu::cartilage
