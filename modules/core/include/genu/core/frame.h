// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace genu {

/// One picture of an ultrasound machine, 8 bits a value. In a B-mode image row 0 is nearest to the probe and
/// column 0 on the side away from the probe's marker, unless something else is said.
struct Frame {
  int width = 0;
  int height = 0;
  int channels = 1;                  ///< 1 grey, 3 red, green and blue.
  std::vector<std::uint8_t> pixels;  ///< Row by row; the channels of a pixel follow each other.

  bool empty() const { return pixels.empty(); }
  std::size_t pixel_count() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
  std::uint8_t at(int x, int y, int channel = 0) const {
    return pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                   static_cast<std::size_t>(x)) *
                      static_cast<std::size_t>(channels) +
                  static_cast<std::size_t>(channel)];
  }
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// A place in a picture, in pixels: (0, 0) is the centre of the first pixel of the first row, y grows
/// downwards.
struct PixelPoint {
  double x = 0.0, y = 0.0;
  friend bool operator==(const PixelPoint&, const PixelPoint&) = default;
};

/// A rectangle of a picture's pixels.
struct PixelBounds {
  int x = 0, y = 0, width = 0, height = 0;
  friend bool operator==(const PixelBounds&, const PixelBounds&) = default;
};

/// The size of a picture's pixels.
struct PixelSize {
  double x_mm = 0.0, y_mm = 0.0;
  friend bool operator==(const PixelSize&, const PixelSize&) = default;
};

/// Returns the luminance of a picture (ITU-R BT.601), or the picture itself if it is grey.
Frame as_grey(const Frame& frame);

}  // namespace genu
