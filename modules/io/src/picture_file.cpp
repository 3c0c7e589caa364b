// SPDX-License-Identifier: Apache-2.0
#include "picture_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/pictures.h>

namespace genu::io {

namespace fs = std::filesystem;
using ultrasound::UltrasoundClip;

bool is_picture_file(const fs::path& file) {
  std::array<char, 8> start{};
  std::ifstream in(file, std::ios::binary);
  in.read(start.data(), start.size());
  const std::string_view bytes(start.data(), static_cast<std::size_t>(in.gcount()));
  return begins_as_png(bytes) || begins_as_jpeg(bytes);
}

UltrasoundClip read_picture_file(const fs::path& file, std::int64_t max_bytes) {
  const std::string bytes = read_text(file);
  const bool png = begins_as_png(bytes);
  UltrasoundClip clip;
  try {
    clip.frames.push_back(picture_in(bytes, std::min(max_bytes, largest_picture_bytes)));
  } catch (const InvalidInput& problem) {
    throw IoError(file.string() + ": " + problem.what());
  }
  clip.origin.kind = png ? "PNG" : "JPEG";
  clip.encoding = clip.origin.kind;
  clip.may_state_regions = false;
  clip.photometric = clip.frames.front().channels == 1 ? "grey" : "RGB";
  clip.lossy = !png;
  clip.times_s = {0.0};
  clip.time_source = "one frame";
  return clip;
}

}  // namespace genu::io
