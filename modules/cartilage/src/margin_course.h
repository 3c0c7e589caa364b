// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include <genu/core/vector.h>

// Where a bone's margin runs, and what of the bone lies beside it. All places are in the knee's own axes.
namespace genu::cartilage {

inline constexpr double degrees_per_radian = 180.0 / M_PI;

/// A vertex beside a margin, seen from the axis that the margin runs around.
struct MarginPlace {
  std::uint32_t vertex;
  double angle_deg;
  double out_mm;  ///< Along the joint's surface, away from the plate's middle.
  double up_mm;   ///< Out of the joint's surface.
};

/// A margin laid out by angle.
struct MarginCourse {
  std::vector<MarginPlace> places;
  double from_deg = 0.0, to_deg = 0.0;            ///< What is examined.
  double seen_from_deg = 0.0, seen_to_deg = 0.0;  ///< What the shape is taken from, besides.
  double radius_mm = 0.0;                         ///< Turns angles into lengths.
  bool all_around = false;
};

/// Lays out the margin of a tibial plate. \param outward -1 for the medial one, 1 for the lateral one
MarginCourse tibial_course(const std::vector<Vector3>& bone, const std::vector<Vector3>& plate,
                           double outward);

MarginCourse patellar_course(const std::vector<Vector3>& bone, const std::vector<Vector3>& plate);

/// Returns the middle of the circle that fits the condyles best in the sagittal plane, in the middle of the
/// knee; nothing where they are no part of a circle.
std::optional<Vector3> condylar_axis(const std::vector<Vector3>& condyles);

/// Lays out one side of the femur around the axis through its condyles: 0 is distal, 90 anterior.
/// \param outward -1 for the medial side, 1 for the lateral one
MarginCourse femoral_course(const std::vector<Vector3>& bone, const std::vector<Vector3>& bearing,
                            const Vector3& axis, double outward);

}  // namespace genu::cartilage
