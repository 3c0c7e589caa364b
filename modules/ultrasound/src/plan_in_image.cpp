// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include <genu/core/error.h>
#include <genu/ultrasound/plan_in_image.h>

namespace genu::ultrasound {
namespace {

void check(const char* what, double value_mm) {
  if (!(value_mm >= 0.0) || !std::isfinite(value_mm))
    throw InvalidInput(std::string("showing a plan in a picture: ") + what + " is " +
                       std::to_string(value_mm) + ", not 0 or more");
}

/// Returns the part of a path between two depths that lies within `slice_mm` of depth 0.
std::optional<std::array<double, 2>> part_within(double from_mm, double to_mm, double slice_mm) {
  constexpr double parallel_mm = 1e-9;  // rounding of coordinates of some 100 mm
  if (std::abs(to_mm - from_mm) <= parallel_mm) {
    if (std::abs(from_mm) > slice_mm) return std::nullopt;
    return std::array{0.0, 1.0};
  }
  const double a = (-slice_mm - from_mm) / (to_mm - from_mm), b = (slice_mm - from_mm) / (to_mm - from_mm);
  const double first = std::max(std::min(a, b), 0.0), last = std::min(std::max(a, b), 1.0);
  if (first > last) return std::nullopt;
  return std::array{first, last};
}

}  // namespace

PixelPoint PlanInImage::at(double t) const {
  return {entry.x + t * (target.x - entry.x), entry.y + t * (target.y - entry.y)};
}

PlanInImage plan_in_image(const Trajectory& plan, const AffineTransform& patient_from_image,
                          const PlanInImageOptions& options) {
  check("slice_mm", options.slice_mm);
  check("tolerance_mm", options.tolerance_mm);
  const Point3 origin = patient_from_image(Point3{});
  const Vector3 normal =
      normalized(cross(patient_from_image(Vector3{1, 0, 0}), patient_from_image(Vector3{0, 1, 0})));
  const AffineTransform image_from_patient = patient_from_image.inverse();
  const auto off_mm = [&](const Point3& p) { return dot(p - origin, normal); };
  const auto in_image = [&](const Point3& p) {
    const Point3 pixel = image_from_patient(p - off_mm(p) * normal);
    return PixelPoint{pixel.x, pixel.y};
  };
  PlanInImage shown;
  shown.entry = in_image(plan.entry);
  shown.target = in_image(plan.target);
  shown.entry_off_mm = off_mm(plan.entry);
  shown.target_off_mm = off_mm(plan.target);
  shown.in_picture = part_within(shown.entry_off_mm, shown.target_off_mm, options.slice_mm);
  const double left = options.tolerance_mm * options.tolerance_mm - shown.target_off_mm * shown.target_off_mm;
  shown.tolerance_radius_mm = left > 0.0 ? std::sqrt(left) : 0.0;
  return shown;
}

}  // namespace genu::ultrasound
