// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/ultrasound/orientation.h>

namespace genu::ultrasound {
namespace {

/// How a stored picture becomes one that is marked and far: its axes swapped first, then turned round.
struct Turn {
  bool swap = false, flip_x = false, flip_y = false;
};

Turn turn_of(std::string_view orientation) {
  const auto along_face = [](char c) { return c == 'M' || c == 'U'; };
  const auto along_beam = [](char c) { return c == 'F' || c == 'N'; };
  const bool known = orientation.size() >= 2 && ((along_face(orientation[0]) && along_beam(orientation[1])) ||
                                                 (along_beam(orientation[0]) && along_face(orientation[1])));
  if (!known)
    throw InvalidInput("the orientation of an ultrasound image is '" + std::string(orientation) +
                       "', not two of M or U (marked, unmarked) and F or N (far, near)");
  Turn turn;
  turn.swap = along_beam(orientation[0]);
  turn.flip_x = orientation[turn.swap ? 1 : 0] == 'U';
  turn.flip_y = orientation[turn.swap ? 0 : 1] == 'N';
  return turn;
}

/// Fills a picture from another one, pixel by pixel.
template <typename Source>
Frame made(int width, int height, const Frame& from, const Source& source) {
  Frame result{width, height, from.channels, {}};
  result.pixels.reserve(from.pixels.size());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const auto [sx, sy] = source(x, y);
      for (int c = 0; c < from.channels; ++c) result.pixels.push_back(from.at(sx, sy, c));
    }
  return result;
}

}  // namespace

Frame turned_to_marked_far(const Frame& frame, std::string_view orientation) {
  const Turn turn = turn_of(orientation);
  if (frame.empty() || (!turn.swap && !turn.flip_x && !turn.flip_y)) return frame;
  const int width = turn.swap ? frame.height : frame.width, height = turn.swap ? frame.width : frame.height;
  return made(width, height, frame, [&](int x, int y) {
    const int u = turn.flip_x ? width - 1 - x : x, v = turn.flip_y ? height - 1 - y : y;
    return turn.swap ? std::pair(v, u) : std::pair(u, v);
  });
}

Frame turned_from_marked_far(const Frame& frame, std::string_view orientation) {
  const Turn turn = turn_of(orientation);
  if (frame.empty() || (!turn.swap && !turn.flip_x && !turn.flip_y)) return frame;
  const int width = turn.swap ? frame.height : frame.width, height = turn.swap ? frame.width : frame.height;
  return made(width, height, frame, [&](int x, int y) {
    const auto [u, v] = turn.swap ? std::pair(y, x) : std::pair(x, y);
    return std::pair(turn.flip_x ? frame.width - 1 - u : u, turn.flip_y ? frame.height - 1 - v : v);
  });
}

}  // namespace genu::ultrasound
