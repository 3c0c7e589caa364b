// SPDX-License-Identifier: Apache-2.0
#include "bones.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

// Dimensions follow an average adult knee: epicondylar width about 80 mm, condyles about 65 mm from front to
// back, tibial plateau 80 x 50 mm, patella 45 x 44 x 22 mm, trochlear groove about 5 mm deep.
namespace genu::phantom {
namespace {

/// Sagittal outline of a condyle: an ellipse, whose radius falls from distal (about 42 mm) to posterior
/// (about 18 mm) as the condyles' does.
struct Condyle {
  double side;
  double centre_anterior;
  double half_anterior;
};
constexpr Condyle medial_condyle{-1.0, -2.5, 32.5};
constexpr Condyle lateral_condyle{1.0, 0.5, 32.5};
constexpr double condyle_centre_proximal = 27.0;
constexpr double condyle_half_proximal = 24.5;

template <typename S>
S condyle(const Place<S>& x, const Condyle& c) {
  // The condyles lie 46 mm apart and diverge towards the back.
  const S middle = c.side * (23.0 - 0.14 * x.a);
  const S outline = ellipse(S(x.a - c.centre_anterior), S(x.p - condyle_centre_proximal), c.half_anterior,
                            condyle_half_proximal);
  constexpr double half_width = 15.0;
  constexpr double crown = 12.0;  // radius in the frontal plane
  const S e1 = outline + crown;
  const S e2 = absolute(S(x.l - middle)) - (half_width - crown);
  const S zero(0.0);
  const S inside = smaller(larger(e1, e2), zero);
  const S outside = hypotenuse(larger(e1, zero), larger(e2, zero));
  return (inside + outside - crown) / 1.08;  // 1.08: the shear of `middle`
}

/// The trochlea: a pulley about the femur's axis, its groove slightly lateral, its lateral ridge higher.
template <typename S>
S trochlea(const Place<S>& x) {
  const S radius = hypotenuse(S(x.a - femur_axis.y), S(x.p - femur_axis.z));
  const S across = x.l - 1.0;
  constexpr double groove_radius = 21.0;
  constexpr double ridge_distance = 18.0;
  const double depth = value(across) > 0.0 ? 5.5 : 3.7;
  const S turn = (M_PI / ridge_distance) * smaller(absolute(across), S(2.0 * ridge_distance));
  const S profile = groove_radius + (0.5 * depth) * (1.0 - cosine(turn));
  const S ends = absolute(across) - 27.0;
  return smooth_max(S((radius - profile) / 1.12), ends, 4.0);  // 1.12: the slope of the facets
}

/// The intercondylar notch: an arch 20 mm wide under a roof that falls towards the front.
template <typename S>
S notch(const Place<S>& x) {
  const S above = (x.p + 3.0 + 0.575 * (x.a - 10.0)) / std::hypot(1.0, 0.575);
  return hypotenuse(x.l, larger(above, S(0.0))) - 10.0;
}

template <typename S>
S femur(const Place<S>& x) {
  S f = smooth_min(condyle(x, medial_condyle), condyle(x, lateral_condyle), 4.0);
  f = smooth_min(f, trochlea(x), 5.0);
  for (const double side : {-1.0, 1.0})
    f = smooth_min(f, rod(x, {{side * 19.0, -1.0, 34.0}, {0.0, 10.0, 90.0}, 17.0, 14.0}), 8.0);
  f = smooth_min(f, rod(x, {{0.0, 11.0, 46.0}, {0.0, 10.0, 190.0}, 14.0, 14.0}), 8.0);
  return smooth_max(f, S(-notch(x)), 6.0);
}

/// Height of the plateaus: the medial one a shallow dish, the lateral one hollow across but convex from front
/// to back.
template <typename S>
S plateau_height(const Place<S>& x) {
  const S ml = x.l + 22.0;
  const S ma = x.a + 1.0;
  const S ll = x.l - 22.0;
  const S la = x.a + 2.0;
  const S medial = ml * ml / 115.0 + ma * ma / 190.0 - 1.6;
  const S lateral = ll * ll / 140.0 - la * la / 180.0 - 2.4;
  const S share = smooth_step(x.l, -7.0, 7.0);
  return medial + share * (lateral - medial);
}

template <typename S>
S tibia(const Place<S>& in) {
  // Below the plateaus the cross-section shrinks to that of the shaft.
  const S shrink = 1.0 - 0.6 * smooth_step(S(-in.p), 5.0, 64.0);
  const Place<S> x{in.l / shrink, in.a / shrink, in.p};
  S rim = smooth_min(ellipse(S(x.l + 20.0), S(x.a + 1.0), 21.0, 26.0),
                     ellipse(S(x.l - 20.0), S(x.a + 2.0), 20.0, 24.0), 8.0);
  rim = smooth_min(rim, ellipse(x.l, S(x.a - 5.0), 22.0, 18.0), 8.0);
  rim = shrink * rim / 1.2;                         // 1.2: the slope of the shrinking sides
  const S top = (x.p - plateau_height(in)) / 1.25;  // 1.25: the steepest slope, between the plateaus
  S f = smooth_max(rim, top, 6.0);
  f = smooth_min(f, rod(in, {{-4.2, -4.0, -8.0}, {-4.0, -4.0, 2.8}, 3.4, 3.0}), 8.0);
  f = smooth_min(f, rod(in, {{4.2, -2.0, -8.0}, {4.0, -2.0, 1.8}, 3.4, 3.0}), 8.0);
  f = smooth_min(f, rod(in, {{0.0, -2.0, -66.0}, {0.0, -4.0, -190.0}, 12.0, 12.0}), 8.0);
  return smooth_min(f, rod(in, {{3.0, 18.5, -32.0}, {3.0, 15.0, -50.0}, 9.0, 7.0}), 8.0);
}

template <typename S>
S patella(const Place<S>& x) {
  const S a = x.a - patella_ridge_anterior;
  const S p = x.p - patella_centre_proximal;
  const S el = x.l / 23.0;
  const S ea = (a - 7.0) / 15.0;
  const S ep = p / 21.5;
  S body = 15.0 * (square_root(el * el + ea * ea + ep * ep) - 1.0);
  body = smooth_min(
      body,
      rod(x,
          {{0.5, patella_ridge_anterior + 10.0, 22.0}, {0.5, patella_ridge_anterior + 10.0, 12.5}, 9.0, 5.5}),
      6.0);
  // Two facets meet in a rounded ridge and follow the slopes of the trochlea.
  const S facets = 0.46 * (hypotenuse(x.l, S(3.5)) - 3.5) + 0.05 * x.l - p * p / 500.0;
  return smooth_max(body, S((facets - a) / 1.14), 3.0);  // 1.14: the slope of the facets
}

struct Box {
  Vector3 lowest;
  Vector3 highest;
};

/// A box that holds a bone with its spurs.
Box box_of(Bone bone) {
  switch (bone) {
    case Bone::femur:
      return {{-50.0, -37.0, 0.0}, {50.0, 36.0, 210.0}};
    case Bone::tibia:
      return {{-54.0, -29.0, -210.0}, {54.0, 29.0, 8.0}};
    case Bone::patella:
      return {{-36.0, 30.0, 5.0}, {36.0, 58.0, 55.0}};
  }
  return {};
}

}  // namespace

Vector3 Bend::solve(const Vector3& tangential, double along) const {
  const double a = 1.0 + along * s11;
  const double b = along * s12;
  const double c = 1.0 + along * s22;
  const double determinant = a * c - b * b;
  // Beyond a centre of curvature there is no nearest point in this direction: go on without the curvature.
  if (a + c <= 0.0 || determinant < 0.02) return 0.5 * tangential;
  const double t1 = dot(tangential, first);
  const double t2 = dot(tangential, second);
  return ((c * t1 - b * t2) / determinant) * first + ((a * t2 - b * t1) / determinant) * second;
}

BoneSurface::BoneSurface(Bone bone, const Vector3& shift, std::vector<Rod> spurs)
    : bone_(bone), shift_(shift), spurs_(std::move(spurs)) {}

template <typename S>
S BoneSurface::field(const Place<S>& in) const {
  const Place<S> x{in.l - shift_.x, in.a - shift_.y, in.p - shift_.z};
  S f = bone_ == Bone::femur ? femur(x) : bone_ == Bone::tibia ? tibia(x) : patella(x);
  for (const Rod& spur : spurs_) f = smooth_min(f, rod(x, spur), 2.0);
  return f;
}

double BoneSurface::bound(const Vector3& x) const {
  // Far from the bone's box the distance to that will do: nobody asks for less than far_away.
  constexpr double far_away = 20.0;
  const Box box = box_of(bone_);
  const Vector3 from = x - shift_;
  const double outside = std::max({box.lowest.x - from.x, from.x - box.highest.x, box.lowest.y - from.y,
                                   from.y - box.highest.y, box.lowest.z - from.z, from.z - box.highest.z});
  return outside > far_away ? outside : field(place(x));
}

Jet BoneSurface::jet(const Vector3& x) const {
  return field(jet_place(x));
}

Bend BoneSurface::bend(const Vector3& x, const Jet& f) const {
  constexpr double step = 1e-5;
  const double slope = length(f.g);
  Bend b;
  b.first = any_perpendicular(f.g);
  b.second = cross(f.g / slope, b.first);
  const Vector3 along_first = (jet(x + step * b.first).g - f.g) / (step * slope);
  const Vector3 along_second = (jet(x + step * b.second).g - f.g) / (step * slope);
  b.s11 = dot(along_first, b.first);
  b.s12 = 0.5 * (dot(along_first, b.second) + dot(along_second, b.first));
  b.s22 = dot(along_second, b.second);
  return b;
}

Foot BoneSurface::nearest(const Vector3& x, double tolerance) const {
  // Newton's method. At the nearest point f = 0 and x - point is along the gradient; at a distance d over a
  // surface with shape operator S, the tangential part of x - point is (1 + d S) times the way still to go.
  // S is worked out anew only while the steps do not shrink fast.
  Vector3 point = x;
  Jet f = jet(point);
  std::optional<Bend> bend_here;
  double previous_sideways = std::numeric_limits<double>::max();
  double damping = 1.0;
  for (int iteration = 0; iteration < 60; ++iteration) {
    const double slope = length(f.g);
    if (!(slope > 1e-9)) {  // a kink inside the bone: step off it
      point += Vector3{1e-3, 2e-3, 3e-3};
      f = jet(point);
      continue;
    }
    const Vector3 normal = f.g / slope;
    const Vector3 offset = x - point;
    const double along = dot(offset, normal);
    Vector3 step = offset - along * normal;
    const double sideways = length(step);
    if (std::abs(f.v) < tolerance * slope && sideways < 10.0 * tolerance) break;
    if (iteration > 1) {
      damping = sideways > previous_sideways ? 0.5 * damping : std::min(1.0, 1.1 * damping);
      if (!bend_here || sideways > 0.1 * previous_sideways) bend_here = bend(point, f);
      step = bend_here->solve(step, along);
    }
    if (iteration > 0) previous_sideways = sideways;
    // From far away the tangent plane leads astray: no step longer than what the shape can follow.
    constexpr double longest = 6.0;
    const double way = damping * length(step);
    step *= way > longest ? damping * longest / way : damping;
    point += step - (f.v / slope) * normal;
    f = jet(point);
  }
  const double slope = length(f.g);
  Foot foot{point, slope > 0.0 ? f.g / slope : Vector3{0.0, 0.0, 1.0}, length(x - point)};
  if (bound(x) < 0.0) foot.distance = -foot.distance;
  return foot;
}

Vector3 BoneSurface::normal(const Vector3& on_surface) const {
  return normalized(jet(on_surface).g);
}

Curvature BoneSurface::curvature(const Vector3& q) const {
  // Curvatures of an implicit surface from gradient and Hessian (Goldman 2005, Computer Aided Geometric
  // Design 22:632); the Hessian by central differences of the exact gradient.
  constexpr double step = 1e-4;
  const Vector3 g = jet(q).g;
  std::array<std::array<double, 3>, 3> h{};
  const std::array<Vector3, 3> axes{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (std::size_t c = 0; c < 3; ++c) {
    const Vector3 d = (jet({q.x + step * axes[c].x, q.y + step * axes[c].y, q.z + step * axes[c].z}).g -
                       jet({q.x - step * axes[c].x, q.y - step * axes[c].y, q.z - step * axes[c].z}).g) /
                      (2.0 * step);
    h[c] = {d.x, d.y, d.z};
  }
  const double s = length(g);
  const Vector3 hg{dot({h[0][0], h[0][1], h[0][2]}, g), dot({h[1][0], h[1][1], h[1][2]}, g),
                   dot({h[2][0], h[2][1], h[2][2]}, g)};
  const double trace = h[0][0] + h[1][1] + h[2][2];
  const auto minor = [&](std::size_t r, std::size_t c) {
    const std::size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
    return h[r1][c1] * h[r2][c2] - h[r1][c2] * h[r2][c1];
  };
  const std::array<double, 3> ga{g.x, g.y, g.z};
  double gaussian = 0.0;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) gaussian += ga[r] * minor(r, c) * ga[c];
  return {(s * s * trace - dot(g, hg)) / (2.0 * s * s * s), gaussian / (s * s * s * s)};
}

std::optional<Vector3> BoneSurface::first_hit(const Vector3& from, const Vector3& direction) const {
  Vector3 at = from;
  double walked = 0.0;
  for (int i = 0; i < 2000 && walked < 130.0; ++i) {
    const double f = bound(at);
    if (f < 1e-3) {
      for (int n = 0; n < 12; ++n) {
        const Jet j = jet(at);
        const double rate = dot(j.g, direction);
        if (std::abs(j.v) < 1e-13 || std::abs(rate) < 1e-6) break;
        at += -(j.v / rate) * direction;
      }
      return at;
    }
    at += f * direction;
    walked += f;
  }
  return std::nullopt;
}

double fibula_bound(const Vector3& x) {
  const Place<double> at = place(x);
  return smooth_min(rod(at, {{35.0, -23.0, -26.0}, {34.0, -22.0, -46.0}, 7.5, 5.5}),
                    rod(at, {{34.0, -22.0, -46.0}, {32.0, -20.0, -190.0}, 5.5, 5.5}), 2.0);
}

}  // namespace genu::phantom
