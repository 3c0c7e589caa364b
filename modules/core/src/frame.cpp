// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <genu/core/frame.h>

namespace genu {

Frame as_grey(const Frame& frame) {
  if (frame.channels == 1) return frame;
  Frame grey{frame.width, frame.height, 1, {}};
  grey.pixels.reserve(frame.pixel_count());
  for (std::size_t p = 0; p < frame.pixel_count(); ++p) {
    const std::uint8_t* rgb = frame.pixels.data() + 3 * p;
    grey.pixels.push_back(
        static_cast<std::uint8_t>(std::lround(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])));
  }
  return grey;
}

}  // namespace genu
