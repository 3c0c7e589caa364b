// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/registration/similarity.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "least_squares.h"

namespace genu::registration {
namespace {

constexpr double radians = 3.14159265358979323846 / 180.0;

/// A sample after the similarity, and the plane that it should lie in.
struct Pair {
  Point3 moving;
  Vector3 normal;
  double ahead_mm = 0.0;     ///< From the sample to the plane, along the normal.
  double distance_mm = 0.0;  ///< To the partner.
  bool found = false;
};

/// The surface that stays.
class Fixed {
 public:
  explicit Fixed(const Partial& partial)
      : query_(partial.mesh),
        mesh_(partial.mesh),
        counts_(partial.counts),
        normals_(surface::vertex_normals(partial.mesh)) {
    if (!counts_.empty() && counts_.size() != mesh_.vertices().size())
      throw InvalidInput("cannot fit a similarity: the surface has " +
                         std::to_string(mesh_.vertices().size()) + " vertices, and " +
                         std::to_string(counts_.size()) + " marks that say which count");
  }

  Pair pair_for(const Point3& p, const Vector3& normal, double reach_mm, double least_cosine) const {
    Pair pair{p, {}};
    const surface::SurfacePoint partner = query_.closest(p);
    const Triangle& t = mesh_.triangles()[partner.triangle];
    if (partner.distance_mm > reach_mm) return pair;
    if (!counts_.empty() && !(counts_[t[0]] && counts_[t[1]] && counts_[t[2]])) return pair;
    pair.normal = normalized(normals_[t[0]] + normals_[t[1]] + normals_[t[2]]);
    pair.ahead_mm = dot(pair.normal, partner.point - p);
    pair.distance_mm = partner.distance_mm;
    pair.found = dot(pair.normal, normal) >= least_cosine;
    return pair;
  }

 private:
  surface::MeshQuery query_;
  const TriangleMesh& mesh_;
  const std::vector<std::uint8_t>& counts_;
  std::vector<Vector3> normals_;
};

std::vector<Pair> pairs_at(const std::vector<SurfaceSample>& moving, const Fixed& fixed,
                           const Similarity& fixed_from_moving, double reach_mm,
                           const SimilarityOptions& options) {
  const double least_cosine = std::cos(options.max_angle_deg * radians);
  std::vector<Pair> pairs(moving.size());
  parallel_for(
      pairs.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n)
          pairs[n] = fixed.pair_for(fixed_from_moving(moving[n].point),
                                    fixed_from_moving.motion(moving[n].normal), reach_mm, least_cosine);
      },
      options.threads);
  constexpr double least_part = 0.1;
  const auto found = std::count_if(pairs.begin(), pairs.end(), [](const Pair& p) { return p.found; });
  const double part = static_cast<double>(found) / static_cast<double>(pairs.size());
  if (part < least_part)
    throw NotConverged("cannot fit a similarity: only " + std::to_string(std::lround(100.0 * part)) +
                       " % of the samples have a partner on the surface");
  return pairs;
}

double median_of(const std::vector<Pair>& pairs, double Pair::*what) {
  std::vector<double> values;
  for (const Pair& p : pairs)
    if (p.found) values.push_back(std::abs(p.*what));
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Returns the similarity after the small change that brings the pairs together to first order.
Similarity stepped(const Similarity& from, const std::vector<Pair>& pairs) {
  const TukeyWeights weight(median_of(pairs, &Pair::ahead_mm));
  Vector3 sum;
  double count = 0.0;
  for (const Pair& p : pairs)
    if (p.found) {
      sum += p.moving - Point3{};
      count += 1.0;
    }
  const Point3 centre = Point3{} + sum / count;
  NormalEquations<7> equations;
  for (const Pair& p : pairs) {
    const double w = p.found ? weight(p.ahead_mm) : 0.0;
    if (w == 0.0) continue;
    const Vector3 arm = p.moving - centre, turn = cross(arm, p.normal) / arm_mm;
    equations.add({turn.x, turn.y, turn.z, p.normal.x, p.normal.y, p.normal.z, dot(arm, p.normal) / arm_mm},
                  p.ahead_mm, w);
  }
  const std::array<double, 7> x = equations.solved();
  const Vector3 turn = Vector3{x[0], x[1], x[2]} / arm_mm;
  const double angle = length(turn), growth = std::exp(x[6] / arm_mm);
  RigidTransform motion = RigidTransform::translation_by({x[3], x[4], x[5]});
  if (angle > 0.0) motion = motion * RigidTransform::rotation_about(centre, turn, angle / radians);
  // q -> motion(centre + growth (q - centre)) after q = from(p), written as one scale and one motion.
  const Vector3 moved_by = growth * from.motion.translation() + (1.0 - growth) * (centre - Point3{});
  return {motion * RigidTransform(from.motion.rotation(), moved_by), growth * from.scale};
}

/// Returns how far a step takes the samples at most, roughly: four of them stand for all.
double step_mm(const Similarity& a, const Similarity& b, const std::vector<SurfaceSample>& moving) {
  double most = 0.0;
  for (const std::size_t n : {std::size_t{0}, moving.size() / 3, 2 * moving.size() / 3, moving.size() - 1})
    most = std::max(most, distance(a(moving[n].point), b(moving[n].point)));
  return most;
}

}  // namespace

SimilarityFit fit_similarity(const std::vector<SurfaceSample>& moving, const Partial& fixed,
                             const SimilarityOptions& options) {
  if (moving.empty()) throw InvalidInput("cannot fit a similarity: there are no samples");
  const Fixed surface(fixed);
  Similarity at{fixed.patient_from_body, 1.0};
  // Bones of other people start further off than they end. They settle within 30 steps to some hundredths of
  // a millimetre, between which samples at the limits of reach and angle come and go.
  constexpr int wide_steps = 12, most_steps = 40;
  constexpr double wide = 2.0, still_mm = 1e-5;
  for (int n = 0; n < most_steps; ++n) {
    const double reach_mm = (n < wide_steps ? wide : 1.0) * options.reach_mm;
    const Similarity next = stepped(at, pairs_at(moving, surface, at, reach_mm, options));
    if (next.scale > options.max_scale || next.scale < 1.0 / options.max_scale)
      throw NotConverged("cannot fit a similarity: the scale went to " + std::to_string(next.scale));
    const double step = step_mm(at, next, moving);
    at = next;
    if (n >= wide_steps && step < still_mm) break;
  }
  const std::vector<Pair> pairs = pairs_at(moving, surface, at, options.reach_mm, options);
  const TukeyWeights weight(median_of(pairs, &Pair::ahead_mm));
  SimilarityFit fit{at};
  fit.median_mm = median_of(pairs, &Pair::distance_mm);
  double squares = 0.0, found = 0.0, pulling = 0.0;
  for (const Pair& p : pairs) {
    if (!p.found) continue;
    squares += p.distance_mm * p.distance_mm;
    found += 1.0;
    if (weight(p.ahead_mm) > 0.0) pulling += 1.0;
  }
  fit.rms_mm = std::sqrt(squares / found);
  fit.matched_part = pulling / static_cast<double>(moving.size());
  return fit;
}

}  // namespace genu::registration
