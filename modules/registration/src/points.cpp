// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <tuple>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/registration/points.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "least_squares.h"

namespace genu::registration {
namespace {

constexpr double degrees = 180.0 / 3.14159265358979323846;
constexpr std::size_t least_points = 30;
// Starts are compared with this many points; the best go on with all.
constexpr std::size_t coarse_points = 300;
constexpr std::size_t finalists = 4;
constexpr double capped_mm = 3.0;
constexpr double rival_mm = 3.0;

/// The surface that stays.
class Target {
 public:
  explicit Target(const TriangleMesh& mesh)
      : query_(mesh), mesh_(mesh), normals_(surface::vertex_normals(mesh)) {}

  PointPair pair_for(const Point3& p, const Vector3& sight, double reach_mm) const {
    PointPair pair;
    const surface::SurfacePoint closest = query_.closest(p);
    if (closest.distance_mm > reach_mm) return pair;
    const Triangle& t = mesh_.triangles()[closest.triangle];
    const Vector3 normal = normals_[t[0]] + normals_[t[1]] + normals_[t[2]];
    // Bone is seen where it lies across the beam; 85 degrees leave room for the start's error.
    constexpr double least_cosine = 0.087;
    if (!(length(normal) > 0.0) || dot(normalized(normal), sight) > -least_cosine) return pair;
    pair.partner = closest.point;
    pair.normal = normalized(normal);
    pair.ahead_mm = dot(pair.normal, closest.point - p);
    pair.weight = 1.0;
    return pair;
  }

 private:
  surface::MeshQuery query_;
  const TriangleMesh& mesh_;
  std::vector<Vector3> normals_;
};

/// One walk from a start.
class Walk {
 public:
  Walk(const std::vector<SeenPoint>& points, const Target& target, const RigidTransform& start,
       double reach_mm, unsigned threads)
      : points_(points), target_(target), reach_mm_(reach_mm), threads_(threads), pose_(start) {}

  /// Goes on until it moves by less than a hundredth of a millimetre, or no way is better. Returns false if
  /// it lost its partners.
  bool go(int most_steps) {
    constexpr double shrink = 0.85, least_reach_mm = 4.0, still_mm = 0.01;
    if (!pair()) return false;
    for (int step = 0; step < most_steps; ++step) {
      // The reach shrinks, so that partners of a poor start are given up as it gets better.
      const bool near = reach_mm_ <= least_reach_mm;
      reach_mm_ = std::max(least_reach_mm, shrink * reach_mm_);
      const double moved = near ? descend() : stride();
      if (!(moved >= 0.0)) return false;
      if (near && moved < still_mm) break;
    }
    return true;
  }

  const RigidTransform& pose() const { return pose_; }
  double cost() const { return cost_; }

  PointsFit fit() const {
    PointsFit result;
    result.fixed_from_moving = pose_;
    result.pairs = pairs_;
    result.cost = cost_;
    result.median_mm = median_mm_;
    double squares = 0.0, weights = 0.0, all = 0.0;
    for (std::size_t n = 0; n < pairs_.size(); ++n) {
      squares += pairs_[n].weight * pairs_[n].ahead_mm * pairs_[n].ahead_mm;
      weights += pairs_[n].weight;
      all += points_[n].weight;
    }
    result.rms_mm = weights > 0.0 ? std::sqrt(squares / weights) : 0.0;
    result.matched_part = all > 0.0 ? weights / all : 0.0;
    return result;
  }

 private:
  /// Finds partners and weights at the present place.
  bool pair() {
    pairs_.resize(points_.size());
    parallel_for(
        points_.size(),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t n = begin; n < end; ++n)
            pairs_[n] = target_.pair_for(pose_(points_[n].place), pose_(points_[n].sight), reach_mm_);
        },
        threads_);
    std::vector<double> distances;
    double capped = 0.0, all = 0.0;
    for (std::size_t n = 0; n < pairs_.size(); ++n) {
      const double d = pairs_[n].weight > 0.0 ? std::min(capped_mm, std::abs(pairs_[n].ahead_mm)) : capped_mm;
      capped += points_[n].weight * d * d;
      all += points_[n].weight;
      if (pairs_[n].weight > 0.0) distances.push_back(std::abs(pairs_[n].ahead_mm));
    }
    cost_ = capped / all;
    if (10 * distances.size() < points_.size() || distances.size() < 6) return false;
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    median_mm_ = *middle;
    const TukeyWeights weight(median_mm_);
    for (std::size_t n = 0; n < pairs_.size(); ++n)
      if (pairs_[n].weight > 0.0) pairs_[n].weight = points_[n].weight * weight(pairs_[n].ahead_mm);
    return true;
  }

  /// Makes one step whatever it brings: far off, most distances count alike and tell nothing. Returns how
  /// far it moved the points, or less than nothing if they lost their partners.
  double stride() {
    const Step step = improvement();
    pose_ = step.motion(1.0) * pose_;
    return pair() ? step.length_mm : -1.0;
  }

  /// Makes as much of one step as makes the fit better. Along bone that hardly resists, tangent planes lead
  /// further and further away.
  double descend() {
    const Step step = improvement();
    const RigidTransform here = pose_;
    const double cost = cost_;
    constexpr double least_part = 0.05;
    for (double part = 1.0; part > least_part; part /= 2) {
      pose_ = step.motion(part) * here;
      if (pair() && cost_ < cost) return part * step.length_mm;
    }
    pose_ = here;
    return pair() ? 0.0 : -1.0;
  }

  /// A turn about a centre and a shift.
  struct Step {
    Point3 centre;
    Vector3 turn, shift;
    double length_mm = 0.0;  ///< It moves no point further.
    RigidTransform motion(double part) const {
      const double angle = part * length(turn);
      const RigidTransform move = RigidTransform::translation_by(part * shift);
      return angle > 1e-12 ? move * RigidTransform::rotation_about(centre, turn, angle * degrees) : move;
    }
  };

  /// Returns the step with which the distances to the partners' planes are least.
  Step improvement() const {
    Vector3 sum;
    double weights = 0.0;
    for (std::size_t n = 0; n < pairs_.size(); ++n) {
      sum += pairs_[n].weight * (pose_(points_[n].place) - Point3{});
      weights += pairs_[n].weight;
    }
    const Point3 centre = Point3{} + sum / weights;
    NormalEquations<6> equations;
    double radius = 0.0;
    for (std::size_t n = 0; n < pairs_.size(); ++n) {
      const PointPair& pair = pairs_[n];
      if (!(pair.weight > 0.0)) continue;
      const Vector3 arm = pose_(points_[n].place) - centre;
      radius = std::max(radius, length(arm));
      const Vector3 turn = cross(arm, pair.normal) / arm_mm;
      equations.add({turn.x, turn.y, turn.z, pair.normal.x, pair.normal.y, pair.normal.z}, pair.ahead_mm,
                    pair.weight);
    }
    const std::array<double, 6> x = equations.solved();
    Step step{centre, Vector3{x[0], x[1], x[2]} / arm_mm, {x[3], x[4], x[5]}};
    step.length_mm = length(step.turn) * radius + length(step.shift);
    return step;
  }

  const std::vector<SeenPoint>& points_;
  const Target& target_;
  double reach_mm_;
  unsigned threads_;
  RigidTransform pose_;
  std::vector<PointPair> pairs_;
  double cost_ = std::numeric_limits<double>::infinity(), median_mm_ = 0.0;
};

Point3 middle_of(const std::vector<SeenPoint>& points) {
  Vector3 sum;
  for (const SeenPoint& p : points) sum += p.place - Point3{};
  return Point3{} + sum / static_cast<double>(points.size());
}

std::vector<RigidTransform> starts_about(const RigidTransform& start, const Point3& centre,
                                         const PointsOptions& options) {
  std::vector<RigidTransform> starts{start};
  const std::array<Vector3, 3> axes{Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}};
  for (const Vector3& axis : axes)
    for (const double sign : {-1.0, 1.0}) {
      starts.push_back(RigidTransform::rotation_about(centre, axis, sign * options.start_turn_deg) * start);
      starts.push_back(RigidTransform::translation_by(sign * options.start_shift_mm * axis) * start);
    }
  std::mt19937_64 random(options.seed);
  // Not std::normal_distribution, which differs between libraries.
  const auto uniform = [&] { return 2.0 * (static_cast<double>(random() >> 11) / 9007199254740992.0) - 1.0; };
  for (int n = 0; n < options.random_starts; ++n) {
    const Vector3 axis{uniform(), uniform(), uniform() + 1e-3}, shift{uniform(), uniform(), uniform()};
    const double turn = options.start_turn_deg * uniform();
    starts.push_back(RigidTransform::translation_by(options.start_shift_mm * shift) *
                     RigidTransform::rotation_about(centre, axis, turn) * start);
  }
  return starts;
}

double apart(const RigidTransform& a, const RigidTransform& b, const std::vector<SeenPoint>& points) {
  double sum = 0.0;
  for (const SeenPoint& p : points) sum += squared_length(a(p.place) - b(p.place));
  return std::sqrt(sum / static_cast<double>(points.size()));
}

void require(const std::vector<SeenPoint>& points) {
  if (points.size() < least_points)
    throw InvalidInput("fitting points to a surface takes at least " + std::to_string(least_points) +
                       ", not " + std::to_string(points.size()));
  for (std::size_t n = 0; n < points.size(); ++n) {
    const SeenPoint& p = points[n];
    if (!is_finite(p.place) || !is_finite(p.sight) || !(length(p.sight) > 0.0) || !(p.weight > 0.0) ||
        !std::isfinite(p.weight))
      throw InvalidInput(
          "point " + std::to_string(n) +
          " of those to fit is not finite, weighs nothing or was looked at along no direction");
  }
}

void require(const PointsOptions& o) {
  for (const auto& [name, value, least] :
       {std::tuple{"reach_mm", o.reach_mm, 0.1}, std::tuple{"start_turn_deg", o.start_turn_deg, 0.0},
        std::tuple{"start_shift_mm", o.start_shift_mm, 0.0},
        std::tuple{"random_starts", static_cast<double>(o.random_starts), 0.0}})
    if (!(value >= least && value <= 1e5))
      throw InvalidInput("fitting points to a surface: " + std::string(name) + " = " + std::to_string(value) +
                         " makes no sense");
}

}  // namespace

PointsFit fit_points(const std::vector<SeenPoint>& moving, const TriangleMesh& fixed,
                     const RigidTransform& start, const PointsOptions& options) {
  require(moving);
  require(options);
  const Target target(fixed);
  std::vector<SeenPoint> points = moving, coarse;
  for (SeenPoint& p : points) p.sight = normalized(p.sight);
  const std::size_t every = std::max<std::size_t>(1, points.size() / coarse_points);
  coarse.reserve(points.size() / every + 1);
  for (std::size_t n = 0; n < points.size(); n += every) coarse.push_back(points[n]);
  const std::vector<RigidTransform> starts = starts_about(start, start(middle_of(points)), options);
  // Ten steps tell which starts are on the way; these go on.
  constexpr int first_steps = 10, coarse_steps = 40, fine_steps = 60;
  constexpr std::size_t hopefuls = 12;
  constexpr double fine_reach_mm = 5.0;
  std::vector<Walk> walks;
  walks.reserve(starts.size());
  for (const RigidTransform& s : starts) walks.emplace_back(coarse, target, s, options.reach_mm, 1U);
  std::vector<char> arrived(walks.size(), 0);
  std::vector<std::size_t> order(walks.size());
  std::iota(order.begin(), order.end(), 0U);
  for (const int steps : {first_steps, coarse_steps}) {
    parallel_for(
        order.size(),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t n = begin; n < end; ++n) arrived[order[n]] = walks[order[n]].go(steps) ? 1 : 0;
        },
        options.threads, 1);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return walks[a].cost() < walks[b].cost(); });
    order.resize(std::min(hopefuls, order.size()));
  }
  std::vector<PointsFit> fits;
  for (const std::size_t n : order) {
    if (!arrived[n] || fits.size() == finalists) continue;
    const bool known = std::any_of(fits.begin(), fits.end(), [&](const PointsFit& f) {
      return apart(f.fixed_from_moving, walks[n].pose(), coarse) < rival_mm / 3;
    });
    if (known) continue;
    Walk fine(points, target, walks[n].pose(), fine_reach_mm, options.threads);
    if (fine.go(fine_steps)) fits.push_back(fine.fit());
  }
  if (fits.empty())
    throw NotConverged("fitting " + std::to_string(points.size()) +
                       " points to a surface: from no start does a tenth of them find partners");
  std::stable_sort(fits.begin(), fits.end(),
                   [](const PointsFit& a, const PointsFit& b) { return a.cost < b.cost; });
  PointsFit best = fits.front();
  for (const PointsFit& other : fits) {
    const double distance = apart(best.fixed_from_moving, other.fixed_from_moving, points);
    if (distance >= rival_mm && (!best.rival || other.cost < best.rival->cost))
      best.rival = Rival{other.fixed_from_moving, other.cost, distance};
  }
  return best;
}

}  // namespace genu::registration
