// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/render/figures.h>

#include "colours.h"
#include "slices.h"

namespace genu::render {
namespace {

constexpr Colour white{255, 255, 255};
constexpr Colour black{0, 0, 0};
constexpr Colour probe_colour{150, 200, 255};
constexpr double above_skin_mm = 8.0, beside_mm = 6.0;
constexpr double tick_mm = 10.0;

/// The image plane with what lies beside the image, the needle's entry too; the needle comes from the left.
SlicePlane plane_under(const planning::ProbeView& view, const Trajectory& path, int height) {
  const auto along = [&](const Point3& p) { return dot(p - view.pose.face, view.pose.axis); };
  const auto deep = [&](const Point3& p) { return dot(p - view.pose.face, view.pose.beam); };
  const double left = std::min(-0.5 * view.length_mm, along(path.entry)) - beside_mm;
  const double right = std::max(0.5 * view.length_mm, along(path.entry)) + beside_mm;
  const double top = std::min(-above_skin_mm, deep(path.entry) - beside_mm);
  const double bottom = std::max(view.image_depth_mm, deep(path.target) + beside_mm);
  SlicePlane plane;
  plane.right = view.pose.axis;
  plane.down = view.pose.beam;
  plane.pixel_mm = (bottom - top) / height;
  plane.first = view.pose.face + (left + 0.5 * plane.pixel_mm) * plane.right +
                (top + 0.5 * plane.pixel_mm) * plane.down;
  plane.height = height;
  plane.width = static_cast<int>(std::lround((right - left) / plane.pixel_mm));
  return plane;
}

Spot spot_of(const SlicePlane& plane, const Point3& p) {
  const auto [x, y] = plane.to_pixel(p);
  return {x, y};
}

/// Returns where a surface cuts the plane.
std::vector<Segment> cut(const TriangleMesh& mesh, const SlicePlane& plane) {
  const Vector3 normal = cross(plane.right, plane.down);
  std::vector<Segment> segments;
  for (const Triangle& t : mesh.triangles()) {
    std::vector<Spot> ends;
    for (std::size_t c = 0; c < 3; ++c) {
      const Point3 &a = mesh.vertices()[t[c]], &b = mesh.vertices()[t[(c + 1) % 3]];
      const double from = dot(a - plane.first, normal), to = dot(b - plane.first, normal);
      if ((from < 0.0) != (to < 0.0)) ends.push_back(spot_of(plane, lerp(a, b, from / (from - to))));
    }
    if (ends.size() == 2) segments.push_back({ends[0], ends[1]});
  }
  return segments;
}

/// Draws what is in no label map, with its name beside it.
void draw_estimated(Canvas& canvas, const planning::Anatomy& anatomy, const SlicePlane& plane) {
  for (const planning::Structure& s : anatomy.structures) {
    if (s.source == "segmented") continue;
    const std::vector<Segment> border = cut(s.surface, plane);
    Spot middle{0.0, 0.0};
    std::size_t shown = 0;
    for (const Segment& segment : border)
      if (segment[0].x >= 0 && segment[0].x < plane.width && segment[0].y >= 0 &&
          segment[0].y < plane.height) {
        middle = {middle.x + segment[0].x, middle.y + segment[0].y};
        ++shown;
      }
    if (shown == 0) continue;
    canvas.stroke(border, 1.8, colour_of(s), 0.9);
    const auto count = static_cast<double>(shown);
    canvas.text({middle.x / count, middle.y / count}, spaced(s.name) + " (estimated)",
                {12, colour_of(s), false, 0.5, 0.5, black});
  }
}

/// Darkens what the probe does not see, and draws its face and the depth scale.
void draw_probe(Canvas& canvas, const SlicePlane& plane, const planning::ProbeView& view) {
  const auto at = [&](double along, double deep) {
    return spot_of(plane, view.pose.face + along * view.pose.axis + deep * view.pose.beam);
  };
  const double half = 0.5 * view.length_mm;
  const Spot low = at(-half, 0.0), high = at(half, view.image_depth_mm);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x)
      if (x < low.x || x > high.x || y < low.y || y > high.y) canvas.blend(x, y, black, 0.45);
  canvas.stroke({{low, at(half, 0.0)}}, 6.0, probe_colour);
  canvas.stroke({{low, at(-half, view.image_depth_mm)}, {at(half, 0.0), high}}, 1.2, probe_colour, 0.7);
  for (double deep = tick_mm; deep <= view.image_depth_mm + 1e-9; deep += tick_mm) {
    const Spot tick = at(half, deep);
    canvas.stroke({{tick, {tick.x + 6.0, tick.y}}}, 1.5, probe_colour);
    canvas.text({tick.x + 8.0, tick.y}, fixed(deep / 10.0, 0) + " cm",
                {12, probe_colour, false, 0.0, 0.5, black});
  }
}

void draw_needle(Canvas& canvas, const SlicePlane& plane, const Trajectory& path, double tolerance_mm,
                 const planning::ProbeView& view) {
  const Spot entry = spot_of(plane, path.entry), target = spot_of(plane, path.target);
  canvas.stroke({{entry, target}}, 4.5, black, 0.6);
  canvas.stroke({{entry, target}}, 2.5, needle_colour);
  canvas.disc(entry, 4.5, needle_colour);
  const double radius = std::max(4.0, tolerance_mm / plane.pixel_mm);
  canvas.ring(target, radius, 4.0, black);
  canvas.ring(target, radius, 2.0, target_colour);
  char words[96];
  std::snprintf(words, sizeof words, "%.0f degrees to the probe's face, %.1f mm along the needle",
                view.face_angle_deg, path.length_mm());
  canvas.text({0.5 * plane.width, 30.0}, words, {15, white, true, 0.5, 0.0, black});
}

}  // namespace

Picture probe_figure(const Volume<float>* image, const LabelMap* labels, const planning::Anatomy& anatomy,
                     const planning::NeedlePlan& plan, std::size_t rank, int height) {
  if (height < 300 || height > 4096)
    throw InvalidInput("cannot draw a probe's view " + std::to_string(height) + " pixels high");
  if (rank >= plan.ranked.size() || !plan.ranked[rank].card.view)
    throw InvalidInput("cannot draw a probe's view: no trajectory of rank " + std::to_string(rank + 1) +
                       " is seen by one");
  if (!image && !labels)
    throw InvalidInput("cannot draw a probe's view: there is neither an image nor a label map");
  const planning::RankedTrajectory& shown = plan.ranked[rank];
  const planning::ProbeView& view = *shown.card.view;
  const SlicePlane plane = plane_under(view, shown.path, height);
  Canvas canvas = draw_slice(image, labels, plane, {});
  draw_estimated(canvas, anatomy, plane);
  draw_probe(canvas, plane, view);
  draw_needle(canvas, plane, shown.path, plan.target.tolerance_mm, view);
  finish_slice(canvas, plane);
  return std::move(canvas).take();
}

}  // namespace genu::render
