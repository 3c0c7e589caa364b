// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdlib>
#include <functional>

#include <genu/core/tissue.h>
#include <genu/render/picture.h>

// Questions about pictures.
namespace genu::testing {

using Rgb = std::array<int, 3>;

inline Rgb pixel(const render::Picture& picture, int x, int y) {
  const std::size_t p = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                             static_cast<std::size_t>(x));
  return {picture.rgb.at(p), picture.rgb.at(p + 1), picture.rgb.at(p + 2)};
}

/// The largest difference of a channel.
inline int difference(const Rgb& a, const Rgb& b) {
  int most = 0;
  for (std::size_t c = 0; c < 3; ++c) most = std::max(most, std::abs(a[c] - b[c]));
  return most;
}

/// Where the chosen pixels are: how many, their centre, and the box around them.
struct Patch {
  int count = 0;
  double x = 0.0, y = 0.0;
  int left = 1 << 30, right = -1, top = 1 << 30, bottom = -1;
};

inline Patch patch_of(const render::Picture& picture, const std::function<bool(const Rgb&)>& chosen) {
  Patch patch;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      if (!chosen(pixel(picture, x, y))) continue;
      ++patch.count;
      patch.x += x;
      patch.y += y;
      patch.left = std::min(patch.left, x);
      patch.right = std::max(patch.right, x);
      patch.top = std::min(patch.top, y);
      patch.bottom = std::max(patch.bottom, y);
    }
  patch.x /= std::max(patch.count, 1);
  patch.y /= std::max(patch.count, 1);
  return patch;
}

inline Patch patch_near(const render::Picture& picture, const Rgb& colour, int tolerance) {
  return patch_of(picture, [&](const Rgb& p) { return difference(p, colour) <= tolerance; });
}

inline Rgb rgb_of(Tissue tissue) {
  const auto& c = info(tissue).colour;
  return {c[0], c[1], c[2]};
}

}  // namespace genu::testing
