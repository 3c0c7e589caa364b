// SPDX-License-Identifier: Apache-2.0
#include "image_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <opencv2/core.hpp>

#include <genu/core/error.h>

namespace genu::ultrasound {
namespace {

/// Returns where the image puts the crossings of the wires across, less where they are, in the probe.
std::vector<Vector3> misses(const AffineTransform& probe_from_image, const std::vector<View>& views) {
  std::vector<Vector3> result;
  for (const View& view : views) {
    const RigidTransform probe_from_phantom = view.phantom_from_probe.inverse();
    const WireCrossings& c = *view.crossings;
    for (std::size_t n = 0; n < c.points.size(); ++n) {
      const PixelPoint& p = c.points[n][1];
      result.push_back(probe_from_image(Point3{p.x, p.y, 0.0}) - probe_from_phantom(c.middles[n]));
    }
  }
  return result;
}

}  // namespace

AffineTransform ImagePlane::probe_from_image() const {
  const double z = (pixel.x_mm + pixel.y_mm) / 2;
  const Matrix3& r = probe_from_plane.rotation();
  return {Matrix3::from_columns(pixel.x_mm * r.column(0), pixel.y_mm * r.column(1), z * r.column(2)),
          probe_from_plane.translation()};
}

std::vector<double> distances(const AffineTransform& probe_from_image, const std::vector<View>& views) {
  const std::vector<Vector3> away = misses(probe_from_image, views);
  std::vector<double> result(away.size());
  std::transform(away.begin(), away.end(), result.begin(), [](const Vector3& v) { return length(v); });
  return result;
}

ImagePlane linear_fit(const std::vector<View>& views) {
  int count = 0;
  for (const View& view : views) count += static_cast<int>(view.crossings->points.size());
  cv::Mat1d left(count, 3), right(count, 3), x;
  int row = 0;
  for (const View& view : views) {
    const RigidTransform probe_from_phantom = view.phantom_from_probe.inverse();
    for (std::size_t n = 0; n < view.crossings->points.size(); ++n, ++row) {
      const PixelPoint& p = view.crossings->points[n][1];
      const Point3 q = probe_from_phantom(view.crossings->middles[n]);
      const std::array<double, 3> in{p.x, p.y, 1.0}, out{q.x, q.y, q.z};
      for (int c = 0; c < 3; ++c) {
        left(row, c) = in[static_cast<std::size_t>(c)];
        right(row, c) = out[static_cast<std::size_t>(c)];
      }
    }
  }
  cv::solve(left, right, x, cv::DECOMP_SVD);
  const Vector3 across{x(0, 0), x(0, 1), x(0, 2)}, down{x(1, 0), x(1, 1), x(1, 2)};
  const double sx = length(across), sy = length(down);
  if (!(sx > 0.0) || !(sy > 0.0) || length(cross(across, down)) < 0.1 * sx * sy)
    throw InvalidInput("cannot calibrate the image: its wires fix no plane in the probe");
  const Vector3 u = across / sx, v = down / sy;
  const Matrix3 rotation = nearest_rotation(Matrix3::from_columns(u, v, normalized(cross(u, v))));
  return {RigidTransform(rotation, {x(2, 0), x(2, 1), x(2, 2)}), {sx, sy}};
}

ImageFit::ImageFit(const std::vector<View>& views) : start_(linear_fit(views)) {
  std::size_t crossings = 0;
  for (const View& view : views) crossings += view.crossings->points.size();
  solution_ = least_squares_from(std::vector<double>(8, 0.0), 3 * crossings,
                                 [&](const std::vector<double>& values, std::vector<double>& residuals) {
                                   const std::vector<Vector3> away =
                                       misses(image_at(values).probe_from_image(), views);
                                   for (std::size_t n = 0; n < away.size(); ++n) {
                                     residuals[3 * n] = away[n].x;
                                     residuals[3 * n + 1] = away[n].y;
                                     residuals[3 * n + 2] = away[n].z;
                                   }
                                 });
  image_ = image_at(solution_.values);
}

ImagePlane ImageFit::image_at(const std::vector<double>& v) const {
  const RigidTransform turn = motion_of({v[0], v[1], v[2]}, {});
  const Vector3 at = start_.probe_from_plane.translation() + Vector3{v[3], v[4], v[5]};
  return {RigidTransform(turn.rotation() * start_.probe_from_plane.rotation(), at),
          {start_.pixel.x_mm * std::exp(v[6]), start_.pixel.y_mm * std::exp(v[7])}};
}

double ImageFit::place_sd_mm(const PixelPoint& pixel) const {
  const std::size_t count = solution_.values.size();
  if (solution_.covariance.empty()) return std::numeric_limits<double>::infinity();
  const auto place = [&](std::size_t v, double step) {
    std::vector<double> values = solution_.values;
    values[v] += step;
    return image_at(values).probe_from_image()(Point3{pixel.x, pixel.y, 0.0});
  };
  constexpr double step = 1e-5;  // rad, mm or parts: the place follows all of them smoothly
  std::vector<Vector3> moved;
  moved.reserve(count);
  for (std::size_t v = 0; v < count; ++v) moved.push_back((place(v, step) - place(v, -step)) / (2 * step));
  double squares = 0.0;
  for (std::size_t a = 0; a < count; ++a)
    for (std::size_t b = 0; b < count; ++b)
      squares += dot(moved[a], moved[b]) * solution_.covariance[a * count + b];
  return std::sqrt(std::max(0.0, squares));
}

}  // namespace genu::ultrasound
