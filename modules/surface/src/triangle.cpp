// SPDX-License-Identifier: Apache-2.0
#include "triangle.h"

#include <algorithm>
#include <cmath>

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

SegmentCrossing::SegmentCrossing(const Point3& from, const Point3& to) : from_(from) {
  const Vector3 d = to - from;
  const double c[3] = {d.x, d.y, d.z};
  for (int a = 1; a < 3; ++a)
    if (std::abs(c[a]) > std::abs(c[z_])) z_ = a;
  x_ = (z_ + 1) % 3;
  y_ = (z_ + 2) % 3;
  along_ = c[z_];
  shear_x_ = c[x_] / along_;
  shear_y_ = c[y_] / along_;
}

double SegmentCrossing::at(const Corners& t) const {
  if (along_ == 0.0) return -1.0;
  double x[3], y[3], z[3];
  for (int c = 0; c < 3; ++c) {
    const Vector3 v = t[c] - from_;
    const double p[3] = {v.x, v.y, v.z};
    x[c] = p[x_] - shear_x_ * p[z_];
    y[c] = p[y_] - shear_y_ * p[z_];
    z[c] = p[z_];
  }
  double edge[3];
  for (int c = 0; c < 3; ++c) {
    const int a = (c + 1) % 3, b = (c + 2) % 3;
    edge[c] = x[a] * y[b] - y[a] * x[b];
  }
  const double det = edge[0] + edge[1] + edge[2];
  if (det == 0.0) return -1.0;
  const double turn = det > 0.0 ? 1.0 : -1.0;
  for (int c = 0; c < 3; ++c) {
    const double e = turn * edge[c];
    if (e < 0.0) return -1.0;
    if (e > 0.0) continue;
    const int a = (c + 1) % 3, b = (c + 2) % 3;
    const double dy = turn * (y[b] - y[a]), dx = turn * (x[b] - x[a]);
    if (!(dy < 0.0 || (dy == 0.0 && dx > 0.0))) return -1.0;
  }
  const double at = (edge[0] * z[0] + edge[1] * z[1] + edge[2] * z[2]) / (det * along_);
  return at >= 0.0 && at <= 1.0 ? at : -1.0;
}

}  // namespace genu::surface
