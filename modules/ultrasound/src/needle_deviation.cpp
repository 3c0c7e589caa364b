// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <genu/core/error.h>
#include <genu/ultrasound/needle_deviation.h>

namespace genu::ultrasound {
namespace {

constexpr double degrees = 180.0 / std::numbers::pi;

void check(const NeedleErrors& errors) {
  const auto refuse = [](const char* what, double value) {
    if (!(value >= 0.0))
      throw InvalidInput(std::string("measuring a needle against its plan: ") + what + " is " +
                         std::to_string(value) + ", not 0 or more");
  };
  refuse("position_sd_mm", errors.position_sd_mm.value_or(0.0));
  refuse("rotation_sd_deg", errors.rotation_sd_deg.value_or(0.0));
  refuse("tip_sd_px", errors.tip_sd_px);
  refuse("shaft_sd_px", errors.shaft_sd_px);
}

}  // namespace

NeedleDeviation deviation_from_plan(const NeedleInImage& needle, const AffineTransform& patient_from_image,
                                    const Trajectory& plan, const NeedleErrors& errors) {
  check(errors);
  const auto in_patient = [&](const PixelPoint& p) { return patient_from_image(Point3{p.x, p.y, 0.0}); };
  NeedleDeviation d;
  d.tip = in_patient(needle.tip);
  d.far_end = in_patient(needle.far_end);
  if (d.tip == d.far_end) throw InvalidInput("measuring a needle against its plan: its tip is its far end");
  // The tangent of the parabola tip + t (far - tip) + 4 t (1 - t) bow where t is 0.
  const Point3 middle = in_patient(needle.at(0.5));
  const Vector3 bow = middle - lerp(d.tip, d.far_end, 0.5);
  d.heading = normalized((d.tip - d.far_end) - 4.0 * bow);
  const Vector3 line = plan.direction(), to_target = plan.target - d.tip;
  d.tip_to_target_mm.value = length(to_target);
  d.depth_left_mm.value = dot(to_target, line);
  d.lateral_mm.value = length(to_target - d.depth_left_mm.value * line);
  d.angle_deg.value = angle_deg(d.heading, line);
  const Vector3 off = to_target - dot(to_target, d.heading) * d.heading;
  d.passes_target_mm.value = length(off);

  // The tip errs along the shaft by tip_sd_px and across it by shaft_sd_px, in the image's plane.
  const Vector3 chord_px{needle.tip.x - needle.far_end.x, needle.tip.y - needle.far_end.y, 0.0};
  const Vector3 unit_px = normalized(chord_px);
  const Vector3 along = errors.tip_sd_px * patient_from_image(unit_px);
  const Vector3 across = errors.shaft_sd_px * patient_from_image(Vector3{-unit_px.y, unit_px.x, 0.0});
  const auto place_sd = [&](const Vector3& direction) {
    if (!errors.position_sd_mm) return std::numeric_limits<double>::quiet_NaN();
    return std::hypot(*errors.position_sd_mm, dot(along, direction), dot(across, direction));
  };
  // Where a distance is 0 it has no direction: the greatest error then.
  const auto towards = [&](const Vector3& v) {
    if (length(v) > 1e-9) return normalized(v);
    return patient_from_image(length(along) > length(across) ? unit_px : Vector3{-unit_px.y, unit_px.x, 0.0});
  };
  d.tip_to_target_mm.sd = place_sd(towards(to_target));
  d.depth_left_mm.sd = place_sd(line);
  d.lateral_mm.sd = place_sd(towards(to_target - d.depth_left_mm.value * line));
  if (errors.rotation_sd_deg) {
    // Both ends of the chord err across it.
    const double shaft_deg =
        std::atan(std::numbers::sqrt2 * length(across) / distance(d.tip, d.far_end)) * degrees;
    d.angle_deg.sd = std::hypot(*errors.rotation_sd_deg, shaft_deg);
    const double ahead = std::abs(dot(to_target, d.heading));
    d.passes_target_mm.sd = std::hypot(place_sd(towards(off)), ahead * d.angle_deg.sd / degrees);
  }
  return d;
}

}  // namespace genu::ultrasound
