// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <genu/core/volume.h>

// Volumes as the network sees them: sagittal slices from the patient's right to the left, rows from superior,
// columns from anterior.
namespace genu::segmentation {

/// The pixels that the network was trained on (training/network.py).
inline constexpr double pixel_mm = 0.55;

/// How the axes of a grid lie in the stack.
struct SagittalView {
  std::array<std::size_t, 3> axis{};  ///< Which axis of the grid runs along slices, rows, columns.
  std::array<bool, 3> flipped{};
  std::array<std::int64_t, 3> size{};        ///< Of the grid, along slices, rows, columns.
  std::array<std::int64_t, 3> stack_size{};  ///< Of the stack.
  double slice_mm = 0.0;                     ///< Between the stack's slices.
};
/// \throws InvalidInput if the grid is longer than any patient.
SagittalView sagittal_view(const ImageGeometry& grid);

/// Numbers on slices x rows x columns, columns fastest.
struct Stack {
  std::array<std::int64_t, 3> size{};
  std::vector<float> values;
  std::size_t slice_pixels() const { return static_cast<std::size_t>(size[1] * size[2]); }
};

/// Returns the image from the side, its brightness scaled: 0, or its 0.5th percentile if that is below 0, to
/// 0; its 99.5th percentile to 1.
Stack sagittal_stack(const Volume<float>& image, const SagittalView& view, unsigned threads);

}  // namespace genu::segmentation
