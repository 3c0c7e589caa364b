// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/rigid_transform.h>

namespace genu {

RigidTransform::RigidTransform(const Matrix3& rotation, const Vector3& translation)
    : rotation_(rotation), translation_(translation) {
  std::ostringstream problem;
  if (!is_orthonormal(rotation, 1e-6))
    problem << "its rotation is not orthonormal";
  else if (!(rotation.determinant() > 0.0))
    problem << "it mirrors (determinant " << rotation.determinant() << ")";
  else if (!is_finite(translation))
    problem << "its translation is " << translation;
  if (!problem.str().empty()) throw InvalidInput("not a rigid transform: " + problem.str());
}

RigidTransform RigidTransform::rotation_about(const Point3& centre, const Vector3& axis, double angle_deg) {
  const Vector3 u = normalized(axis);
  const double a = angle_deg * std::numbers::pi / 180.0;
  const double c = std::cos(a), s = std::sin(a), t = 1.0 - c;
  Matrix3 r;  // Rodrigues' formula
  r.rows = {{{c + u.x * u.x * t, u.x * u.y * t - u.z * s, u.x * u.z * t + u.y * s},
             {u.y * u.x * t + u.z * s, c + u.y * u.y * t, u.y * u.z * t - u.x * s},
             {u.z * u.x * t - u.y * s, u.z * u.y * t + u.x * s, c + u.z * u.z * t}}};
  const Vector3 to_centre = centre - Point3{};
  return {r, to_centre - r * to_centre};
}

RigidTransform RigidTransform::translation_by(const Vector3& translation) {
  return {Matrix3{}, translation};
}

Point3 RigidTransform::operator()(const Point3& p) const {
  return Point3{} + (rotation_ * (p - Point3{}) + translation_);
}

RigidTransform RigidTransform::inverse() const {
  const Matrix3 back = rotation_.transposed();
  return {back, -(back * translation_)};
}

RigidTransform operator*(const RigidTransform& a, const RigidTransform& b) {
  return {a.rotation() * b.rotation(), a.rotation() * b.translation() + a.translation()};
}

std::ostream& operator<<(std::ostream& out, const RigidTransform& t) {
  for (const auto& row : t.rotation().rows) out << '[' << row[0] << ' ' << row[1] << ' ' << row[2] << "] ";
  return out << t.translation();
}

}  // namespace genu
