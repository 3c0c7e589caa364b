// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/vector.h>

namespace genu {

Vector3 normalized(const Vector3& v) {
  const double l = length(v);
  if (!(l > 0.0) || !std::isfinite(l)) {
    std::ostringstream message;
    message << "cannot normalise the vector " << v << ": its length is " << l;
    throw InvalidInput(message.str());
  }
  return v / l;
}

Vector3 any_perpendicular(const Vector3& v) {
  const Vector3 n = normalized(v);
  // The axis least aligned with n gives the best conditioned cross product.
  const double ax = std::abs(n.x), ay = std::abs(n.y), az = std::abs(n.z);
  const Vector3 axis = ax <= ay && ax <= az ? Vector3{1, 0, 0}
                       : ay <= az           ? Vector3{0, 1, 0}
                                            : Vector3{0, 0, 1};
  return normalized(cross(n, axis));
}

double angle_deg(const Vector3& a, const Vector3& b) {
  // atan2 keeps its precision near 0 and 180 degrees, where acos of the dot product loses it.
  return std::atan2(length(cross(a, b)), dot(a, b)) * 180.0 / std::numbers::pi;
}

std::ostream& operator<<(std::ostream& out, const Vector3& v) {
  return out << '(' << v.x << ", " << v.y << ", " << v.z << ')';
}
std::ostream& operator<<(std::ostream& out, const Point3& p) {
  return out << '(' << p.x << ", " << p.y << ", " << p.z << ')';
}

Matrix3 Matrix3::from_columns(const Vector3& a, const Vector3& b, const Vector3& c) {
  Matrix3 m;
  m.rows = {{{a.x, b.x, c.x}, {a.y, b.y, c.y}, {a.z, b.z, c.z}}};
  return m;
}

Vector3 Matrix3::column(int c) const {
  const auto at = static_cast<std::size_t>(c);
  return {rows[0][at], rows[1][at], rows[2][at]};
}

double Matrix3::determinant() const {
  return dot(column(0), cross(column(1), column(2)));
}

Matrix3 Matrix3::transposed() const {
  Matrix3 t;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) t.rows[r][c] = rows[c][r];
  return t;
}

Matrix3 Matrix3::inverted() const {
  const double d = determinant();
  if (!(std::abs(d) > 0.0) || !std::isfinite(d))
    throw InvalidInput("cannot invert a matrix whose determinant is " + std::to_string(d));
  const Vector3 a = column(0), b = column(1), c = column(2);
  return from_columns(cross(b, c) / d, cross(c, a) / d, cross(a, b) / d).transposed();
}

Matrix3 operator*(const Matrix3& a, const Matrix3& b) {
  return Matrix3::from_columns(a * b.column(0), a * b.column(1), a * b.column(2));
}

bool is_orthonormal(const Matrix3& m, double tolerance) {
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j <= i; ++j)
      if (!(std::abs(dot(m.column(i), m.column(j)) - (i == j ? 1.0 : 0.0)) <= tolerance)) return false;
  return true;
}

}  // namespace genu
