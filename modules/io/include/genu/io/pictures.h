// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <genu/core/frame.h>

namespace genu::io {

/// Returns true if bytes begin as those of a PNG file do.
bool begins_as_png(std::string_view bytes);
/// Returns true if bytes begin as those of a JPEG file do.
bool begins_as_jpeg(std::string_view bytes);

/// What the pixels of a still picture may take.
constexpr std::int64_t largest_picture_bytes = std::int64_t{1} << 29;

/// Returns the picture of a PNG or JPEG file's bytes: grey, or red, green and blue. Palettes become colours,
/// and transparency is left out. \param max_bytes what its pixels may take \throws InvalidInput if the bytes
/// are neither, are damaged or cut off (nothing is made up for what is missing), hold more than 8 bits a
/// value, make a larger picture or one of more than 32768 pixels a side, or announce one that so few
/// bytes can't hold
Frame picture_in(std::string_view bytes, std::int64_t max_bytes = largest_picture_bytes);

}  // namespace genu::io
