// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <genu/core/error.h>
#include <genu/core/frame.h>

namespace genu::ultrasound {

/// Checks that a frame is a picture: sizes above 0, 1 or 3 channels, and as many values as these say.
/// \param doing what the picture is wanted for; the message begins with it
/// \throws InvalidInput naming what is wrong with it
inline void require_picture(const Frame& frame, std::string_view doing) {
  const std::string start = std::string(doing) + ": ";
  if (frame.empty() || frame.width <= 0 || frame.height <= 0)
    throw InvalidInput(start + "the picture is empty");
  if (frame.channels != 1 && frame.channels != 3)
    throw InvalidInput(start + "a picture of " + std::to_string(frame.channels) +
                       " channels is neither grey nor RGB");
  if (frame.pixels.size() != frame.pixel_count() * static_cast<std::size_t>(frame.channels))
    throw InvalidInput(start + "a picture of " + std::to_string(frame.width) + " x " +
                       std::to_string(frame.height) + " has " + std::to_string(frame.pixels.size()) +
                       " values");
}

}  // namespace genu::ultrasound
