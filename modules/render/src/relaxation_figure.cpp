// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/render/figures.h>

#include "annotate.h"
#include "canvas.h"
#include "colours.h"

namespace genu::render {
namespace {

constexpr int bar_strip = 92;  ///< Pixels beside the slice for the colour bar.
constexpr int letters = 15;

bool is_cartilage(Tissue tissue) {
  return std::any_of(all_bones.begin(), all_bones.end(), [&](Bone b) { return is_cartilage_of(tissue, b); });
}

void check(const Volume<float>& image, const Volume<float>& t2_ms, const LabelMap* labels,
           const RelaxationFigureOptions& options) {
  if (!(options.high_ms > options.low_ms) || !(options.low_ms >= 0.0) || !std::isfinite(options.high_ms))
    throw InvalidInput("cannot draw relaxation times on a scale from " + std::to_string(options.low_ms) +
                       " to " + std::to_string(options.high_ms) + " ms");
  if (!nearly_equal(image.geometry(), t2_ms.geometry()) ||
      (labels && !nearly_equal(image.geometry(), labels->geometry())))
    throw GeometryMismatch("cannot draw relaxation times: image, map and labels are not on one grid");
}

/// Returns the grid turned so that its axes are the patient's nearest ones: an oblique slice is then drawn as
/// it was acquired, and no cut runs through several slices, whose colours would end in steps.
ImageGeometry straightened(const ImageGeometry& grid) {
  std::array<Vector3, 3> axes;
  std::array<bool, 3> taken{};
  for (int a = 0; a < 3; ++a) {
    const Vector3 d = grid.direction().column(a);
    const std::array<double, 3> part{d.x, d.y, d.z};
    std::size_t nearest = 3;
    for (std::size_t p = 0; p < 3; ++p)
      if (!taken[p] && (nearest == 3 || std::abs(part[p]) > std::abs(part[nearest]))) nearest = p;
    taken[nearest] = true;
    const double sign = part[nearest] < 0.0 ? -1.0 : 1.0;
    axes[static_cast<std::size_t>(a)] = {nearest == 0 ? sign : 0.0, nearest == 1 ? sign : 0.0,
                                         nearest == 2 ? sign : 0.0};
  }
  return {grid.size(), grid.origin(), grid.spacing_mm(), Matrix3::from_columns(axes[0], axes[1], axes[2])};
}

void paint_times(Canvas& canvas, const ImageGeometry& grid, const Volume<float>& t2_ms,
                 const LabelMap* labels, const SlicePlane& plane, const RelaxationFigureOptions& options) {
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      const ContinuousIndex at = grid.to_index(plane.to_patient(x, y));
      const VoxelIndex voxel{std::llround(at.i), std::llround(at.j), std::llround(at.k)};
      if (!grid.contains(voxel) || (labels && !is_cartilage((*labels)[voxel]))) continue;
      const double time = t2_ms[voxel];
      if (std::isnan(time)) continue;
      canvas.blend(x, y, thickness_colour((time - options.low_ms) / (options.high_ms - options.low_ms)), 0.9);
    }
}

std::string tick(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

void draw_bar(Canvas& canvas, const Block& bar, const RelaxationFigureOptions& options) {
  canvas.fill(bar.left - 1, bar.top - 1, bar.left + bar.width + 1, bar.top + bar.height + 1, faint_ink);
  for (int y = 0; y < bar.height; ++y)
    canvas.fill(bar.left, bar.top + y, bar.left + bar.width, bar.top + y + 1,
                thickness_colour(1.0 - (y + 0.5) / bar.height));
  constexpr int steps = 6;
  for (int n = 0; n <= steps; ++n) {
    const double part = static_cast<double>(n) / steps;
    const double y = bar.top + bar.height * (1.0 - part) - 0.5, x = bar.left + bar.width;
    canvas.stroke({{Spot{x, y}, Spot{x + 4.0, y}}}, 1.0, ink);
    canvas.text({x + 8.0, y},
                tick(options.low_ms + part * (options.high_ms - options.low_ms)) + (n == steps ? "+" : ""),
                {letters, ink, false, 0.0, 0.5, {}});
  }
  canvas.text({bar.left * 1.0, bar.top - 18.0}, "T2 ms", {letters, ink, true, 0.0, 0.5, {}});
}

}  // namespace

Picture relaxation_figure(const Volume<float>& image, const Volume<float>& t2_ms, const LabelMap* labels,
                          Plane plane, const Point3& centre, const RelaxationFigureOptions& options) {
  check(image, t2_ms, labels, options);
  const SliceOptions slice{.min_height = options.min_height};
  const Volume<float> straight(straightened(image.geometry()), image.voxels());
  const ImageGeometry& grid = straight.geometry();
  // The slice that holds `centre`, through the centres of its voxels: nothing is interpolated between slices.
  const ContinuousIndex at = image.geometry().to_index(centre);
  const Point3 middle =
      grid.to_patient(VoxelIndex{std::llround(at.i), std::llround(at.j), std::llround(at.k)});
  const SlicePlane where = slice_plane(grid, plane, middle, slice);
  Canvas drawn(slice_figure(&straight, nullptr, plane, middle, slice));
  paint_times(drawn, grid, t2_ms, labels, where, options);
  Canvas canvas(drawn.width() + bar_strip, drawn.height(), paper);
  canvas.paste(drawn.picture(), 0, 0);
  draw_bar(canvas, {drawn.width() + 14, 60, 22, drawn.height() - 120}, options);
  return std::move(canvas).take();
}

}  // namespace genu::render
