// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <genu/core/geometry.h>
#include <genu/phantom/scan.h>

namespace genu::cartilage {

/// Labels of a phantom's joint alone, cropped from a sagittal grid: shafts cost time and bear no cartilage.
/// \param half_width_mm from the middle of the joint to the last slices
inline LabelMap labels_of(const phantom::Knee& knee, double in_plane_mm, double slice_mm,
                          double half_width_mm = 46.0) {
  const ImageGeometry whole = phantom::sagittal_grid(knee, in_plane_mm, slice_mm);
  const ContinuousIndex middle = whole.to_index(knee.frame().at(0.0, 12.0, 12.0));
  const std::array<double, 3> half{58.0 / in_plane_mm, 46.0 / in_plane_mm, half_width_mm / slice_mm},
      at{middle.i, middle.j, middle.k};
  std::array<std::int64_t, 3> first, size;
  for (int a = 0; a < 3; ++a) {
    first[a] = std::max<std::int64_t>(0, std::llround(at[a] - half[a]));
    size[a] = std::min<std::int64_t>(whole.size()[a], std::llround(at[a] + half[a])) - first[a];
  }
  const ImageGeometry grid = cropped(whole, {first[0], first[1], first[2]}, size);
  return phantom::scan(knee, grid, {.samples_per_mm = 1}).labels;
}

}  // namespace genu::cartilage
