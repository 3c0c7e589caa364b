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
#include <genu/planning/plan.h>

#include "entries.h"
#include "reasons.h"

namespace genu::planning {
namespace {

// The skin's surface is known to about this; crossings nearer to the entry are the entry itself.
constexpr double skin_depth_mm = 1.0;
// A margin of this much beyond the clearance asked for is as good as any: it is several times the error of a
// segmented surface (under 1 mm), so that more of it should not outweigh a shorter or squarer path.
constexpr double full_margin_mm = 5.0;
constexpr double weight_of_margin = 0.5, weight_of_depth = 0.25, weight_of_angle = 0.25;
constexpr double score_step = 1e-6;  // Far above rounding, far below what matters.
// On flat skin entries lie exactly the spacing apart: rounding must not decide whether that is enough.
constexpr double separation_slack_mm = 1e-6;
// Entries stand in the order of their cubes, so these are near each other.
constexpr std::size_t neighbours_together = 32;
// So many paths are looked at between two looks at the stop token.
constexpr std::size_t paths_between_reports = 2048;

void check(const Target& target, const Approach& approach, const PlanOptions& options) {
  std::ostringstream problem;
  const auto not_negative = [](double v) { return v >= 0.0 && std::isfinite(v); };
  const Vector3 &low = approach.entry_min_mm, &high = approach.entry_max_mm;
  if (!is_finite(target.point))
    problem << "the target is " << target.point;
  else if (target.normal && !is_finite(*target.normal))
    problem << "the target's normal is " << *target.normal;
  else if (!not_negative(target.tolerance_mm))
    problem << "the target's tolerance is " << target.tolerance_mm << " mm";
  else if (!is_finite(low) || !is_finite(high) || !(low.x <= high.x && low.y <= high.y && low.z <= high.z))
    problem << "the approach's window is from " << low << " to " << high << " mm";
  else if (!(approach.max_skin_angle_deg > 0.0 && approach.max_skin_angle_deg < 90.0))
    problem << "max_skin_angle_deg is " << approach.max_skin_angle_deg << ", not between 0 and 90";
  else if (!not_negative(approach.hub_reserve_mm))
    problem << "hub_reserve_mm is " << approach.hub_reserve_mm;
  else if (!std::isfinite(approach.flexion_deg))
    problem << "flexion_deg is " << approach.flexion_deg;
  else if (!not_negative(approach.min_bone_clearance_mm) ||
           !not_negative(approach.min_cartilage_clearance_mm) ||
           !not_negative(approach.min_tendon_clearance_mm) || !not_negative(approach.min_vessel_clearance_mm))
    problem << "a clearance is negative or not finite: bone " << approach.min_bone_clearance_mm
            << ", cartilage " << approach.min_cartilage_clearance_mm << ", tendon "
            << approach.min_tendon_clearance_mm << ", vessel " << approach.min_vessel_clearance_mm << " mm";
  else if (approach.needles.empty())
    problem << "the approach names no needle";
  else if (!(options.entry_spacing_mm > 0.0) || !std::isfinite(options.entry_spacing_mm))
    problem << "entry_spacing_mm is " << options.entry_spacing_mm;
  else if (!not_negative(options.min_separation_mm))
    problem << "min_separation_mm is " << options.min_separation_mm;
  else if (options.max_ranked == 0)
    problem << "max_ranked is 0";
  for (const Needle& n : approach.needles)
    if (problem.str().empty() &&
        (!not_negative(n.diameter_mm) || !(n.length_mm > 0.0) || !std::isfinite(n.length_mm)))
      problem << "the needle '" << n.name << "' is " << n.diameter_mm << " mm thick and " << n.length_mm
              << " mm long";
  if (!problem.str().empty())
    throw InvalidInput("cannot plan to '" + target.name + "' by '" + approach.name + "': " + problem.str());
}

double asked_mm(const Approach& approach, StructureKind kind) {
  switch (kind) {
    case StructureKind::bone:
      return approach.min_bone_clearance_mm;
    case StructureKind::tendon:
    case StructureKind::ligament:
      return approach.min_tendon_clearance_mm;
    case StructureKind::vessel:
    case StructureKind::nerve:
      return approach.min_vessel_clearance_mm;
    case StructureKind::cartilage:
    case StructureKind::meniscus:
      break;
  }
  return approach.min_cartilage_clearance_mm;
}

Rejection rejection_by(StructureKind kind) {
  switch (kind) {
    case StructureKind::bone:
      return Rejection::near_bone;
    case StructureKind::cartilage:
      return Rejection::cartilage;
    case StructureKind::tendon:
    case StructureKind::ligament:
      return Rejection::tendon;
    case StructureKind::vessel:
    case StructureKind::nerve:
      return Rejection::vessel;
    case StructureKind::meniscus:
      break;
  }
  return Rejection::meniscus;
}

/// What is known of the distances of neighbouring paths, so that few of them need to be measured.
///
/// Paths to one target differ by no more than their entries do: from the exact distance of one, the first,
/// follows a lower bound for its neighbours, and a structure far away is measured once.
class Neighbours {
 public:
  Neighbours(const ClearanceField& field, const Trajectory& first)
      : field_(field), first_(first), of_first_(field.anatomy().structures.size(), unknown) {}

  void turn_to(const Trajectory& path) {
    path_ = path;
    of_path_.assign(of_first_.size(), unknown);
  }

  /// Returns the distance of the part of the path that ends at `end` from a structure, or a lower bound of it
  /// that is at least `enough_mm`. `end` is the target or where clearance ceases to be asked for, which
  /// moves no further than the entry does; `first_end` is that of the first path.
  double at_least(std::size_t s, const Point3& end, const Point3& first_end, double enough_mm) {
    if (!std::isnan(of_path_[s])) return of_path_[s];
    if (const double apart = field_.axis_distance_at_least_mm(s, path_.entry, end); apart >= enough_mm)
      return apart;
    if (std::isnan(of_first_[s])) of_first_[s] = field_.axis_distance_mm(s, first_.entry, first_end);
    if (const double bound = of_first_[s] - distance(first_.entry, path_.entry); bound >= enough_mm)
      return bound;
    return of_path_[s] = field_.axis_distance_mm(s, path_.entry, end);
  }

  const Trajectory& first() const { return first_; }

 private:
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const ClearanceField& field_;
  Trajectory first_, path_;
  std::vector<double> of_first_, of_path_;
};

/// Checks paths to one target, cheapest checks first. Const: any number of threads may ask.
class Examiner {
 public:
  Examiner(const ClearanceField& field, const Target& target, const Approach& approach)
      : field_(field), target_(target), approach_(approach) {
    for (const Needle& n : approach.needles)
      longest_reach_mm_ = std::max(longest_reach_mm_, n.length_mm - approach.hub_reserve_mm);
    const auto& structures = field.anatomy().structures;
    // One kind after the other, as the reasons are listed.
    for (std::size_t s = 0; s < structures.size(); ++s) order_.push_back(s);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return structures[a].kind < structures[b].kind; });
  }

  /// Returns why the path from this entry is not safe, or nothing; sets what is known of its scorecard.
  std::optional<Refusal> examine(const Entry& entry, Neighbours& known, Scorecard& card) const {
    card.depth_mm = distance(entry.point, target_.point);
    const Trajectory path{entry.point, target_.point};
    card.skin_angle_deg = card.depth_mm > 0.0 ? angle_deg(path.target - path.entry, -entry.outward) : 0.0;
    if (card.skin_angle_deg > approach_.max_skin_angle_deg)
      return Refusal{Rejection::skin_angle, {}, card.skin_angle_deg, approach_.max_skin_angle_deg, false};
    card.needle = shortest_needle(card.depth_mm);
    if (!card.needle)
      return Refusal{Rejection::needle_too_short, {}, card.depth_mm, longest_reach_mm_, false};
    if (const auto at = leaves_body_at(path)) return Refusal{Rejection::leaves_body, {}, *at, 0.0, false};
    if (auto refusal = bone_in_the_way(path)) return refusal;
    known.turn_to(path);
    for (const std::size_t s : order_)
      if (auto refusal = too_near(s, path, 0.5 * card.needle->diameter_mm, known)) return refusal;
    return std::nullopt;
  }

  /// Returns the clearance to every structure, nearest first; each of the part of the path it is asked for.
  std::vector<Clearance> clearances(const Trajectory& path, double diameter_mm) const {
    std::vector<Clearance> result = field_.clearances(path, diameter_mm);
    if (!target_.on_cartilage) return result;
    const auto upto_target =
        field_.clearances({path.entry, end_of_asking(path, StructureKind::cartilage)}, diameter_mm);
    for (Clearance& c : result)
      for (const Clearance& other : upto_target)
        if (c.kind == StructureKind::cartilage && c.structure == other.structure) c = other;
    std::sort(result.begin(), result.end(), [](const Clearance& a, const Clearance& b) {
      return std::tie(a.distance_mm, a.structure) < std::tie(b.distance_mm, b.structure);
    });
    return result;
  }

  /// Rounded to `score_step`, so that paths alike by symmetry tie, and are ranked by place, in every pose.
  /// Only of the path examined last.
  double score(const Trajectory& path, const Scorecard& card, Neighbours& known) const {
    const auto& structures = field_.anatomy().structures;
    double margin = structures.empty() ? 0.0 : 1.0;
    for (std::size_t s = 0; s < structures.size(); ++s) {
      const StructureKind kind = structures[s].kind;
      const double asked = asked_mm(approach_, kind) + 0.5 * card.needle->diameter_mm;
      const double apart = known.at_least(s, end_of_asking(path, kind), end_of_asking(known.first(), kind),
                                          asked + margin * full_margin_mm);
      margin = std::min(margin, std::max(0.0, (apart - asked) / full_margin_mm));
    }
    const double depth = std::clamp(1.0 - card.depth_mm / longest_reach_mm_, 0.0, 1.0);
    const double square = std::clamp(1.0 - card.skin_angle_deg / approach_.max_skin_angle_deg, 0.0, 1.0);
    const double score = weight_of_margin * margin + weight_of_depth * depth + weight_of_angle * square;
    return score_step * std::round(score / score_step);
  }

 private:
  std::optional<Needle> shortest_needle(double depth_mm) const {
    std::optional<Needle> best;
    for (const Needle& n : approach_.needles)
      if (n.length_mm - approach_.hub_reserve_mm >= depth_mm && (!best || n.length_mm < best->length_mm))
        best = n;
    return best;
  }

  std::optional<double> leaves_body_at(const Trajectory& path) const {
    const double depth = path.length_mm();
    if (depth <= skin_depth_mm) return std::nullopt;
    const Point3 inside = lerp(path.entry, path.target, skin_depth_mm / depth);
    const auto out = field_.skin()->first_crossing(inside, path.target);
    return out ? std::optional(skin_depth_mm + out->distance_mm) : std::nullopt;
  }

  std::optional<Refusal> bone_in_the_way(const Trajectory& path) const {
    for (const std::size_t s : order_) {
      const Structure& structure = field_.anatomy().structures[s];
      if (structure.kind != StructureKind::bone ||
          field_.axis_distance_at_least_mm(s, path.entry, path.target) > 0.0)
        continue;
      if (const auto at = field_.first_crossing_mm(s, path.entry, path.target))
        return Refusal{Rejection::crosses_bone, structure.name, *at, 0.0, false};
    }
    return std::nullopt;
  }

  // Clearance to cartilage is asked up to the tolerance of a target on cartilage, otherwise of the whole
  // path.
  Point3 end_of_asking(const Trajectory& path, StructureKind kind) const {
    if (!target_.on_cartilage || kind != StructureKind::cartilage) return path.target;
    const double depth = path.length_mm();
    return depth > target_.tolerance_mm ? lerp(path.entry, path.target, 1.0 - target_.tolerance_mm / depth)
                                        : path.entry;
  }

  std::optional<Refusal> too_near(std::size_t s, const Trajectory& path, double radius_mm,
                                  Neighbours& known) const {
    const Structure& structure = field_.anatomy().structures[s];
    const double asked = asked_mm(approach_, structure.kind);
    const Point3 end = end_of_asking(path, structure.kind);
    const Rejection reason = rejection_by(structure.kind);
    const double enough = asked + radius_mm;
    const double apart = known.at_least(s, end, end_of_asking(known.first(), structure.kind), enough);
    if (apart < enough) return Refusal{reason, structure.name, apart - radius_mm, asked, false};
    if (end == path.target || target_.surface.empty() || structure.name == target_.surface)
      return std::nullopt;
    if (!field_.first_crossing_mm(s, end, path.target)) return std::nullopt;
    return Refusal{reason, structure.name, 0.0, target_.tolerance_mm, true};
  }

  const ClearanceField& field_;
  const Target& target_;
  const Approach& approach_;
  double longest_reach_mm_ = 0.0;
  std::vector<std::size_t> order_;
};

struct Examined {
  Scorecard card;
  std::optional<Refusal> refusal;
  double score = 0.0;
};

std::vector<Examined> examine_all(const ClearanceField& field, const Examiner& examiner,
                                  const std::vector<Entry>& entries, const Target& target, unsigned threads,
                                  const Progress& progress) {
  std::vector<Examined> examined(entries.size());
  for (std::size_t first = 0; first < entries.size(); first += paths_between_reports) {
    progress.report("planning to " + target.name,
                    0.3 + 0.7 * static_cast<double>(first) / static_cast<double>(entries.size()));
    parallel_for(
        std::min(paths_between_reports, entries.size() - first),
        [&](std::size_t begin, std::size_t end) {
          Neighbours known(field, {entries[first + begin].point, target.point});
          for (std::size_t e = first + begin; e < first + end; ++e) {
            examined[e].refusal = examiner.examine(entries[e], known, examined[e].card);
            if (!examined[e].refusal)
              examined[e].score = examiner.score({entries[e].point, target.point}, examined[e].card, known);
          }
        },
        threads, neighbours_together);
  }
  return examined;
}

// Returns the places of the paths to return: the best first, each far enough from all better ones.
std::vector<std::size_t> best_apart(const std::vector<Entry>& entries, const std::vector<Examined>& examined,
                                    const PlanOptions& options) {
  std::vector<std::size_t> safe;
  for (std::size_t e = 0; e < examined.size(); ++e)
    if (!examined[e].refusal) safe.push_back(e);
  std::stable_sort(safe.begin(), safe.end(),
                   [&](std::size_t a, std::size_t b) { return examined[a].score > examined[b].score; });
  std::vector<std::size_t> kept;
  for (const std::size_t e : safe) {
    if (kept.size() == options.max_ranked) break;
    const bool apart = std::all_of(kept.begin(), kept.end(), [&](std::size_t k) {
      return distance(entries[e].point, entries[k].point) >= options.min_separation_mm - separation_slack_mm;
    });
    if (apart) kept.push_back(e);
  }
  return kept;
}

}  // namespace

NeedlePlan plan_needle(const ClearanceField& field, const Target& target, const Approach& approach,
                       const PlanOptions& options, const Progress& progress) {
  check(target, approach, options);
  NeedlePlan plan;
  plan.target = target;
  plan.approach = approach.name;
  plan.limits = limits_of(field.anatomy(), approach);
  if (!field.skin()) {
    plan.reasons = {
        "No plan: the skin is not known (" + field.anatomy().skin_source +
        "), so there is no place to enter. An image, or labels with skin, would have to be given."};
    return plan;
  }
  progress.report("planning to " + target.name, 0.0);
  const auto entries = find_entries(field, target.point, approach, options.entry_spacing_mm, options.threads);
  const Examiner examiner(field, target, approach);
  auto examined = examine_all(field, examiner, entries, target, options.threads, progress);

  for (const std::size_t e : best_apart(entries, examined, options)) {
    RankedTrajectory best{{entries[e].point, target.point}, examined[e].card, examined[e].score};
    best.card.clearances = examiner.clearances(best.path, best.card.needle->diameter_mm);
    plan.ranked.push_back(std::move(best));
  }
  std::vector<Refusal> refusals;
  for (std::size_t e = 0; e < entries.size(); ++e) {
    if (!examined[e].refusal) continue;
    const Refusal& refusal = *examined[e].refusal;
    plan.rejected.push_back(
        {{entries[e].point, target.point}, refusal.reason, detail_of(refusal), refusal.structure});
    refusals.push_back(refusal);
  }
  plan.safe = entries.size() - refusals.size();
  plan.reasons = reasons_of(entries.size(), plan.safe, plan.ranked.size(), refusals, options);
  progress.report("planning to " + target.name, 1.0);
  return plan;
}

NeedlePlan plan_needle(const Anatomy& anatomy, const Target& target, const Approach& approach,
                       const PlanOptions& options, const Progress& progress) {
  check(target, approach, options);
  return plan_needle(ClearanceField(anatomy, options.threads), target, approach, options, progress);
}

}  // namespace genu::planning
