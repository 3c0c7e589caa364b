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

/// Returns the picture of a PNG or JPEG file's bytes: grey, or red, green and blue. Palettes become colours,
/// and transparency is left out. \param max_bytes what its pixels may take \throws InvalidInput if the bytes
/// are neither, are damaged or cut off (nothing is made up for what is missing), hold more than 8 bits a
/// value, or make a larger picture
Frame picture_in(std::string_view bytes, std::int64_t max_bytes = std::int64_t{1} << 30);

}  // namespace genu::io
