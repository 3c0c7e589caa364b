// SPDX-License-Identifier: Apache-2.0
#include "rank.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <genu/core/error.h>

namespace genu::planning {
namespace {

constexpr double merit_step = 1e-6;  // Far above rounding, far below what matters.

bool beats(const Merits& a, const Merits& b) {
  bool better = false;
  for (std::size_t m = 0; m < a.size(); ++m) {
    if (a[m] < b[m]) return false;
    better |= a[m] > b[m];
  }
  return better;
}

}  // namespace

void check(const Weights& w) {
  const std::array all{w.depth, w.risk, w.angle, w.hit};
  double sum = 0.0;
  for (const double v : all) sum += v;
  if (std::all_of(all.begin(), all.end(), [](double v) { return v >= 0.0 && std::isfinite(v); }) && sum > 0.0)
    return;
  std::ostringstream message;
  message << "cannot weigh depth by " << w.depth << ", risk by " << w.risk << ", angle by " << w.angle
          << " and hit by " << w.hit << ": weights are not negative, and not all 0";
  throw InvalidInput(message.str());
}

Scale scale_of(const Approach& approach) {
  const Probe& probe = approach.probe;
  Scale scale{0.0, probe.guidance == Guidance::in_plane, probe.preferred_face_angle_deg,
              probe.max_face_angle_deg, approach.max_skin_angle_deg};
  for (const Needle& n : approach.needles)
    scale.longest_reach_mm = std::max(scale.longest_reach_mm, n.length_mm - approach.hub_reserve_mm);
  return scale;
}

Merits merits_of(const Scorecard& card, const Scale& scale) {
  const double best = scale.preferred_face_angle_deg, most = scale.max_face_angle_deg;
  double angle = 1.0 - card.skin_angle_deg / scale.max_skin_angle_deg;
  if (scale.in_plane)
    angle = !card.view                          ? 0.0
            : card.view->face_angle_deg <= best ? 1.0
                                                : (most - card.view->face_angle_deg) / (most - best);
  Merits merits{1.0 - card.depth_mm / scale.longest_reach_mm, 1.0 - card.risk, angle, card.hit.probability};
  for (double& m : merits) m = merit_step * std::round(std::clamp(m, 0.0, 1.0) / merit_step);
  return merits;
}

double score_of(const Merits& merits, const Weights& w) {
  const std::array weights{w.depth, w.risk, w.angle, w.hit};
  double sum = 0.0, score = 0.0;
  for (std::size_t m = 0; m < merits.size(); ++m) {
    sum += weights[m];
    score += weights[m] * merits[m];
  }
  return merit_step * std::round(score / sum / merit_step);
}

std::vector<bool> pareto_front(const std::vector<Merits>& merits) {
  // In falling order of the first merit only what stands before can beat: the front found so far suffices.
  std::vector<std::size_t> order(merits.size());
  for (std::size_t n = 0; n < order.size(); ++n) order[n] = n;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return merits[a] > merits[b]; });
  std::vector<bool> front(merits.size(), false);
  std::vector<std::size_t> found;
  for (const std::size_t n : order) {
    if (std::any_of(found.begin(), found.end(), [&](std::size_t f) { return beats(merits[f], merits[n]); }))
      continue;
    front[n] = true;
    found.push_back(n);
  }
  return front;
}

bool ranks_before(const NeedlePlan& a, const NeedlePlan& b) {
  if (a.ranked.empty() || b.ranked.empty()) return !a.ranked.empty() && b.ranked.empty();
  return a.ranked.front().score > b.ranked.front().score;
}

void rank_by(NeedlePlan& plan, const Weights& weights) {
  check(weights);
  std::vector<Merits> merits;
  for (const RankedTrajectory& r : plan.ranked) merits.push_back(merits_of(r.card, plan.scale));
  const std::vector<bool> front = pareto_front(merits);
  for (std::size_t r = 0; r < plan.ranked.size(); ++r) {
    plan.ranked[r].pareto = front[r];
    plan.ranked[r].score = score_of(merits[r], weights);
  }
  std::stable_sort(plan.ranked.begin(), plan.ranked.end(),
                   [](const RankedTrajectory& a, const RankedTrajectory& b) {
                     return a.pareto != b.pareto ? a.pareto : a.score > b.score;
                   });
  plan.options.weights = weights;
}

}  // namespace genu::planning
