// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/registration/align.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "least_squares.h"

namespace genu::registration {
namespace {

constexpr double radians = 3.14159265358979323846 / 180.0;

struct Sample {
  Point3 at;
  Vector3 normal;
  double area_mm2;
};

/// One surface as the fit sees it.
class Body {
 public:
  Body(const Partial& partial, const char* which) : query_(partial.mesh) {
    if (!partial.counts.empty() && partial.counts.size() != partial.mesh.vertices().size())
      throw InvalidInput("cannot align surface " + std::string(which) + ": it has " +
                         std::to_string(partial.mesh.vertices().size()) + " vertices, and " +
                         std::to_string(partial.counts.size()) + " marks that say which count");
    normals_ = surface::vertex_normals(partial.mesh);
    const std::vector<double> areas = surface::vertex_areas_mm2(partial.mesh);
    for (std::size_t v = 0; v < areas.size(); ++v)
      if (partial.counts.empty() || partial.counts[v])
        samples_.push_back({partial.mesh.vertices()[v], normals_[v], areas[v]});
    if (samples_.empty())
      throw InvalidInput("cannot align surface " + std::string(which) + ": none of its vertices counts");
    counts_ = partial.counts;
    mesh_ = &partial.mesh;
  }
  const std::vector<Sample>& samples() const { return samples_; }
  surface::SurfacePoint closest(const Point3& p) const { return query_.closest(p); }
  /// Returns false on parts that do not count.
  bool counts(std::uint32_t triangle) const {
    if (counts_.empty()) return true;
    const Triangle& t = mesh_->triangles()[triangle];
    return counts_[t[0]] && counts_[t[1]] && counts_[t[2]];
  }
  Vector3 normal(std::uint32_t triangle) const {
    const Triangle& t = mesh_->triangles()[triangle];
    return normalized(normals_[t[0]] + normals_[t[1]] + normals_[t[2]]);
  }

 private:
  surface::MeshQuery query_;
  const TriangleMesh* mesh_ = nullptr;
  std::vector<std::uint8_t> counts_;
  std::vector<Vector3> normals_;
  std::vector<Sample> samples_;
};

/// A point that moves, the plane that it should lie in, in the frame of b.
struct Pair {
  Point3 moving;
  Vector3 normal;
  double ahead_mm = 0.0;  ///< From the moving point to the plane, along the normal.
  double area_mm2 = 0.0;
  bool found = false;
};

/// Returns every n-th sample, so that there are at most this many.
std::size_t stride_for(std::size_t samples, std::size_t at_most) {
  return (samples + at_most - 1) / at_most;
}

/// Which way pairs are made: from points of a to planes of b, or from points of b to planes of a.
enum class Way { a_to_b, b_to_a };

void make_pairs(std::vector<Pair>& pairs, const Body& a, const Body& b, const RigidTransform& b_from_a,
                Way way, std::size_t at_most, const AlignOptions& options) {
  const RigidTransform a_from_b = b_from_a.inverse();
  const Body& from = way == Way::a_to_b ? a : b;
  const Body& to = way == Way::a_to_b ? b : a;
  const RigidTransform& to_from_from = way == Way::a_to_b ? b_from_a : a_from_b;
  const std::size_t step = stride_for(from.samples().size(), at_most), first = pairs.size();
  const double least_cosine = std::cos(options.max_angle_deg * radians);
  pairs.resize(first + (from.samples().size() + step - 1) / step);
  parallel_for(
      pairs.size() - first,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
          const Sample& sample = from.samples()[n * step];
          Pair& pair = pairs[first + n];
          pair.area_mm2 = sample.area_mm2;
          const surface::SurfacePoint partner = to.closest(to_from_from(sample.at));
          if (partner.distance_mm > options.reach_mm || !to.counts(partner.triangle)) continue;
          const Vector3 normal = to.normal(partner.triangle);
          if (dot(normal, to_from_from(sample.normal)) < least_cosine) continue;
          // The point that moves is always a's; the plane is b's or, carried along, a's.
          const Point3 still = way == Way::a_to_b ? partner.point : sample.at;
          pair.moving = b_from_a(way == Way::a_to_b ? sample.at : partner.point);
          pair.normal = way == Way::a_to_b ? normal : b_from_a(normal);
          pair.ahead_mm = dot(pair.normal, still - pair.moving);
          pair.found = true;
        }
      },
      options.threads);
}

/// Returns the value that half of the found pairs' area lies below.
double median_distance(const std::vector<Pair>& pairs) {
  std::vector<std::pair<double, double>> sorted;
  double all = 0.0, below = 0.0;
  for (const Pair& p : pairs)
    if (p.found) {
      sorted.emplace_back(std::abs(p.ahead_mm), p.area_mm2);
      all += p.area_mm2;
    }
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [distance, area] : sorted)
    if ((below += area) >= 0.5 * all) return distance;
  return std::numeric_limits<double>::infinity();
}

/// Returns the small motion, in the frame of b, that brings the pairs together to first order.
RigidTransform step_of(const std::vector<Pair>& pairs, const TukeyWeights& weight) {
  Vector3 sum;
  double total = 0.0;
  const Point3 base = pairs.front().moving;
  for (const Pair& p : pairs)
    if (p.found) {
      sum += p.area_mm2 * (p.moving - base);
      total += p.area_mm2;
    }
  const Point3 centre = base + sum / total;
  NormalEquations<6> equations;
  for (const Pair& p : pairs) {
    if (!p.found) continue;
    const double w = p.area_mm2 * weight(p.ahead_mm);
    if (w == 0.0) continue;
    const Vector3 turn = cross(p.moving - centre, p.normal) / arm_mm;
    equations.add({turn.x, turn.y, turn.z, p.normal.x, p.normal.y, p.normal.z}, p.ahead_mm, w);
  }
  const std::array<double, 6> x = equations.solved();
  const Vector3 turn = Vector3{x[0], x[1], x[2]} / arm_mm;
  const RigidTransform shift = RigidTransform::translation_by({x[3], x[4], x[5]});
  const double angle = length(turn);
  return angle > 0.0 ? shift * RigidTransform::rotation_about(centre, turn, angle / radians) : shift;
}

std::vector<Pair> pairs_at(const Body& a, const Body& b, const RigidTransform& b_from_a, std::size_t at_most,
                           const AlignOptions& options) {
  std::vector<Pair> pairs;
  make_pairs(pairs, a, b, b_from_a, Way::a_to_b, at_most, options);
  make_pairs(pairs, a, b, b_from_a, Way::b_to_a, at_most, options);
  return pairs;
}

double found_part(const std::vector<Pair>& pairs) {
  double found = 0.0, all = 0.0;
  for (const Pair& p : pairs) {
    all += p.area_mm2;
    if (p.found) found += p.area_mm2;
  }
  return found / all;
}

void require_partners(const std::vector<Pair>& pairs) {
  constexpr double least_part = 0.1;
  const double part = found_part(pairs);
  if (part < least_part)
    throw NotConverged("cannot align two surfaces: only " + std::to_string(std::lround(100.0 * part)) +
                       " % of their points have a partner on the other one");
}

/// Walks until steps are this small, or for so many steps.
RigidTransform refined(const Body& a, const Body& b, RigidTransform b_from_a, std::size_t at_most, int steps,
                       const AlignOptions& options) {
  constexpr double still_mm = 1e-5;
  for (int n = 0; n < steps; ++n) {
    const std::vector<Pair> pairs = pairs_at(a, b, b_from_a, at_most, options);
    require_partners(pairs);
    const RigidTransform step = step_of(pairs, TukeyWeights(median_distance(pairs)));
    b_from_a = step * b_from_a;
    const Point3 somewhere = b_from_a(a.samples().front().at);
    if (distance(step(somewhere), somewhere) < still_mm &&
        distance(step(somewhere + Vector3{50.0, 50.0, 50.0}), somewhere + Vector3{50.0, 50.0, 50.0}) <
            still_mm)
      break;
  }
  return b_from_a;
}

Alignment align_in_order(const Body& a, const Body& b, const RigidTransform& start,
                         const AlignOptions& options) {
  constexpr std::size_t coarse = 1500, fine = 12000;
  // Beyond this, distances say that the walk ended beside the valley.
  constexpr double good_mm = 0.5;
  std::optional<std::pair<double, RigidTransform>> best;
  std::string why;
  const auto walk = [&](const RigidTransform& from) {
    try {
      const RigidTransform end = refined(a, b, from, coarse, 60, options);
      const double median = median_distance(pairs_at(a, b, end, coarse, options));
      if (!best || median < best->first) best = {median, end};
    } catch (const NotConverged& error) {
      why = error.what();
    }
  };
  walk(start);
  const Point3 middle = start(a.samples()[a.samples().size() / 2].at);
  for (const Vector3& axis : {Vector3{1.0, 0.0, 0.0}, Vector3{0.0, 1.0, 0.0}, Vector3{0.0, 0.0, 1.0}})
    for (const double angle_deg : {-12.0, 12.0})
      if (!best || best->first >= good_mm)
        walk(RigidTransform::rotation_about(middle, axis, angle_deg) * start);
  if (!best) throw NotConverged(why);
  Alignment result;
  result.b_from_a = refined(a, b, best->second, fine, 20, options);
  result.a_from_b = result.b_from_a.inverse();
  const std::vector<Pair> pairs = pairs_at(a, b, result.b_from_a, fine, options);
  result.median_mm = median_distance(pairs);
  const TukeyWeights weight(result.median_mm);
  double squares = 0.0, weights = 0.0, near = 0.0, all = 0.0;
  for (const Pair& p : pairs) {
    all += p.area_mm2;
    const double w = p.found ? p.area_mm2 * weight(p.ahead_mm) : 0.0;
    squares += w * p.ahead_mm * p.ahead_mm;
    weights += w;
    if (w > 0.0) near += p.area_mm2;
  }
  result.rms_mm = std::sqrt(squares / weights);
  result.matched_part = near / all;
  return result;
}

/// Returns true if a goes before b, whatever the order in which they were given.
bool goes_first(const TriangleMesh& a, const TriangleMesh& b) {
  const auto key = [](const Point3& p) { return std::array{p.x, p.y, p.z}; };
  return std::lexicographical_compare(a.vertices().begin(), a.vertices().end(), b.vertices().begin(),
                                      b.vertices().end(),
                                      [&](const Point3& p, const Point3& q) { return key(p) < key(q); });
}

}  // namespace

Alignment align(const Partial& a, const Partial& b, const AlignOptions& options) {
  const Body body_a(a, "a"), body_b(b, "b");
  if (!goes_first(b.mesh, a.mesh))
    return align_in_order(body_a, body_b, b.patient_from_body * a.patient_from_body.inverse(), options);
  Alignment other =
      align_in_order(body_b, body_a, a.patient_from_body * b.patient_from_body.inverse(), options);
  std::swap(other.a_from_b, other.b_from_a);
  return other;
}

}  // namespace genu::registration
