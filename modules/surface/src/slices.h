// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <genu/core/vector.h>

#include "block.h"

namespace genu::surface {

/// How slices much thicker than their pixels are divided.
struct Slicing {
  int axis = 2;
  int parts = 1;
};
Slicing slicing_for(const Vector3& spacing_mm);

/// A stack of slices.
struct Slices {
  Rows size;
  Vector3 spacing_mm;
  Slicing slicing;
  std::int64_t first_real = 0, last_real = 0;  ///< Slices beyond these are outside of the image.
};

/// Returns how much of each voxel is inside, with every slice divided: outlines between two slices are where
/// their signed distances average to zero (shape-based interpolation; Raya & Udupa 1990, IEEE Transactions on
/// Medical Imaging 9:32).
std::vector<float> divided(const std::vector<std::uint8_t>& mask, const Slices& slices, unsigned threads);

}  // namespace genu::surface
