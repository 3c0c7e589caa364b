// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/planning/plan.h>

#include "draws.h"
#include "entries.h"
#include "examine.h"
#include "rank.h"
#include "reasons.h"

namespace genu::planning {
namespace {

// On flat skin entries lie exactly the spacing apart: rounding must not decide whether that is enough.
constexpr double separation_slack_mm = 1e-6;
// Paths that one thread takes at a time.
constexpr std::size_t paths_together = 32;
// So many paths are looked at between two looks at the stop token.
constexpr std::size_t paths_between_reports = 2048;
// Enough draws to choose by: to 3 % or better, the same draws for all.
constexpr unsigned draws_to_choose = 250;
// A needle begins on the skin to this.
constexpr double on_skin_mm = 1.0;

void check(const Target& target, const Approach& approach, const PlanOptions& options) {
  std::ostringstream problem;
  const auto not_negative = [](double v) { return v >= 0.0 && std::isfinite(v); };
  if (!is_finite(target.point) ||
      !std::all_of(target.points.begin(), target.points.end(), [](const Point3& p) { return is_finite(p); }))
    problem << "the target is " << target.point << ", or another of its places is not finite";
  else if (target.normal && !(is_finite(*target.normal) && std::abs(length(*target.normal) - 1.0) < 1e-3))
    problem << "the target's normal is " << *target.normal << ", no unit vector";
  else if (!not_negative(target.tolerance_mm))
    problem << "the target's tolerance is " << target.tolerance_mm << " mm";
  else if (!(options.entry_spacing_mm > 0.0) || !std::isfinite(options.entry_spacing_mm))
    problem << "entry_spacing_mm is " << options.entry_spacing_mm;
  else if (!not_negative(options.min_separation_mm))
    problem << "min_separation_mm is " << options.min_separation_mm;
  else if (!not_negative(options.estimated_margin_sd))
    problem << "estimated_margin_sd is " << options.estimated_margin_sd;
  else if (options.max_ranked == 0)
    problem << "max_ranked is 0";
  if (!problem.str().empty())
    throw InvalidInput("cannot plan to '" + target.name + "' by '" + approach.name + "': " + problem.str());
  check(approach);
  check(options.errors);
  check(options.weights);
}

/// Returns the vessels and nerves that the literature warns of on this way, and that are not known here.
std::string unknown_risks(const Anatomy& anatomy, const Approach& approach) {
  std::string names;
  for (const std::string& name : approach.at_risk) {
    const auto kind = kind_of_structure(name);
    if (kind != StructureKind::vessel && kind != StructureKind::nerve) continue;
    if (std::find(anatomy.missing.begin(), anatomy.missing.end(), name) != anatomy.missing.end())
      names += (names.empty() ? "" : ", ") + spaced(name);
  }
  return names;
}

/// Returns true if a point lies in the air beside the skin.
bool is_outside(const ClearanceField& field, const Point3& p) {
  const surface::SurfacePoint on_skin = field.skin()->closest(p);
  // Beyond the end of an open skin the way to it runs along it, and tells nothing.
  constexpr double across = 0.7;
  return on_skin.distance_mm > on_skin_mm &&
         dot(p - on_skin.point, field.skin_normal(on_skin)) > across * on_skin.distance_mm;
}

/// Returns why there can be no plan at all, or an empty text.
std::string hindrance(const ClearanceField& field, const Target& target, const Approach& approach) {
  const Anatomy& anatomy = field.anatomy();
  if (!field.skin())
    return "No plan: the skin is not known (" + anatomy.skin_source +
           "), so there is no place to enter. An image, or labels with skin, would have to be given.";
  for (std::size_t s = 0; s < anatomy.structures.size(); ++s)
    if (anatomy.structures[s].kind == StructureKind::bone && field.contains(s, target.point))
      return "No plan: the target lies inside the " + spaced(anatomy.structures[s].name) + ", " +
             fixed(field.distance_mm(s, target.point), 1) +
             " mm beneath its surface. It would have to be moved out of the bone.";
  if (is_outside(field, target.point))
    return "No plan: the target lies outside of the body, " +
           fixed(field.skin()->closest(target.point).distance_mm, 1) + " mm from the skin.";
  if (const std::string unknown = unknown_risks(anatomy, approach); !unknown.empty())
    return "No plan: " + unknown +
           ", at risk on this way, can be neither seen nor estimated in this knee. Labels that hold them, or "
           "bones that the anatomy table fits, would have to be given.";
  if (!origin_of(approach.entry, anatomy, target.point))
    return "No plan: the approach starts from the patella, which is not in the labels.";
  return "";
}

/// Returns the target as a tip may use it: beyond the tolerance of all of its places nothing may be neared or
/// entered for its sake.
Target as_reached_by(const Target& target, const Point3& tip) {
  const std::vector<Point3> places = places_of(target);
  constexpr double rounding_mm = 1e-6;
  const bool reached = std::any_of(places.begin(), places.end(), [&](const Point3& p) {
    return distance(p, tip) <= target.tolerance_mm + rounding_mm;
  });
  Target asked = target;
  // The recess is a cavity: what ends in it elsewhere has delivered, and nothing is exempt there.
  if (!reached && target.kind != TargetKind::recess) {
    asked.kind = TargetKind::point;
    asked.surface.clear();
  }
  return asked;
}

struct Examined {
  Trajectory path;
  Scorecard card;
  std::optional<Refusal> refusal;
};

/// Every path from an entry to one of the target's places.
std::vector<Examined> examine_all(const Examiner& examiner, const std::vector<Entry>& entries,
                                  const Target& target, const PlanOptions& options,
                                  const Progress& progress) {
  const std::vector<Point3> places = places_of(target);
  ErrorModel few = options.errors;
  few.samples = std::min(few.samples, draws_to_choose);
  const Draws draws(few);
  std::vector<Examined> examined(entries.size() * places.size());
  for (std::size_t first = 0; first < examined.size(); first += paths_between_reports) {
    progress.report("planning to " + target.name,
                    0.2 + 0.7 * static_cast<double>(first) / static_cast<double>(examined.size()));
    const auto entry_of = [&](std::size_t n) -> const Entry& { return entries[n % entries.size()]; };
    const auto place_of = [&](std::size_t n) -> const Point3& { return places[n / entries.size()]; };
    parallel_for(
        std::min(paths_between_reports, examined.size() - first),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t n = first + begin; n < first + end; ++n) {
            Examined& e = examined[n];
            e.path = {entry_of(n).point, place_of(n)};
            e.refusal = examiner.examine(entry_of(n), place_of(n), e.card);
            if (!e.refusal) examiner.estimate(e.path, draws, e.card);
          }
        },
        options.threads, paths_together);
  }
  return examined;
}

/// Returns the places of the paths to return: those on the Pareto front first, each entry far enough from all
/// that are better. By the weights that ship, so that a user's own only change the order.
std::vector<std::size_t> best_apart(const std::vector<Examined>& examined, const Scale& scale,
                                    const PlanOptions& options) {
  std::vector<std::size_t> safe;
  std::vector<Merits> merits;
  for (std::size_t e = 0; e < examined.size(); ++e)
    if (!examined[e].refusal) {
      safe.push_back(e);
      merits.push_back(merits_of(examined[e].card, scale));
    }
  const std::vector<bool> front = pareto_front(merits);
  std::vector<std::size_t> order(safe.size());
  for (std::size_t n = 0; n < order.size(); ++n) order[n] = n;
  std::vector<double> scores;
  scores.reserve(merits.size());
  for (const Merits& m : merits) scores.push_back(score_of(m, Weights{}));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return front[a] != front[b] ? front[a] : scores[a] > scores[b];
  });
  std::vector<std::size_t> kept;
  for (const std::size_t n : order) {
    if (kept.size() == options.max_ranked) break;
    const Point3& entry = examined[safe[n]].path.entry;
    const bool apart = std::all_of(kept.begin(), kept.end(), [&](std::size_t k) {
      return distance(entry, examined[k].path.entry) >= options.min_separation_mm - separation_slack_mm;
    });
    if (apart) kept.push_back(safe[n]);
  }
  return kept;
}

RejectedTrajectory rejected_by(const Trajectory& path, const Refusal& refusal) {
  return {path, refusal.reason, detail_of(refusal), refusal.structure};
}

/// Returns how many checks a path passed before it was refused.
int check_order(Rejection reason) {
  switch (reason) {
    case Rejection::needle_too_short:
      return 0;
    case Rejection::skin_angle:
      return 1;
    case Rejection::leaves_body:
      return 2;
    case Rejection::crosses_bone:
      return 3;
    case Rejection::not_seen:
      return 5;
    default:
      return 4;
  }
}

/// Returns one path for each entry that none of its paths is safe from: the one that came furthest in the
/// order of the checks, the shortest of these. In the order of reasons, then structures.
std::vector<RejectedTrajectory> rejected_entries(const std::vector<Examined>& examined, std::size_t entries) {
  std::vector<std::pair<std::size_t, RejectedTrajectory>> rejected;  // With the number of its place.
  for (std::size_t entry = 0; entry < entries; ++entry) {
    const Examined* best = nullptr;
    for (std::size_t n = entry; n < examined.size(); n += entries) {
      const Examined& e = examined[n];
      if (!e.refusal) {
        best = nullptr;
        break;
      }
      const auto order = [](const Examined& x) {
        return std::pair(check_order(x.refusal->reason), -x.card.depth_mm);
      };
      if (!best || order(e) > order(*best)) best = &e;
    }
    if (best)
      rejected.emplace_back(static_cast<std::size_t>(best - examined.data()) / entries,
                            rejected_by(best->path, *best->refusal));
  }
  std::stable_sort(rejected.begin(), rejected.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.reason, a.second.structure, a.first) <
           std::tie(b.second.reason, b.second.structure, b.first);
  });
  std::vector<RejectedTrajectory> result;
  result.reserve(rejected.size());
  for (auto& [place, trajectory] : rejected) result.push_back(std::move(trajectory));
  return result;
}

}  // namespace

NeedlePlan plan_needle(const ClearanceField& field, const Target& target, const Approach& approach,
                       const PlanOptions& options, const Progress& progress) {
  check(target, approach, options);
  NeedlePlan plan;
  plan.target = target;
  plan.approach = approach.name;
  plan.options = options;
  plan.scale = scale_of(approach);
  plan.limits = limits_of(field.anatomy(), target, approach, options);
  if (std::string why = hindrance(field, target, approach); !why.empty()) {
    plan.reasons = {std::move(why)};
    return plan;
  }
  progress.report("planning to " + target.name, 0.0);
  const Point3 origin = *origin_of(approach.entry, field.anatomy(), target.point);
  const auto entries = find_entries(field, origin, approach.entry, options.entry_spacing_mm, options.threads);
  const Examiner examiner(field, target, approach, options);
  std::vector<Examined> examined = examine_all(examiner, entries, target, options, progress);

  for (const std::size_t e : best_apart(examined, plan.scale, options))
    plan.ranked.push_back({examined[e].path, examined[e].card, false, 0.0});
  const Draws draws(options.errors);
  parallel_for(
      plan.ranked.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r)
          examiner.complete(plan.ranked[r].path, draws, plan.ranked[r].card);
      },
      options.threads, 1);
  rank_by(plan, options.weights);

  std::vector<Refusal> refusals;
  for (const Examined& e : examined)
    if (e.refusal) refusals.push_back(*e.refusal);
  plan.examined = examined.size();
  plan.safe = examined.size() - refusals.size();
  plan.rejected = rejected_entries(examined, entries.size());
  plan.reasons =
      reasons_of({entries.size(), plan.examined, plan.safe, plan.ranked.size()}, refusals, options);
  progress.report("planning to " + target.name, 1.0);
  return plan;
}

NeedlePlan plan_needle(const Anatomy& anatomy, const Target& target, const Approach& approach,
                       const PlanOptions& options, const Progress& progress) {
  check(target, approach, options);
  return plan_needle(ClearanceField(anatomy, options.threads), target, approach, options, progress);
}

std::string hindrance(const cartilage::CartilageReport& report) {
  if (report.side_source == "option") return "";
  for (const std::string& flag : report.flags)
    if (flag.starts_with("side in doubt")) return "No plan: " + flag + ". Measure again with --side.";
  return "";
}

JudgedTrajectory judge(const ClearanceField& field, const Target& target, const Approach& approach,
                       const Trajectory& path, const PlanOptions& options) {
  check(target, approach, options);
  if (!is_finite(path.entry) || !is_finite(path.target) || !(path.length_mm() > 0.0)) {
    std::ostringstream message;
    message << "cannot judge a needle from " << path.entry << " to " << path.target;
    throw InvalidInput(message.str());
  }
  if (!field.skin())
    throw InvalidInput("cannot judge a needle: the skin is not known (" + field.anatomy().skin_source + ")");
  const auto on_skin = field.skin()->closest(path.entry);
  if (on_skin.distance_mm > on_skin_mm)
    throw InvalidInput("cannot judge a needle: its entry lies " + fixed(on_skin.distance_mm, 1) +
                       " mm off the skin");
  const Target asked = as_reached_by(target, path.target);
  const Examiner examiner(field, asked, approach, options);
  JudgedTrajectory judged{{path, {}, false, 0.0}, std::nullopt};
  Scorecard& card = judged.trajectory.card;
  if (const auto refusal = examiner.examine({path.entry, field.skin_normal(on_skin)}, path.target, card))
    judged.refusal = rejected_by(path, *refusal);
  card.depth_mm = path.length_mm();
  card.skin_angle_deg = angle_deg(path.target - path.entry, -field.skin_normal(on_skin));
  examiner.complete(path, Draws(options.errors), card);
  judged.trajectory.score = score_of(merits_of(card, scale_of(approach)), options.weights);
  return judged;
}

}  // namespace genu::planning
