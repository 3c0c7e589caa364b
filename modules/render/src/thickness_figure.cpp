// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/render/figures.h>

#include "annotate.h"
#include "colours.h"
#include "scene.h"

namespace genu::render {
namespace {

struct Viewpoint {
  Bone bone;
  std::string title;
  Vector3 into;
  Vector3 up;
};

Viewpoint viewpoint(View view, const KneeFrame& f) {
  switch (view) {
    case View::tibia_from_above:
      return {Bone::tibia, "Tibia from above", -f.proximal, f.anterior};
    case View::femur_from_below:
      return {Bone::femur, "Femur from below", f.proximal, f.anterior};
    case View::femur_from_front:
      return {Bone::femur, "Femur from the front", -f.anterior, f.proximal};
    case View::femur_from_behind:
      return {Bone::femur, "Femur from behind", f.anterior, f.proximal};
    case View::patella_from_behind:
      return {Bone::patella, "Patella from behind", f.anterior, f.proximal};
  }
  throw InvalidInput("no view has the number " + std::to_string(static_cast<int>(view)));
}

const cartilage::BoneMap& map_of(const cartilage::CartilageReport& report, Bone bone) {
  for (const cartilage::BoneMap& map : report.bones)
    if (map.bone == bone && !map.surface.empty()) return map;
  throw InvalidInput("cannot draw a thickness map: the report has no " + std::string(name(bone)));
}

/// Returns the points that the picture must hold: the vertices that bear cartilage, which it is about, and
/// what bone lies beside them, so that the words at the edges stand free.
std::vector<Point3> points_of_interest(const cartilage::BoneMap& map, const Vector3& up) {
  const std::vector<Point3>& vertices = map.surface.vertices();
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (std::size_t v = 0; v < vertices.size() && v < map.region.size(); ++v) {
    if (map.region[v] == cartilage::Region::outside) continue;
    low = std::min(low, dot(up, vertices[v] - Point3{}));
    high = std::max(high, dot(up, vertices[v] - Point3{}));
  }
  if (low > high) return vertices;
  std::vector<Point3> points;
  for (const Point3& p : vertices)
    if (dot(up, p - Point3{}) >= low && dot(up, p - Point3{}) <= high) points.push_back(p);
  return points;
}

std::string tick_label(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// A scale of colours for numbers from `low` to `high` mm.
struct Scale {
  std::string name;
  double low = 0.0, high = 1.0;
  std::function<Colour(double part)> colour;  ///< Of a part of the scale, 0 to 1.
};

/// Draws the colour scale with ticks at round numbers.
void draw_colour_bar(Canvas& canvas, const Block& bar, const Scale& scale, int size) {
  canvas.fill(bar.left - 1, bar.top - 1, bar.left + bar.width + 1, bar.top + bar.height + 1, faint_ink);
  for (int y = 0; y < bar.height; ++y)
    canvas.fill(bar.left, bar.top + y, bar.left + bar.width, bar.top + y + 1,
                scale.colour(1.0 - (y + 0.5) / bar.height));
  const double length = scale.high - scale.low;
  const double step = length <= 1.0 ? 0.25 : length <= 2.0 ? 0.5 : length <= 8.0 ? 1.0 : 2.0;
  const double first = scale.low == 0.0 ? 0.0 : step * std::ceil(scale.low / step - 1e-9);
  for (double value = first; value <= scale.high + 1e-9; value += step) {
    const double y = bar.top + bar.height * (scale.high - value) / length - 0.5;
    const double x = bar.left + bar.width;
    canvas.stroke({{Spot{x, y}, Spot{x + 4.0, y}}}, 1.0, ink);
    const bool last = value + step > scale.high + 1e-9;
    canvas.text({x + 8.0, y}, tick_label(std::abs(value) < 1e-9 ? 0.0 : value) + (last ? "+" : ""),
                {size, ink, false, 0.0, 0.5, {}});
  }
}

/// A bone in the colours of its vertices, with all that explains them.
struct MapDrawing {
  std::string heading;  ///< After the view's title.
  std::vector<Colour> colours;
  Scale scale;
  std::vector<LegendEntry> legend;
};

Picture draw_map(const cartilage::CartilageReport& report, View view, const MapDrawing& drawing,
                 const ThicknessOptions& options) {
  if (options.size < 300 || options.size > 4096)
    throw InvalidInput("cannot draw a thickness map " + std::to_string(options.size) + " pixels wide");
  if (!(options.max_mm > 0.0) || !std::isfinite(options.max_mm))
    throw InvalidInput("cannot draw a thickness map on a scale up to " + std::to_string(options.max_mm) +
                       " mm");
  const cartilage::CartilageReport& framing = options.framed_like ? *options.framed_like : report;
  const Viewpoint from = viewpoint(view, framing.frame);
  const cartilage::BoneMap& map = map_of(report, from.bone);

  const double unit = options.size / 700.0;  // the layout below was drawn for 700 pixels
  const auto px = [unit](double at_700) { return static_cast<int>(std::lround(unit * at_700)); };
  const int letters = std::max(11, px(16));
  const Block scene{0, px(44), options.size - px(84), options.size - px(44) - px(62)};
  const Eye eye = eye_on(points_of_interest(map_of(framing, from.bone), from.up), from.into, from.up, 9.0,
                         scene.width, scene.height);
  const Picture drawn = render_scene(
      [&](vtkRenderer& renderer) { add_coloured_surface(renderer, map.surface, drawing.colours); }, eye,
      scene.width, scene.height);

  Canvas canvas(options.size, options.size, paper);
  canvas.paste(drawn, scene.left, scene.top);
  write_directions(canvas, scene, framing.frame, eye, letters);
  canvas.text({px(14) * 1.0, px(23) * 1.0}, from.title + ", " + drawing.heading,
              {px(21), ink, true, 0.0, 0.5, {}});
  const Block bar{options.size - px(70), px(110), px(20), options.size - px(110) - px(130)};
  canvas.text({bar.left * 1.0, bar.top - px(30) * 1.0}, drawing.scale.name,
              {letters - 2, ink, false, 0.25, 0.5, {}});
  canvas.text({bar.left * 1.0, bar.top - px(14) * 1.0}, "mm", {letters - 2, ink, false, 0.0, 0.5, {}});
  draw_colour_bar(canvas, bar, drawing.scale, letters);
  const int foot = options.size - px(20);
  draw_scale_bar(canvas, px(16), foot, eye.height_mm / scene.height, letters);
  int left = options.size - px(20);
  for (const LegendEntry& entry : drawing.legend)
    left -= text_width(entry.words, letters) + px(16) + 2 * letters;
  for (const LegendEntry& entry : drawing.legend) {
    draw_legend(canvas, left, foot - letters, {entry}, letters);
    left += text_width(entry.words, letters) + px(16) + 2 * letters;
  }
  return std::move(canvas).take();
}

std::string knee_words(const cartilage::CartilageReport& report, const ThicknessOptions& options) {
  const std::string knee = std::string(name(report.side)) + " knee";
  return options.words.empty() ? knee : knee + ", " + options.words;
}

}  // namespace

Picture thickness_figure(const cartilage::CartilageReport& report, View view,
                         const ThicknessOptions& options) {
  const cartilage::BoneMap& map = map_of(report, viewpoint(view, report.frame).bone);
  return draw_map(report, view,
                  {.heading = knee_words(report, options),
                   .colours = colours_of(map, options.max_mm),
                   .scale = {"thickness", 0.0, options.max_mm, [](double t) { return thickness_colour(t); }},
                   .legend = {{denuded_colour, "denuded"},
                              {not_measured_colour, "not measured"},
                              {bone_colour, "other bone"}}},
                  options);
}

Picture change_figure(const cartilage::CartilageReport& report, const std::vector<double>& change_mm,
                      View view, const ThicknessOptions& options) {
  const cartilage::BoneMap& map = map_of(report, viewpoint(view, report.frame).bone);
  if (change_mm.size() != map.surface.vertices().size())
    throw InvalidInput("cannot draw " + std::to_string(change_mm.size()) + " changes on a bone with " +
                       std::to_string(map.surface.vertices().size()) + " vertices");
  std::vector<Colour> colours(change_mm.size(), bone_colour);
  for (std::size_t v = 0; v < colours.size(); ++v) {
    if (map.region[v] == cartilage::Region::outside) continue;
    colours[v] = std::isnan(change_mm[v]) ? not_measured_colour
                                          : change_colour(0.5 + 0.5 * change_mm[v] / options.max_mm);
  }
  return draw_map(
      report, view,
      {.heading = knee_words(report, options),
       .colours = std::move(colours),
       .scale = {"change", -options.max_mm, options.max_mm, [](double t) { return change_colour(t); }},
       .legend = {{change_colour(0.0), "thinner"},
                  {change_colour(1.0), "thicker"},
                  {not_measured_colour, "not in both"},
                  {bone_colour, "other bone"}}},
      options);
}

}  // namespace genu::render
