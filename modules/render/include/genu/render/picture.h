// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace genu::render {

/// An RGB picture, rows from the top.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  ///< 3 x width x height

  friend bool operator==(const Picture&, const Picture&) = default;
};

/// Returns the picture as a PNG file's bytes.
/// \throws InvalidInput if the picture is empty or its bytes do not fit its size.
std::vector<std::uint8_t> encode_png(const Picture& picture);
/// Returns the picture in a PNG file's bytes; grey and transparent ones become RGB.
/// \throws InvalidInput if the bytes are not a PNG file with 8 bits a channel.
Picture decode_png(const std::vector<std::uint8_t>& png);

/// Writes the whole file or nothing, as io::write_atomically does.
/// \throws IoError
void write_png(const std::filesystem::path& file, const Picture& picture);
/// \throws IoError
Picture read_png(const std::filesystem::path& file);

}  // namespace genu::render
