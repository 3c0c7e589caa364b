// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <limits>

#include <genu/core/mesh.h>

// Distances and crossings from first principles and over all triangles; shares nothing with what it checks.
namespace genu::testing {

inline double to_segment(const Point3& p, const Point3& a, const Point3& b) {
  const double squared = squared_length(b - a);
  const double t = squared > 0.0 ? std::clamp(dot(p - a, b - a) / squared, 0.0, 1.0) : 0.0;
  return distance(p, lerp(a, b, t));
}

inline double segment_to_segment(const Point3& a, const Point3& b, const Point3& c, const Point3& d) {
  double best =
      std::min({to_segment(a, c, d), to_segment(b, c, d), to_segment(c, a, b), to_segment(d, a, b)});
  const Vector3 u = b - a, v = d - c, n = cross(u, v);
  if (const double nn = squared_length(n); nn > 0.0) {
    const double s = dot(cross(c - a, v), n) / nn, t = dot(cross(c - a, u), n) / nn;
    if (s >= 0.0 && s <= 1.0 && t >= 0.0 && t <= 1.0)
      best = std::min(best, distance(lerp(a, b, s), lerp(c, d, t)));
  }
  return best;
}

using Corners = std::array<Point3, 3>;

inline bool foot_is_inside(const Corners& t, const Point3& p) {
  const Vector3 n = cross(t[1] - t[0], t[2] - t[0]);
  for (int c = 0; c < 3; ++c)
    if (dot(cross(t[(c + 1) % 3] - t[c], p - t[c]), n) < 0.0) return false;
  return true;
}

inline bool segment_crosses(const Corners& t, const Point3& a, const Point3& b) {
  const Vector3 n = cross(t[1] - t[0], t[2] - t[0]);
  const double da = dot(a - t[0], n), db = dot(b - t[0], n);
  if (da == db || (da > 0.0) == (db > 0.0)) return false;
  return foot_is_inside(t, lerp(a, b, da / (da - db)));
}

inline double segment_to_triangle(const Corners& t, const Point3& a, const Point3& b) {
  if (segment_crosses(t, a, b)) return 0.0;
  double best = std::numeric_limits<double>::infinity();
  for (int c = 0; c < 3; ++c) best = std::min(best, segment_to_segment(a, b, t[c], t[(c + 1) % 3]));
  const Vector3 n = cross(t[1] - t[0], t[2] - t[0]);
  for (const Point3& end : {a, b})
    if (foot_is_inside(t, end)) best = std::min(best, std::abs(dot(end - t[0], n)) / length(n));
  return best;
}

inline Corners corners_of(const TriangleMesh& mesh, const Triangle& t) {
  return {mesh.vertices()[t[0]], mesh.vertices()[t[1]], mesh.vertices()[t[2]]};
}

inline double oracle_distance_mm(const TriangleMesh& mesh, const Point3& a, const Point3& b) {
  double best = std::numeric_limits<double>::infinity();
  for (const Triangle& t : mesh.triangles())
    best = std::min(best, segment_to_triangle(corners_of(mesh, t), a, b));
  return best;
}

/// Returns the unit normal of a surface at a point on it: those of the corners of its nearest triangle, each
/// the mean of the triangles around it by their angles there, blended by how near the corners are.
inline Vector3 oracle_normal(const TriangleMesh& mesh, const Point3& p) {
  const auto normal_of = [](const Corners& t) { return cross(t[1] - t[0], t[2] - t[0]); };
  Triangle nearest{};
  double best = std::numeric_limits<double>::infinity();
  for (const Triangle& t : mesh.triangles())
    if (const double d = segment_to_triangle(corners_of(mesh, t), p, p); d < best) best = d, nearest = t;
  std::array<Vector3, 3> at_corner{};
  for (const Triangle& t : mesh.triangles())
    for (std::size_t n = 0; n < 3; ++n)
      for (std::size_t c = 0; c < 3; ++c)
        if (t[c] == nearest[n]) {
          const Corners corners = corners_of(mesh, t);
          const double angle =
              angle_deg(corners[(c + 1) % 3] - corners[c], corners[(c + 2) % 3] - corners[c]);
          at_corner[n] += angle * normalized(normal_of(corners));
        }
  Vector3 blend;
  for (std::size_t n = 0; n < 3; ++n) {
    Corners across = corners_of(mesh, nearest);
    across[n] = p;
    blend += length(normal_of(across)) * normalized(at_corner[n]);
  }
  return normalized(blend);
}

inline bool oracle_crosses(const TriangleMesh& mesh, const Point3& a, const Point3& b) {
  return std::any_of(mesh.triangles().begin(), mesh.triangles().end(),
                     [&](const Triangle& t) { return segment_crosses(corners_of(mesh, t), a, b); });
}

}  // namespace genu::testing
