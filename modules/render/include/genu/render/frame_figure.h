// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/frame.h>
#include <genu/render/picture.h>

namespace genu::render {

using Rgb = std::array<std::uint8_t, 3>;

/// A line over an ultrasound picture, through places in its own pixels. Places that are not finite part it.
struct FrameLine {
  std::vector<PixelPoint> points;
  Rgb colour{255, 210, 0};
  double width = 2.0;  ///< In pixels of the figure.
  bool dashed = false;
};

/// A ring about a place, with words beside it.
struct FrameSpot {
  PixelPoint at;
  Rgb colour{255, 210, 0};
  std::string words = {};
  double radius = 6.0;  ///< In pixels of the figure.
};

/// Words in a picture.
struct FrameNote {
  PixelPoint at;
  std::string words;
  Rgb colour{255, 210, 0};
  double across = 0.0;  ///< What part of the words lies left of `at`: 0, 0.5 or 1.
  double above = 0.5;   ///< What part of them lies above it.
};

struct FrameMarks {
  std::vector<FrameLine> lines = {};
  std::vector<FrameSpot> spots = {};
  std::vector<FrameNote> notes = {};
  std::vector<std::string> words = {};  ///< Text below the picture; a line that is too long for it is parted.
  std::optional<PixelSize> pixel = {};  ///< Gives the true shape and a bar of 10 mm.
  std::optional<double> face_row = {};  ///< Where the probe's face lies: with `pixel`, depth in centimetres.
  int min_height = 600;                 ///< Of the picture in the figure; small ones are enlarged.
};

/// Returns an ultrasound picture with marks. Without the size of its pixels it says "no scale" where the bar
/// would be. Needs no display.
/// \throws InvalidInput if the picture is empty, or the height is not between 100 and 4096
Picture frame_figure(const Frame& frame, const FrameMarks& marks = {});

/// One line of a diagram.
struct Curve {
  std::string name;
  std::vector<double> x, y;  ///< As many; what is not finite parts the line.
  Rgb colour{40, 90, 200};
  bool dots = false;  ///< Instead of a line.
};

struct DiagramWords {
  std::string title, x_axis, y_axis;
};

/// Returns curves over one pair of axes. Needs no display.
/// \throws InvalidInput if there is nothing finite to draw, or a curve has not as many x as y
Picture diagram(const std::vector<Curve>& curves, const DiagramWords& words, int width = 900,
                int height = 420);

}  // namespace genu::render
