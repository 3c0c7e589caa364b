// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "boxes.h"

namespace genu::surface {

/// A vertex near each cell of a grid around all meshes: not always the nearest, but near enough that a
/// search which starts with it has little left to do.
struct Landmarks {
  struct Landmark {
    std::array<float, 3> place{};  ///< Relative to the forest's origin.
    std::uint32_t mesh = 0;
  };
  std::array<float, 3> low{};  ///< Of the first cell, relative to the forest's origin.
  float cells_per_mm = 0.0f;
  std::array<int, 3> size{};
  std::vector<Landmark> cells;  ///< x fastest.

  /// Returns the number of the cell that holds a point, or of the nearest one.
  std::size_t cell_of(const std::array<float, 3>& p) const {
    std::array<int, 3> at;
    for (std::size_t a = 0; a < 3; ++a) {
      const float cells_in = (p[a] - low[a]) * cells_per_mm;
      at[a] = cells_in > 0.0f
                  ? (cells_in < static_cast<float>(size[a] - 1) ? static_cast<int>(cells_in) : size[a] - 1)
                  : 0;
    }
    return number(at);
  }
  std::size_t number(const std::array<int, 3>& at) const {
    const auto [x, y, z] = at;
    const auto rows = static_cast<std::size_t>(size[1]), length = static_cast<std::size_t>(size[0]);
    return (static_cast<std::size_t>(z) * rows + static_cast<std::size_t>(y)) * length +
           static_cast<std::size_t>(x);
  }
};

Landmarks make_landmarks(const BoxForest& forest);

}  // namespace genu::surface
