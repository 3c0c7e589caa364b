// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "boxes.h"

namespace genu::surface {

/// A segment: middle, unit direction and half length, relative to the forest's origin.
struct Needle {
  std::array<float, 3> middle{}, along{};
  float half = 0.0f;
  float room = 0.0f;  ///< How far rounding may have moved anything, mm.
};

/// Sets a lower bound of the needle's distance from each child's box in mm, negative where they may touch;
/// returns one bit for each child whose bound is below the limit.
unsigned least_distances(const BoxNode& node, const Needle& needle, float limit, Lanes& bound);

/// The part of a segment that can be nearest to a leaf, relative to the leaf's centre.
struct Stretch {
  std::array<float, 3> start{}, step{};  ///< `step` leads from its start to its end.
};

/// Sets the squared distance of the stretch from each triangle, 0 where they cross; returns one bit for each
/// that is not above the limit. Wrong by no more than `roundings_of_triangle` times a float's epsilon times
/// the square of the largest distance from the leaf's centre to either.
unsigned squared_distances(const BoxLeaf& leaf, const Stretch& stretch, float limit, Lanes& squared);

inline constexpr double roundings_of_triangle = 64.0;

}  // namespace genu::surface
