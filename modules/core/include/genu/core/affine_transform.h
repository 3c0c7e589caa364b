// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>

namespace genu {

/// A linear map and a translation, as from the pixels of an image to the probe that made it; name instances
/// `to_from_from`. Invariant: finite, and it can be inverted.
class AffineTransform {
 public:
  AffineTransform() = default;  ///< The identity.
  AffineTransform(const RigidTransform& motion)
      : linear_(motion.rotation()), translation_(motion.translation()) {}

  /// \throws InvalidInput if a number is not finite, or `linear` flattens space.
  AffineTransform(const Matrix3& linear, const Vector3& translation);

  const Matrix3& linear() const { return linear_; }
  const Vector3& translation() const { return translation_; }

  Point3 operator()(const Point3& p) const { return Point3{} + (linear_ * (p - Point3{}) + translation_); }
  Vector3 operator()(const Vector3& v) const { return linear_ * v; }
  AffineTransform inverse() const;

 private:
  Matrix3 linear_;
  Vector3 translation_;
};

/// Returns the transform that applies `b` first: `a_from_c = a_from_b * b_from_c`.
AffineTransform operator*(const AffineTransform& a, const AffineTransform& b);

std::ostream& operator<<(std::ostream&, const AffineTransform&);

}  // namespace genu
