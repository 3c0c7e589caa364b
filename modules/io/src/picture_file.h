// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include <genu/ultrasound/clip.h>

namespace genu::io {

/// Returns whether a file begins as PNG or JPEG do.
bool is_picture_file(const std::filesystem::path& file);

/// Reads a PNG or JPEG picture of 8 bits a value as a still without any scale.
/// \throws IoError naming the file
ultrasound::UltrasoundClip read_picture_file(const std::filesystem::path& file, std::int64_t max_bytes);

}  // namespace genu::io
