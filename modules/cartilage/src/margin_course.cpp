// SPDX-License-Identifier: Apache-2.0
#include "margin_course.h"

#include <algorithm>
#include <cstddef>

#include "least_squares.h"
#include "quantile.h"

namespace genu::cartilage {
namespace {

Vector3 centroid(const std::vector<Vector3>& points) {
  Vector3 sum;
  for (const Vector3& p : points) sum += p;
  return sum / static_cast<double>(points.size());
}

/// Lays out what reaches furthest from the middle of a plate, all around it.
///
/// \param q the bone's vertices, from the middle of the plate: two axes along it, one out of it
MarginCourse around_plate(const std::vector<Vector3>& q) {
  // The rim lies this far from the plate's middle and plane, whatever its size.
  constexpr double least_out_mm = 8.0, above_mm = 6.0, below_mm = 14.0;
  MarginCourse course;
  std::vector<double> furthest(120, 0.0);
  for (std::size_t v = 0; v < q.size(); ++v) {
    const double out = std::hypot(q[v].x, q[v].y);
    if (out < least_out_mm || q[v].z > above_mm || q[v].z < -below_mm) continue;
    const double angle = degrees_per_radian * std::atan2(q[v].y, q[v].x);
    course.places.push_back({static_cast<std::uint32_t>(v), angle, out, q[v].z});
    double& far = furthest[std::min<std::size_t>(119, static_cast<std::size_t>((angle + 180.0) / 3.0))];
    far = std::max(far, out);
  }
  std::erase(furthest, 0.0);
  course.radius_mm = furthest.empty() ? 1.0 : quantile(furthest, 0.5);
  return course;
}

}  // namespace

MarginCourse tibial_course(const std::vector<Vector3>& bone, const std::vector<Vector3>& plate,
                           double outward) {
  const Vector3 middle = centroid(plate);
  std::vector<Vector3> q(bone.size());
  for (std::size_t v = 0; v < bone.size(); ++v) {
    const Vector3 d = bone[v] - middle;
    q[v] = {outward * d.x, d.y, d.z};
  }
  MarginCourse course = around_plate(q);
  course.from_deg = -110.0;  // the rest looks at the spines
  course.to_deg = 110.0;
  course.seen_from_deg = -125.0;
  course.seen_to_deg = 125.0;
  return course;
}

MarginCourse patellar_course(const std::vector<Vector3>& bone, const std::vector<Vector3>& plate) {
  const Vector3 middle = centroid(plate);
  std::vector<Vector3> q(bone.size());
  for (std::size_t v = 0; v < bone.size(); ++v) {
    const Vector3 d = bone[v] - middle;
    q[v] = {d.x, d.z, -d.y};
  }
  MarginCourse course = around_plate(q);
  course.from_deg = course.seen_from_deg = -180.0;
  course.to_deg = course.seen_to_deg = 180.0;
  course.all_around = true;
  return course;
}

std::optional<Vector3> condylar_axis(const std::vector<Vector3>& condyles) {
  const Vector3 middle = centroid(condyles);
  LeastSquares<3> circle;
  for (const Vector3& p : condyles) {
    const double y = p.y - middle.y, z = p.z - middle.z;
    circle.add({2.0 * y, 2.0 * z, 1.0}, y * y + z * z, 1.0);
  }
  const auto [y, z, rest] = circle.solved();
  constexpr double least_radius_mm = 10.0, greatest_radius_mm = 60.0;
  const double radius = std::sqrt(std::max(0.0, rest + y * y + z * z));
  if (!(radius >= least_radius_mm && radius <= greatest_radius_mm)) return std::nullopt;
  return Vector3{0.0, middle.y + y, middle.z + z};
}

MarginCourse femoral_course(const std::vector<Vector3>& bone, const std::vector<Vector3>& bearing,
                            const Vector3& axis, double outward) {
  constexpr double least_out_mm = 12.0, least_radius_mm = 10.0, beyond_deg = 15.0;
  MarginCourse course;
  const auto angle_of = [](const Vector3& d) { return degrees_per_radian * std::atan2(d.y, -d.z); };
  std::vector<double> angles, radii;
  for (const Vector3& p : bearing) {
    const Vector3 d = p - axis;
    if (outward * d.x <= 0.0) continue;
    angles.push_back(angle_of(d));
    radii.push_back(std::hypot(d.y, d.z));
  }
  if (angles.empty()) return course;
  // The proximal ends of trochlea and condyles are no margin of this kind.
  course.from_deg = quantile(angles, 0.01);
  course.to_deg = quantile(angles, 0.99);
  course.seen_from_deg = course.from_deg - beyond_deg;
  course.seen_to_deg = course.to_deg + beyond_deg;
  course.radius_mm = quantile(radii, 0.5);
  for (std::size_t v = 0; v < bone.size(); ++v) {
    const Vector3 d = bone[v] - axis;
    const double radius = std::hypot(d.y, d.z);
    if (outward * d.x > least_out_mm && radius > least_radius_mm)
      course.places.push_back(
          {static_cast<std::uint32_t>(v), angle_of(d), outward * d.x, radius - course.radius_mm});
  }
  return course;
}

}  // namespace genu::cartilage
