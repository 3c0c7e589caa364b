// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// Returns the way of the pixels of each picture of a sweep to the frame `to`: nothing where there is none,
/// the probe's pose is not rigid, or pixels tied to no probe are not shaped as most are.
std::vector<std::optional<AffineTransform>> picture_poses(const TrackedSequence& sweep,
                                                          const CoordinateFrames& always,
                                                          std::string_view to);

}  // namespace genu::ultrasound
