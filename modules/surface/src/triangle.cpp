// SPDX-License-Identifier: Apache-2.0
#include "triangle.h"

#include <algorithm>

namespace genu::surface {
namespace {

/// a / (a + b), and 0 for an edge without length.
double part(double a, double b) {
  return a + b > 0.0 ? a / (a + b) : 0.0;
}

}  // namespace

// The Voronoi regions of a triangle's features, tested in turn.
OnTriangle closest_on(const Corners& t, const Point3& p) {
  const Vector3 ab = t[1] - t[0], ac = t[2] - t[0], ap = p - t[0];
  const double d1 = dot(ab, ap), d2 = dot(ac, ap);
  if (d1 <= 0.0 && d2 <= 0.0) return {t[0], 0};
  const Vector3 bp = p - t[1];
  const double d3 = dot(ab, bp), d4 = dot(ac, bp);
  if (d3 >= 0.0 && d4 <= d3) return {t[1], 1};
  const double vc = d1 * d4 - d3 * d2;
  if (vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0) return {t[0] + part(d1, -d3) * ab, 3};
  const Vector3 cp = p - t[2];
  const double d5 = dot(ab, cp), d6 = dot(ac, cp);
  if (d6 >= 0.0 && d5 <= d6) return {t[2], 2};
  const double vb = d5 * d2 - d1 * d6;
  if (vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0) return {t[0] + part(d2, -d6) * ac, 5};
  const double va = d3 * d6 - d5 * d4;
  if (va <= 0.0 && d4 - d3 >= 0.0 && d5 - d6 >= 0.0)
    return {t[1] + part(d4 - d3, d5 - d6) * (t[2] - t[1]), 4};
  const double sum = va + vb + vc;
  if (!(sum > 0.0)) return {t[0], 0};  // A triangle without area: its edges were tested above.
  return {t[0] + (vb / sum) * ab + (vc / sum) * ac, 6};
}

double squared_distance(const Point3& a0, const Point3& a1, const Point3& b0, const Point3& b1) {
  const Vector3 u = a1 - a0, v = b1 - b0, w = a0 - b0;
  const double a = dot(u, u), b = dot(u, v), c = dot(v, v), d = dot(u, w), e = dot(v, w);
  const double det = a * c - b * b;
  // s along the first, t along the second segment; parallel segments may start anywhere.
  double s = det > 1e-14 * a * c ? std::clamp((b * e - c * d) / det, 0.0, 1.0) : 0.0;
  double t = c > 0.0 ? (b * s + e) / c : 0.0;
  if (t < 0.0 || t > 1.0 || !(c > 0.0)) {
    t = std::clamp(t, 0.0, 1.0);
    s = a > 0.0 ? std::clamp((b * t - d) / a, 0.0, 1.0) : 0.0;
  }
  return squared_length(w + s * u - t * v);
}

}  // namespace genu::surface
