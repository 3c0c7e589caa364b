// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include <genu/core/geometry.h>

namespace genu::surface {

using Rows = std::array<std::int64_t, 3>;

/// A block of voxels, and where it lies in the label grid.
struct Block {
  VoxelIndex first;                   ///< Where it begins in the label grid; may lie outside of it.
  Rows size{};                        ///< In the block's own voxels.
  std::array<int, 3> parts{1, 1, 1};  ///< The block's voxels to one of the labels', along each axis.
  /// Axes along which the block runs backwards. The labels' own shape decides, so that an image stored from
  /// its last slice to its first, or mirrored, has the same triangles.
  std::array<bool, 3> backwards{};

  /// Returns where a place in the block lies in the label grid.
  ContinuousIndex in_labels(const ContinuousIndex& at) const {
    return {along(0, at.i, first.i), along(1, at.j, first.j), along(2, at.k, first.k)};
  }

 private:
  double along(int axis, double at, std::int64_t begin) const {
    const double from_begin = backwards[axis] ? static_cast<double>(size[axis] - 1) - at : at;
    return static_cast<double>(begin) + (from_begin + 0.5) / parts[axis] - 0.5;
  }
};

}  // namespace genu::surface
