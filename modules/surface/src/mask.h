// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <genu/core/tissue.h>
#include <genu/surface/extract.h>

#include "block.h"

namespace genu::surface {

/// The chosen voxels in a block around them.
struct Mask {
  Block place;
  Vector3 spacing_mm;
  std::vector<std::uint8_t> inside;  ///< 1 = chosen.
  std::vector<float> share;          ///< How much of each voxel is inside, 0 to 1.
  std::size_t chosen = 0;            ///< Voxels of the label map.
};

/// A Gaussian is cut off here, in standard deviations: beyond lies 0.05 % of it.
inline constexpr double kernel_reach = 3.5;
/// Returns the standard deviation of the smoothing along an axis, in voxels.
double smoothing_voxels(const ExtractOptions& options, double spacing_mm);

/// Returns the voxels that a surface is to enclose, with room for smoothing around them; slices much thicker
/// than their pixels come divided into thinner ones.
Mask mask_of(const LabelMap& labels, const TissueTest& inside, const ExtractOptions& options);

}  // namespace genu::surface
