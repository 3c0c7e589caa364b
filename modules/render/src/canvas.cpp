// SPDX-License-Identifier: Apache-2.0
#include "canvas.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <vtkFreeTypeTools.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkStdString.h>
#include <vtkTextProperty.h>

#include <genu/core/error.h>

namespace genu::render {
namespace {

/// How much of each pixel a text covers, 0 to 255, rows from the top.
struct Stencil {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> cover;

  int at(int x, int y) const {
    const bool inside = x >= 0 && y >= 0 && x < width && y < height;
    return inside ? cover[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                          static_cast<std::size_t>(x)]
                  : 0;
  }
};

constexpr int dpi = 72;  // makes a point of font size one pixel

vtkNew<vtkTextProperty> font(int size, bool bold) {
  vtkNew<vtkTextProperty> property;
  property->SetFontFamilyToArial();
  property->SetFontSize(size);
  property->SetBold(bold);
  property->SetColor(1.0, 1.0, 1.0);
  return property;
}

Stencil write(std::string_view words, int size, bool bold) {
  vtkFreeTypeTools& writer = *vtkFreeTypeTools::GetInstance();
  const auto property = font(size, bold);
  vtkNew<vtkImageData> image;
  int box[4];
  const std::string text(words);
  if (text.empty()) return {};
  if (!writer.GetBoundingBox(property, text, dpi, box) ||
      !writer.RenderString(property.Get(), text, dpi, image))
    throw Error("the text \"" + text + "\" could not be drawn");
  // The image is padded to powers of two; the box says which part holds the text.
  int extent[6];
  image->GetExtent(extent);
  Stencil stencil{box[1] - box[0] + 1, box[3] - box[2] + 1, {}};
  stencil.cover.reserve(static_cast<std::size_t>(stencil.width) * static_cast<std::size_t>(stencil.height));
  for (int y = box[3]; y >= box[2]; --y)
    for (int x = box[0]; x <= box[1]; ++x) {
      const bool inside = x >= extent[0] && x <= extent[1] && y >= extent[2] && y <= extent[3];
      stencil.cover.push_back(
          inside ? static_cast<const std::uint8_t*>(image->GetScalarPointer(x, y, extent[4]))[3] : 0);
    }
  return stencil;
}

double distance_to(const Segment& s, double x, double y) {
  const double dx = s[1].x - s[0].x, dy = s[1].y - s[0].y;
  const double squared = dx * dx + dy * dy;
  const double along =
      squared > 0.0 ? std::clamp(((x - s[0].x) * dx + (y - s[0].y) * dy) / squared, 0.0, 1.0) : 0.0;
  return std::hypot(x - s[0].x - along * dx, y - s[0].y - along * dy);
}

}  // namespace

Canvas::Canvas(int width, int height, Colour ground) {
  picture_ = {width, height, {}};
  picture_.rgb.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  fill(0, 0, width, height, ground);
}

void Canvas::set(int x, int y, Colour colour) {
  blend(x, y, colour, 1.0);
}

void Canvas::blend(int x, int y, Colour colour, double opacity) {
  if (x < 0 || y < 0 || x >= picture_.width || y >= picture_.height || !(opacity > 0.0)) return;
  std::uint8_t* to =
      &picture_.rgb[3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture_.width) +
                         static_cast<std::size_t>(x))];
  const double part = std::min(opacity, 1.0);
  const std::uint8_t over[3] = {colour.red, colour.green, colour.blue};
  for (int c = 0; c < 3; ++c)
    to[c] = static_cast<std::uint8_t>(std::lround(to[c] + part * (over[c] - to[c])));
}

void Canvas::stroke(const std::vector<Segment>& segments, double width, Colour colour, double opacity) {
  std::vector<float> cover(static_cast<std::size_t>(picture_.width) *
                           static_cast<std::size_t>(picture_.height));
  const double reach = 0.5 * width + 1.0;
  for (const Segment& s : segments) {
    const auto [left, right] = std::minmax(s[0].x, s[1].x);
    const auto [top, bottom] = std::minmax(s[0].y, s[1].y);
    const int first_x = std::max(0, static_cast<int>(std::floor(left - reach)));
    const int last_x = std::min(picture_.width - 1, static_cast<int>(std::ceil(right + reach)));
    const int first_y = std::max(0, static_cast<int>(std::floor(top - reach)));
    const int last_y = std::min(picture_.height - 1, static_cast<int>(std::ceil(bottom + reach)));
    for (int y = first_y; y <= last_y; ++y)
      for (int x = first_x; x <= last_x; ++x) {
        const double part = std::clamp(0.5 * width + 0.5 - distance_to(s, x, y), 0.0, std::min(width, 1.0));
        float& here = cover[static_cast<std::size_t>(y) * static_cast<std::size_t>(picture_.width) +
                            static_cast<std::size_t>(x)];
        here = std::max(here, static_cast<float>(part));
      }
  }
  std::size_t p = 0;
  for (int y = 0; y < picture_.height; ++y)
    for (int x = 0; x < picture_.width; ++x, ++p)
      if (cover[p] > 0.0f) blend(x, y, colour, opacity * static_cast<double>(cover[p]));
}

void Canvas::disc(Spot centre, double radius, Colour colour, double opacity) {
  for (int y = static_cast<int>(centre.y - radius - 1); y <= static_cast<int>(centre.y + radius + 1); ++y)
    for (int x = static_cast<int>(centre.x - radius - 1); x <= static_cast<int>(centre.x + radius + 1); ++x)
      blend(x, y, colour,
            opacity * std::clamp(radius + 0.5 - std::hypot(x - centre.x, y - centre.y), 0.0, 1.0));
}

void Canvas::ring(Spot centre, double radius, double width, Colour colour) {
  const double outer = radius + 0.5 * width;
  for (int y = static_cast<int>(centre.y - outer - 1); y <= static_cast<int>(centre.y + outer + 1); ++y)
    for (int x = static_cast<int>(centre.x - outer - 1); x <= static_cast<int>(centre.x + outer + 1); ++x) {
      const double off = std::abs(std::hypot(x - centre.x, y - centre.y) - radius);
      blend(x, y, colour, std::clamp(0.5 * width + 0.5 - off, 0.0, 1.0));
    }
}

void Canvas::fill(int left, int top, int right, int bottom, Colour colour, double opacity) {
  for (int y = std::max(0, top); y < std::min(bottom, picture_.height); ++y)
    for (int x = std::max(0, left); x < std::min(right, picture_.width); ++x) blend(x, y, colour, opacity);
}

void Canvas::paste(const Picture& other, int left, int top) {
  std::size_t from = 0;
  for (int y = 0; y < other.height; ++y)
    for (int x = 0; x < other.width; ++x, from += 3)
      set(left + x, top + y, {other.rgb[from], other.rgb[from + 1], other.rgb[from + 2]});
}

void Canvas::text(Spot spot, std::string_view words, const TextStyle& style) {
  const Stencil stencil = write(words, style.size, style.bold);
  const int left = static_cast<int>(std::lround(spot.x - style.across * stencil.width));
  const int top = static_cast<int>(std::lround(spot.y - style.above * stencil.height));
  constexpr int rim = 2;
  if (style.halo)
    for (int y = -rim; y < stencil.height + rim; ++y)
      for (int x = -rim; x < stencil.width + rim; ++x) {
        int cover = 0;
        for (int dy = -rim; dy <= rim; ++dy)
          for (int dx = -rim; dx <= rim; ++dx)
            if (dx * dx + dy * dy <= rim * rim) cover = std::max(cover, stencil.at(x + dx, y + dy));
        blend(left + x, top + y, *style.halo, 0.75 * cover / 255.0);
      }
  for (int y = 0; y < stencil.height; ++y)
    for (int x = 0; x < stencil.width; ++x) blend(left + x, top + y, style.colour, stencil.at(x, y) / 255.0);
}

int text_width(std::string_view words, int size, bool bold) {
  return write(words, size, bold).width;
}

}  // namespace genu::render
