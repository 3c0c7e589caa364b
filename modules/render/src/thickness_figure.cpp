// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <genu/core/error.h>
#include <genu/render/figures.h>
#include <genu/render/native.h>

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

/// Draws the colour scale with a tick every millimetre (every half where it is short).
void draw_colour_bar(Canvas& canvas, const Block& bar, double max_mm, int size) {
  canvas.fill(bar.left - 1, bar.top - 1, bar.left + bar.width + 1, bar.top + bar.height + 1, faint_ink);
  for (int y = 0; y < bar.height; ++y)
    canvas.fill(bar.left, bar.top + y, bar.left + bar.width, bar.top + y + 1,
                thickness_colour(1.0 - (y + 0.5) / bar.height));
  const double step = max_mm <= 2.0 ? 0.5 : max_mm <= 8.0 ? 1.0 : 2.0;
  for (double value = 0.0; value <= max_mm + 1e-9; value += step) {
    const double y = bar.top + bar.height * (1.0 - value / max_mm) - 0.5;
    const double x = bar.left + bar.width;
    canvas.stroke({{Spot{x, y}, Spot{x + 4.0, y}}}, 1.0, ink);
    const bool last = value + step > max_mm + 1e-9;
    canvas.text({x + 8.0, y}, tick_label(value) + (last ? "+" : ""), {size, ink, false, 0.0, 0.5, {}});
  }
}

}  // namespace

Picture thickness_figure(const cartilage::CartilageReport& report, View view,
                         const ThicknessOptions& options) {
  if (options.size < 300 || options.size > 4096)
    throw InvalidInput("cannot draw a thickness map " + std::to_string(options.size) + " pixels wide");
  if (!(options.max_mm > 0.0) || !std::isfinite(options.max_mm))
    throw InvalidInput("cannot draw a thickness map on a scale up to " + std::to_string(options.max_mm) +
                       " mm");
  const Viewpoint from = viewpoint(view, report.frame);
  const cartilage::BoneMap& map = map_of(report, from.bone);

  const double unit = options.size / 700.0;  // the layout below was drawn for 700 pixels
  const auto px = [unit](double at_700) { return static_cast<int>(std::lround(unit * at_700)); };
  const int letters = std::max(11, px(16));
  const Block scene{0, px(44), options.size - px(84), options.size - px(44) - px(62)};
  const Eye eye =
      eye_on(points_of_interest(map, from.up), from.into, from.up, 9.0, scene.width, scene.height);
  const Picture drawn =
      render_scene([&](vtkRenderer& renderer) { add_thickness_map(&renderer, map, options.max_mm); }, eye,
                   scene.width, scene.height);

  Canvas canvas(options.size, options.size, paper);
  canvas.paste(drawn, scene.left, scene.top);
  write_directions(canvas, scene, report.frame, eye, letters);
  canvas.text({px(14) * 1.0, px(23) * 1.0}, from.title + ", " + std::string(name(report.side)) + " knee",
              {px(21), ink, true, 0.0, 0.5, {}});
  const Block bar{options.size - px(70), px(110), px(20), options.size - px(110) - px(130)};
  canvas.text({bar.left * 1.0, bar.top - px(30) * 1.0}, "thickness",
              {letters - 2, ink, false, 0.25, 0.5, {}});
  canvas.text({bar.left * 1.0, bar.top - px(14) * 1.0}, "mm", {letters - 2, ink, false, 0.0, 0.5, {}});
  draw_colour_bar(canvas, bar, options.max_mm, letters);
  const int foot = options.size - px(20);
  draw_scale_bar(canvas, px(16), foot, eye.height_mm / scene.height, letters);
  int left = options.size - px(420);
  for (const LegendEntry& entry :
       {LegendEntry{denuded_colour, "denuded"}, LegendEntry{not_measured_colour, "not measured"},
        LegendEntry{bone_colour, "other bone"}}) {
    draw_legend(canvas, left, foot - letters, {entry}, letters);
    left += text_width(entry.words, letters) + px(16) + 2 * letters;
  }
  return std::move(canvas).take();
}

}  // namespace genu::render
