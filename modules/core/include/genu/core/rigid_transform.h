// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>

#include <genu/core/vector.h>

namespace genu {

/// A rotation and a translation, in mm; name instances `to_from_from` so that adjacent words of a product
/// match. Invariant: the rotation is orthonormal with determinant +1 (mirrors are refused).
class RigidTransform {
 public:
  RigidTransform() = default;  ///< The identity.

  /// \throws InvalidInput if `rotation` is not a rotation or `translation` is not finite.
  RigidTransform(const Matrix3& rotation, const Vector3& translation);

  /// Returns the rotation by `angle_deg` about `axis` through `centre`.
  /// \throws InvalidInput if `axis` is zero.
  static RigidTransform rotation_about(const Point3& centre, const Vector3& axis, double angle_deg);
  static RigidTransform translation_by(const Vector3& translation);

  const Matrix3& rotation() const { return rotation_; }
  const Vector3& translation() const { return translation_; }

  Point3 operator()(const Point3& p) const;
  Vector3 operator()(const Vector3& v) const { return rotation_ * v; }
  RigidTransform inverse() const;

 private:
  Matrix3 rotation_;
  Vector3 translation_;
};

/// Returns the transform that applies `b` first: `a_from_c = a_from_b * b_from_c`.
RigidTransform operator*(const RigidTransform& a, const RigidTransform& b);

std::ostream& operator<<(std::ostream&, const RigidTransform&);

}  // namespace genu
