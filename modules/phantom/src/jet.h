// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <genu/core/vector.h>

// Values with exact first derivatives, and the few functions that the phantom's implicit shapes are built
// from.
namespace genu::phantom {

/// A number and its gradient with respect to position.
struct Jet {
  double v = 0.0;
  Vector3 g;
  Jet() = default;
  Jet(double value) : v(value) {}  // NOLINT(google-explicit-constructor): constants mix with jets
  Jet(double value, const Vector3& gradient) : v(value), g(gradient) {}
};

inline Jet operator+(const Jet& a, const Jet& b) {
  return {a.v + b.v, a.g + b.g};
}
inline Jet operator-(const Jet& a, const Jet& b) {
  return {a.v - b.v, a.g - b.g};
}
inline Jet operator-(const Jet& a) {
  return {-a.v, -a.g};
}
inline Jet operator*(const Jet& a, const Jet& b) {
  return {a.v * b.v, a.v * b.g + b.v * a.g};
}
inline Jet operator+(const Jet& a, double b) {
  return {a.v + b, a.g};
}
inline Jet operator+(double a, const Jet& b) {
  return {a + b.v, b.g};
}
inline Jet operator-(const Jet& a, double b) {
  return {a.v - b, a.g};
}
inline Jet operator-(double a, const Jet& b) {
  return {a - b.v, -b.g};
}
inline Jet operator*(double a, const Jet& b) {
  return {a * b.v, a * b.g};
}
inline Jet operator*(const Jet& a, double b) {
  return b * a;
}
inline Jet operator/(const Jet& a, double b) {
  return (1.0 / b) * a;
}

inline Jet operator/(const Jet& a, const Jet& b) {
  return {a.v / b.v, (1.0 / b.v) * a.g - (a.v / (b.v * b.v)) * b.g};
}

inline double value(double x) {
  return x;
}
inline double value(const Jet& x) {
  return x.v;
}
inline double square_root(double x) {
  return std::sqrt(x);
}
/// The derivative at 0 is taken as 0, which is its mean over directions where x is a squared distance.
inline Jet square_root(const Jet& x) {
  const double root = std::sqrt(x.v);
  return {root, root > 1e-12 ? (0.5 / root) * x.g : Vector3{}};
}
inline double cosine(double x) {
  return std::cos(x);
}
inline Jet cosine(const Jet& x) {
  return {std::cos(x.v), -std::sin(x.v) * x.g};
}
template <typename S>
S absolute(const S& x) {
  return value(x) < 0.0 ? -x : x;
}
template <typename S>
S larger(const S& a, const S& b) {
  return value(a) < value(b) ? b : a;
}
template <typename S>
S smaller(const S& a, const S& b) {
  return value(b) < value(a) ? b : a;
}
template <typename S>
S hypotenuse(const S& a, const S& b) {
  return square_root(a * a + b * b);
}

/// Rises from 0 at `from` to 1 at `to` with zero slope at both ends; its steepest slope is 1.5 / (to - from).
template <typename S>
S smooth_step(const S& x, double from, double to) {
  if (value(x) <= from) return S(0.0);
  if (value(x) >= to) return S(1.0);
  const S t = (x - from) / (to - from);
  return t * t * (3.0 - 2.0 * t);
}

/// Smooth union: the cubic blend, twice continuously differentiable, at most k / 6 below the minimum. Its
/// gradient is a convex combination of the two, so it is 1-Lipschitz where both are.
template <typename S>
S smooth_min(const S& a, const S& b, double k) {
  const S apart = absolute(a - b);
  const S lower = smaller(a, b);
  if (value(apart) >= k) return lower;
  const S h = (k - apart) / k;
  return lower - (k / 6.0) * (h * h * h);
}
template <typename S>
S smooth_max(const S& a, const S& b, double k) {
  return -smooth_min(S(-a), S(-b), k);
}

/// A position in the knee's own axes, mm on an average knee: lateral, anterior, proximal.
template <typename S>
struct Place {
  S l, a, p;
};
inline Place<double> place(const Vector3& x) {
  return {x.x, x.y, x.z};
}
inline Place<Jet> jet_place(const Vector3& x) {
  return {{x.x, {1.0, 0.0, 0.0}}, {x.y, {0.0, 1.0, 0.0}}, {x.z, {0.0, 0.0, 1.0}}};
}

/// Negative inside an ellipse about the origin; 1-Lipschitz, no more than the distance.
template <typename S>
S ellipse(const S& x, const S& y, double half_x, double half_y) {
  return std::min(half_x, half_y) * (hypotenuse(S(x / half_x), S(y / half_y)) - 1.0);
}

/// A rod from one point to another, its radius going smoothly from the first to the second.
struct Rod {
  Vector3 from;
  Vector3 to;
  double from_radius = 1.0;
  double to_radius = 1.0;
};

/// Negative inside a rod stretched by `half_width` to either side along the lateral axis; 1-Lipschitz.
template <typename S>
S rod(const Place<S>& x, const Rod& r, double half_width = 0.0) {
  const Vector3 axis = r.to - r.from;
  const double squared = squared_length(axis);
  S dl = x.l - r.from.x;
  const S da = x.a - r.from.y;
  const S dp = x.p - r.from.z;
  S t = (axis.x * dl + axis.y * da + axis.z * dp) / squared;
  t = smaller(larger(t, S(0.0)), S(1.0));
  dl = dl - axis.x * t;
  if (half_width > 0.0) dl = larger(S(absolute(dl) - half_width), S(0.0));
  const S ra = da - axis.y * t;
  const S rp = dp - axis.z * t;
  const double widening = r.to_radius - r.from_radius;
  const S radius = r.from_radius + widening * smooth_step(t, 0.0, 1.0);
  const double lipschitz = std::sqrt(1.0 + 2.25 * widening * widening / squared);
  return (square_root(dl * dl + ra * ra + rp * rp) - radius) / lipschitz;
}

}  // namespace genu::phantom
