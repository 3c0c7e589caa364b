// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace genu::ultrasound {

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

/// Returns the luminance of a picture (ITU-R BT.601), or the picture itself if it is grey.
Frame as_grey(const Frame& frame);

/// Returns the picture with its axes turned as the letters say, as "MF" wants them: x towards the probe's
/// marker, y away from it.
///
/// \param orientation where x and y of the picture point (PLUS): M to the marked side, U to the other, F far
/// from the probe, N near to it; "FM" has y along the probe's face. A third letter does not matter here.
/// \throws InvalidInput for other letters
Frame turned_to_marked_far(const Frame& frame, std::string_view orientation);
/// Undoes turned_to_marked_far.
Frame turned_from_marked_far(const Frame& frame, std::string_view orientation);

}  // namespace genu::ultrasound
