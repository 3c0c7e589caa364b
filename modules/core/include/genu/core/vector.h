// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <ostream>

namespace genu {

/// A displacement in patient space, in mm (LPS: +x to the patient's left, +y to the back, +z to the head).
struct Vector3 {
  double x = 0.0;
  double y = 0.0;
  double z = 0.0;

  friend bool operator==(const Vector3&, const Vector3&) = default;
  Vector3& operator+=(const Vector3& b) { return *this = {x + b.x, y + b.y, z + b.z}; }
  Vector3& operator-=(const Vector3& b) { return *this = {x - b.x, y - b.y, z - b.z}; }
  Vector3& operator*=(double s) { return *this = {x * s, y * s, z * s}; }
};

/// A position in patient space, in mm (LPS). Point minus point is a vector; point plus point does not
/// compile.
struct Point3 {
  double x = 0.0;
  double y = 0.0;
  double z = 0.0;

  friend bool operator==(const Point3&, const Point3&) = default;
  Point3& operator+=(const Vector3& v) { return *this = {x + v.x, y + v.y, z + v.z}; }
};

inline Vector3 operator+(const Vector3& a, const Vector3& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vector3 operator-(const Vector3& a, const Vector3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vector3 operator-(const Vector3& a) {
  return {-a.x, -a.y, -a.z};
}
inline Vector3 operator*(double s, const Vector3& v) {
  return {s * v.x, s * v.y, s * v.z};
}
inline Vector3 operator*(const Vector3& v, double s) {
  return s * v;
}
inline Vector3 operator/(const Vector3& v, double s) {
  return {v.x / s, v.y / s, v.z / s};
}

inline Vector3 operator-(const Point3& a, const Point3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Point3 operator+(const Point3& p, const Vector3& v) {
  return {p.x + v.x, p.y + v.y, p.z + v.z};
}
inline Point3 operator-(const Point3& p, const Vector3& v) {
  return {p.x - v.x, p.y - v.y, p.z - v.z};
}

inline double dot(const Vector3& a, const Vector3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double squared_length(const Vector3& v) {
  return dot(v, v);
}
inline double length(const Vector3& v) {
  return std::sqrt(dot(v, v));
}
inline double distance(const Point3& a, const Point3& b) {
  return length(a - b);
}
/// Returns the point a + t (b - a).
inline Point3 lerp(const Point3& a, const Point3& b, double t) {
  return a + t * (b - a);
}
inline bool is_finite(const Vector3& v) {
  return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z);
}
inline bool is_finite(const Point3& p) {
  return std::isfinite(p.x) && std::isfinite(p.y) && std::isfinite(p.z);
}

/// Returns v scaled to length 1.
/// \throws InvalidInput if v is zero or not finite.
Vector3 normalized(const Vector3& v);

/// Returns a unit vector perpendicular to v.
/// \throws InvalidInput if v is zero or not finite.
Vector3 any_perpendicular(const Vector3& v);

/// Returns the angle between two directions in degrees, 0 to 180.
double angle_deg(const Vector3& a, const Vector3& b);

std::ostream& operator<<(std::ostream&, const Vector3&);
std::ostream& operator<<(std::ostream&, const Point3&);

/// A 3 x 3 matrix, rows first.
struct Matrix3 {
  std::array<std::array<double, 3>, 3> rows{{{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}}};

  static Matrix3 from_columns(const Vector3& a, const Vector3& b, const Vector3& c);
  Vector3 column(int c) const;
  double determinant() const;
  Matrix3 transposed() const;
  /// \throws InvalidInput if the matrix is singular.
  Matrix3 inverted() const;
  friend bool operator==(const Matrix3&, const Matrix3&) = default;
};
inline Vector3 operator*(const Matrix3& m, const Vector3& v) {
  const auto& r = m.rows;
  return {r[0][0] * v.x + r[0][1] * v.y + r[0][2] * v.z, r[1][0] * v.x + r[1][1] * v.y + r[1][2] * v.z,
          r[2][0] * v.x + r[2][1] * v.y + r[2][2] * v.z};
}
Matrix3 operator*(const Matrix3& a, const Matrix3& b);

/// Returns true if the columns are unit length and mutually perpendicular to within `tolerance`.
bool is_orthonormal(const Matrix3& m, double tolerance = 1e-4);

}  // namespace genu
