// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/render/slice_plane.h>

namespace genu::render {
namespace {

struct Axes {
  Vector3 right;
  Vector3 down;
};

/// A rectangle on a plane, mm along the axes from the plane's centre.
struct Extent {
  double left = std::numeric_limits<double>::infinity();
  double right = -std::numeric_limits<double>::infinity();
  double top = std::numeric_limits<double>::infinity();
  double bottom = -std::numeric_limits<double>::infinity();

  void include(double x, double y) {
    left = std::min(left, x);
    right = std::max(right, x);
    top = std::min(top, y);
    bottom = std::max(bottom, y);
  }
};

// Sagittal slices show anterior on the left; the others follow the radiological convention.
Axes axes_of(Plane plane) {
  switch (plane) {
    case Plane::sagittal:
      return {{0, 1, 0}, {0, 0, -1}};
    case Plane::coronal:
      return {{1, 0, 0}, {0, 0, -1}};
    case Plane::axial:
      return {{1, 0, 0}, {0, 1, 0}};
  }
  throw InvalidInput("no plane has the number " + std::to_string(static_cast<int>(plane)));
}

void check(const SliceOptions& o) {
  std::ostringstream problem;
  if (!(o.pixel_mm > 0.0) || !std::isfinite(o.pixel_mm))
    problem << "pixel_mm is " << o.pixel_mm;
  else if (o.min_height < 1 || o.min_height > 8192)
    problem << "min_height is " << o.min_height;
  else if (o.window && !((*o.window)[1] > (*o.window)[0]))
    problem << "the window is " << (*o.window)[0] << " to " << (*o.window)[1];
  if (!problem.str().empty()) throw InvalidInput("cannot draw a slice: " + problem.str());
}

/// Returns the bounds of the polygon in which a plane cuts the image's box (voxels' outer faces).
Extent cut(const ImageGeometry& image, const Point3& centre, const Axes& axes) {
  const Vector3 normal = cross(axes.right, axes.down);
  std::array<Point3, 8> corners;
  for (std::size_t c = 0; c < 8; ++c) {
    const auto end = [&](std::size_t bit, std::size_t axis) {
      return c & bit ? static_cast<double>(image.size()[axis]) - 0.5 : -0.5;
    };
    corners[c] = image.to_patient(ContinuousIndex{end(1, 0), end(2, 1), end(4, 2)});
  }
  Extent extent;
  const auto include = [&](const Point3& p) {
    extent.include(dot(axes.right, p - centre), dot(axes.down, p - centre));
  };
  for (std::size_t a = 0; a < 8; ++a)
    for (const std::size_t bit : {1u, 2u, 4u}) {
      if (a & bit) continue;
      const std::size_t b = a | bit;
      const double from = dot(normal, corners[a] - centre), to = dot(normal, corners[b] - centre);
      if (from == 0.0) include(corners[a]);
      if (to == 0.0) include(corners[b]);
      if ((from < 0.0) != (to < 0.0)) include(lerp(corners[a], corners[b], from / (from - to)));
    }
  if (!(extent.right > extent.left) || !(extent.bottom > extent.top)) {
    std::ostringstream message;
    message << "the slice through " << centre << " misses the image of " << image;
    throw InvalidInput(message.str());
  }
  return extent;
}

SlicePlane plane_on(const Extent& extent, const Point3& centre, const Axes& axes, const SliceOptions& o) {
  const double width_mm = extent.right - extent.left, height_mm = extent.bottom - extent.top;
  // No figure needs more than 4096 pixels a side; the lower bound keeps memory sane for odd options.
  const double pixel_mm =
      std::max(std::min(o.pixel_mm, height_mm / o.min_height), std::max(width_mm, height_mm) / 4096.0);
  SlicePlane plane{centre, axes.right, axes.down, pixel_mm, 0, 0};
  plane.width = std::max(1, static_cast<int>(std::lround(width_mm / pixel_mm)));
  plane.height = std::max(1, static_cast<int>(std::lround(height_mm / pixel_mm)));
  plane.first =
      centre + (extent.left + 0.5 * pixel_mm) * axes.right + (extent.top + 0.5 * pixel_mm) * axes.down;
  return plane;
}

Vector3 without(const Vector3& v, const Vector3& unit) {
  return v - dot(v, unit) * unit;
}

Axes axes_along(const Vector3& needle) {
  // The axial plane comes first: that is how the probe lies when a needle is followed by ultrasound.
  const std::array planes{Plane::axial, Plane::coronal, Plane::sagittal};
  const Plane* best = nullptr;
  double least = 2.0;
  for (const Plane& plane : planes) {
    const Axes axes = axes_of(plane);
    const double off = std::abs(dot(needle, cross(axes.right, axes.down)));
    if (off < least - 1e-6) {
      least = off;
      best = &plane;
    }
  }
  const Axes standard = axes_of(*best);
  const Vector3 normal = normalized(without(cross(standard.right, standard.down), needle));
  const Vector3 right = normalized(without(standard.right, normal));
  return {right, cross(normal, right)};
}

Axes axes_across(const Vector3& needle) {
  const Vector3 head{0, 0, 1}, front{0, -1, 0};
  // A needle nearly along the body's axis leaves no "up" towards the head.
  const Vector3 up = normalized(without(std::abs(dot(needle, head)) < 0.9 ? head : front, needle));
  return {cross(needle, up), -up};
}

}  // namespace

Point3 SlicePlane::to_patient(double column, double row) const {
  return first + column * pixel_mm * right + row * pixel_mm * down;
}

std::array<double, 2> SlicePlane::to_pixel(const Point3& p) const {
  return {dot(right, p - first) / pixel_mm, dot(down, p - first) / pixel_mm};
}

SlicePlane slice_plane(const ImageGeometry& image, Plane plane, const Point3& centre,
                       const SliceOptions& options) {
  check(options);
  if (!is_finite(centre)) throw InvalidInput("cannot draw a slice through a point that is not finite");
  const Axes axes = axes_of(plane);
  return plane_on(cut(image, centre, axes), centre, axes, options);
}

SlicePlane needle_plane(const ImageGeometry& image, const Trajectory& path, bool across,
                        const SliceOptions& options) {
  check(options);
  const Vector3 needle = path.direction();
  const Axes axes = across ? axes_across(needle) : axes_along(needle);
  const Point3& centre = path.target;
  Extent extent = cut(image, centre, axes);
  // What lies within this reach is what the needle could meet; more would make it small on the page.
  const double reach_mm = across ? 30.0 : 40.0;
  Extent near;
  near.include(0.0, 0.0);
  if (!across) near.include(dot(axes.right, path.entry - centre), dot(axes.down, path.entry - centre));
  extent.left = std::max(extent.left, near.left - reach_mm);
  extent.right = std::min(extent.right, near.right + reach_mm);
  extent.top = std::max(extent.top, near.top - reach_mm);
  extent.bottom = std::min(extent.bottom, near.bottom + reach_mm);
  // An entry outside of the image (labels cropped at the skin) still belongs into the picture.
  constexpr double margin_mm = 5.0;
  extent.left = std::min(extent.left, near.left - margin_mm);
  extent.right = std::max(extent.right, near.right + margin_mm);
  extent.top = std::min(extent.top, near.top - margin_mm);
  extent.bottom = std::max(extent.bottom, near.bottom + margin_mm);
  return plane_on(extent, centre, axes, options);
}

std::string orientation_letters(const Vector3& direction) {
  std::array<std::pair<double, char>, 3> parts{{{std::abs(direction.x), direction.x > 0 ? 'L' : 'R'},
                                                {std::abs(direction.y), direction.y > 0 ? 'P' : 'A'},
                                                {std::abs(direction.z), direction.z > 0 ? 'S' : 'I'}}};
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string letters;
  for (const auto& [size, letter] : parts)
    if (size > length(direction) / 3.0) letters += letter;
  return letters;
}

}  // namespace genu::render
