// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <genu/render/picture.h>

// Drawing on pictures without a display: lines, shapes and text, all anti-aliased.
namespace genu::render {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  friend bool operator==(const Colour&, const Colour&) = default;
};

/// A place on a picture: x to the right, y down, pixel centres at whole numbers.
struct Spot {
  double x = 0.0;
  double y = 0.0;
};
using Segment = std::array<Spot, 2>;

struct TextStyle {
  int size = 14;  ///< Font size in pixels.
  Colour colour;
  bool bold = false;
  double across = 0.0;         ///< What part of the text lies left of its spot: 0, 0.5 or 1.
  double above = 0.0;          ///< What part of the text lies above its spot.
  std::optional<Colour> halo;  ///< A rim that keeps the text legible on any ground.
};

class Canvas {
 public:
  Canvas(int width, int height, Colour ground);
  explicit Canvas(Picture picture) : picture_(std::move(picture)) {}

  int width() const { return picture_.width; }
  int height() const { return picture_.height; }
  const Picture& picture() const { return picture_; }
  Picture take() && { return std::move(picture_); }

  void set(int x, int y, Colour colour);
  /// Paints `colour` over a pixel; `opacity` 0 to 1. Outside of the picture nothing happens.
  void blend(int x, int y, Colour colour, double opacity);
  /// Draws segments as one shape: where they meet or cross nothing is painted twice.
  void stroke(const std::vector<Segment>& segments, double width, Colour colour, double opacity = 1.0);
  void disc(Spot centre, double radius, Colour colour, double opacity = 1.0);
  void ring(Spot centre, double radius, double width, Colour colour);
  /// Fills columns left .. right - 1 and rows top .. bottom - 1.
  void fill(int left, int top, int right, int bottom, Colour colour, double opacity = 1.0);
  void paste(const Picture& other, int left, int top);
  void text(Spot spot, std::string_view words, const TextStyle& style);

 private:
  Picture picture_;
};

/// Returns the width of a text in pixels.
int text_width(std::string_view words, int size, bool bold = false);

}  // namespace genu::render
