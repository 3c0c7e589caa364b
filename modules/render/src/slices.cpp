// SPDX-License-Identifier: Apache-2.0
#include "slices.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/render/figures.h>

#include "canvas.h"
#include "colours.h"
#include "outlines.h"

namespace genu::render {
namespace {

constexpr Colour white{255, 255, 255};
constexpr Colour black{0, 0, 0};
constexpr int letter_size = 17;
constexpr int note_size = 14;
constexpr int margin = 12;

const ImageGeometry& grid_of(const Volume<float>* image, const LabelMap* labels) {
  if (image) return image->geometry();
  if (labels) return labels->geometry();
  throw InvalidInput("cannot draw a slice: there is neither an image nor a label map");
}

/// Returns the image between voxels, or NaN outside of the grid (half a voxel beyond the outer centres).
double trilinear(const Volume<float>& image, const Point3& p) {
  const ImageGeometry& grid = image.geometry();
  const ContinuousIndex at = grid.to_index(p);
  const double index[3] = {at.i, at.j, at.k};
  std::int64_t low[3], high[3];
  double part[3];
  for (std::size_t a = 0; a < 3; ++a) {
    const auto last = static_cast<double>(grid.size()[a] - 1);
    if (!(index[a] >= -0.5) || index[a] > last + 0.5) return std::numeric_limits<double>::quiet_NaN();
    const double inside = std::clamp(index[a], 0.0, last);
    low[a] = static_cast<std::int64_t>(inside);
    high[a] = std::min(low[a] + 1, grid.size()[a] - 1);
    part[a] = inside - static_cast<double>(low[a]);
  }
  double sum = 0.0;
  for (int corner = 0; corner < 8; ++corner) {
    const bool i = corner & 1, j = corner & 2, k = corner & 4;
    const double weight =
        (i ? part[0] : 1.0 - part[0]) * (j ? part[1] : 1.0 - part[1]) * (k ? part[2] : 1.0 - part[2]);
    if (weight > 0.0)
      sum += weight * image[VoxelIndex{i ? high[0] : low[0], j ? high[1] : low[1], k ? high[2] : low[2]}];
  }
  return sum;
}

/// Returns the 0.5th and 99.5th percentile of the finite voxels (about a million of them, evenly taken).
std::array<double, 2> percentile_window(const Volume<float>& image) {
  constexpr std::size_t enough = 1'000'000;
  const std::size_t step = std::max<std::size_t>(1, image.voxels().size() / enough);
  std::vector<float> values;
  for (std::size_t v = 0; v < image.voxels().size(); v += step)
    if (std::isfinite(image.voxels()[v])) values.push_back(image.voxels()[v]);
  if (values.empty()) return {0.0, 1.0};
  const auto at = [&](double part) {
    const auto place =
        values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return static_cast<double>(*place);
  };
  const double low = at(0.005), high = at(0.995);
  return high > low ? std::array{low, high} : std::array{low, low + 1.0};
}

void paint_image(Canvas& canvas, const Volume<float>& image, const SlicePlane& plane,
                 const SliceOptions& options) {
  const auto [low, high] = options.window ? *options.window : percentile_window(image);
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      const double value = trilinear(image, plane.to_patient(x, y));
      if (std::isnan(value)) continue;
      const auto grey =
          static_cast<std::uint8_t>(std::lround(255.0 * std::clamp((value - low) / (high - low), 0.0, 1.0)));
      canvas.set(x, y, {grey, grey, grey});
    }
}

/// Paints each pixel in the colour of the tissue that has most of it.
void paint_labels(Canvas& canvas, const std::vector<TissueShare>& shares, const SlicePlane& plane) {
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x) {
      const std::size_t p =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width) + static_cast<std::size_t>(x);
      const auto most = std::max_element(shares.begin(), shares.end(), [p](const auto& a, const auto& b) {
        return a.share[p] < b.share[p];
      });
      if (most != shares.end()) canvas.set(x, y, colour_of(most->tissue));
    }
}

void draw_outlines(Canvas& canvas, const std::vector<TissueShare>& shares, const SlicePlane& plane,
                   const Vector3& spacing_mm) {
  const double smooth_mm = std::max({spacing_mm.x, spacing_mm.y, spacing_mm.z});
  for (const TissueShare& s : shares) {
    // Muscle and fat fill the limb: their borders would hide what matters.
    if (s.tissue == Tissue::background || s.tissue == Tissue::muscle || s.tissue == Tissue::fat) continue;
    canvas.stroke(outline(s, plane, smooth_mm), 1.4, colour_of(s.tissue), 0.9);
  }
}

void draw_letters(Canvas& canvas, const SlicePlane& plane) {
  const double middle_x = 0.5 * canvas.width(), middle_y = 0.5 * canvas.height();
  TextStyle style{letter_size, white, true, 0.5, 0.5, black};
  const auto put = [&](Spot spot, const Vector3& direction) {
    canvas.text(spot, orientation_letters(direction), style);
  };
  style.across = 0.0;
  put({margin, middle_y}, -plane.right);
  style.across = 1.0;
  put({static_cast<double>(canvas.width() - margin), middle_y}, plane.right);
  style.across = 0.5;
  style.above = 0.0;
  put({middle_x, margin - 4.0}, -plane.down);
  style.above = 1.0;
  put({middle_x, static_cast<double>(canvas.height() - margin + 4)}, plane.down);
}

void draw_scale_bar(Canvas& canvas, const SlicePlane& plane) {
  const int length = static_cast<int>(std::lround(10.0 / plane.pixel_mm));
  const int left = margin, bottom = canvas.height() - margin;
  canvas.fill(left - 1, bottom - 4, left + length + 1, bottom + 1, black, 0.75);
  canvas.fill(left, bottom - 3, left + length, bottom, white);
  canvas.text({left + 0.5 * length, bottom - 5.0}, "10 mm", {note_size, white, false, 0.5, 1.0, black});
}

}  // namespace

Canvas draw_slice(const Volume<float>* image, const LabelMap* labels, const SlicePlane& plane,
                  const SliceOptions& options) {
  Canvas canvas(plane.width, plane.height, black);
  if (image) paint_image(canvas, *image, plane, options);
  if (labels) {
    const auto shares = tissue_shares(*labels, plane);
    if (!image) paint_labels(canvas, shares, plane);
    if (image && options.outlines) draw_outlines(canvas, shares, plane, labels->geometry().spacing_mm());
  }
  return canvas;
}

void finish_slice(Canvas& canvas, const SlicePlane& plane) {
  draw_letters(canvas, plane);
  draw_scale_bar(canvas, plane);
}

Picture slice_figure(const Volume<float>* image, const LabelMap* labels, Plane plane, const Point3& centre,
                     const SliceOptions& options) {
  const SlicePlane where = slice_plane(grid_of(image, labels), plane, centre, options);
  Canvas canvas = draw_slice(image, labels, where, options);
  finish_slice(canvas, where);
  return std::move(canvas).take();
}

Picture needle_slice_figure(const Volume<float>* image, const LabelMap* labels, const Trajectory& path,
                            bool across, const SliceOptions& options) {
  const SlicePlane where = needle_plane(grid_of(image, labels), path, across, options);
  Canvas canvas = draw_slice(image, labels, where, options);
  const auto spot = [&](const Point3& p) {
    const auto [x, y] = where.to_pixel(p);
    return Spot{x, y};
  };
  const Spot entry = spot(path.entry), target = spot(path.target);
  if (across) {
    canvas.ring(target, 9.0, 4.0, black);
    canvas.ring(target, 9.0, 2.0, needle_colour);
    canvas.disc(target, 2.5, needle_colour);
  } else {
    canvas.stroke({{entry, target}}, 4.5, black, 0.6);
    canvas.stroke({{entry, target}}, 2.5, needle_colour);
    canvas.disc(entry, 4.5, needle_colour);
    canvas.ring(target, 7.0, 4.0, black);
    canvas.ring(target, 7.0, 2.0, target_colour);
    char depth[64];
    std::snprintf(depth, sizeof depth, "%.1f mm", path.length_mm());
    // Beside the middle of the path, on its upper side.
    const double dx = target.x - entry.x, dy = target.y - entry.y, n = std::max(std::hypot(dx, dy), 1.0);
    const double side = dx >= 0.0 ? 1.0 : -1.0;
    const double off_x = side * dy / n, off_y = -side * dx / n;
    canvas.text({0.5 * (entry.x + target.x) + 10.0 * off_x, 0.5 * (entry.y + target.y) + 10.0 * off_y}, depth,
                {note_size, needle_colour, true, 0.5 - 0.5 * off_x, 0.5 - 0.5 * off_y, black});
  }
  finish_slice(canvas, where);
  return std::move(canvas).take();
}

}  // namespace genu::render
