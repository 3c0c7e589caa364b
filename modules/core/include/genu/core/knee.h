// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <ostream>
#include <string_view>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>

namespace genu {

/// Which knee.
enum class Side { left, right };
std::string_view name(Side side);
/// Returns the side for "left" / "right" / "L" / "R" in any case, or nothing.
std::optional<Side> side_named(std::string_view name);
std::ostream& operator<<(std::ostream&, Side);

/// Returns the side on which a point of a knee lies in patient space, or nothing within 25 mm of x = 0: a
/// knee stands 5 to 12 cm from the body's midline, and an isocentre put on the knee itself tells nothing.
std::optional<Side> side_by_position(const Point3& of_the_knee);

/// The directions of a knee in patient space: unit vectors, mutually perpendicular.
///
/// `lateral` points away from the body's midline, so the axes of a left knee are the mirror image of a right
/// knee's.
struct KneeFrame {
  Side side = Side::right;
  Point3 origin;  ///< On the joint line, between the condyles.
  Vector3 lateral{-1.0, 0.0, 0.0};
  Vector3 anterior{0.0, -1.0, 0.0};
  Vector3 proximal{0.0, 0.0, 1.0};

  /// Returns how far a point lies lateral (x), anterior (y) and proximal (z) of the origin, in mm.
  Vector3 coordinates(const Point3& p) const;
  Point3 at(double lateral_mm, double anterior_mm, double proximal_mm) const;
};

/// Returns the frame of a knee whose axes are the patient's, at `origin`.
KneeFrame patient_aligned_frame(Side side, const Point3& origin);

/// A straight needle path: skin entry to target.
struct Trajectory {
  Point3 entry;
  Point3 target;
  double length_mm() const { return distance(entry, target); }
  /// \throws InvalidInput if entry and target coincide.
  Vector3 direction() const { return normalized(target - entry); }
};

}  // namespace genu
