// SPDX-License-Identifier: Apache-2.0
#include "examine.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>

#include "rank.h"

namespace genu::planning {
namespace {

// The skin's surface is known to about this; crossings nearer to the entry are the entry itself.
constexpr double skin_depth_mm = 1.0;
// A structure farther off than this many standard deviations adds less than 1 in 30000 to the risk.
constexpr double far_sd = 4.0;
// Places along the needle at which the room for a cone is looked at.
constexpr double cone_step_mm = 1.0;
// Nearer to the skin than this every needle passes whatever lies there: the cone has no width yet.
constexpr double cone_begin_mm = 5.0;
constexpr double infinity = std::numeric_limits<double>::infinity();

Rejection rejection_by(StructureKind kind) {
  switch (kind) {
    case StructureKind::bone:
      return Rejection::near_bone;
    case StructureKind::cartilage:
      return Rejection::cartilage;
    case StructureKind::tendon:
      return Rejection::tendon;
    case StructureKind::ligament:
      return Rejection::ligament;
    case StructureKind::vessel:
      return Rejection::vessel;
    case StructureKind::nerve:
      return Rejection::nerve;
    case StructureKind::meniscus:
      break;
  }
  return Rejection::meniscus;
}

Refusal refusal_by(const Structure& structure, Rejection reason, double value, double asked) {
  Refusal refusal{reason, structure.name, value, asked};
  refusal.estimated = structure.source == "estimated";
  return refusal;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Examiner::Examiner(const ClearanceField& field, const Target& target, const Approach& approach,
                   const PlanOptions& options)
    : field_(field), target_(target), approach_(approach), options_(options) {
  longest_reach_mm_ = scale_of(approach).longest_reach_mm - field.anatomy().skin_sd_mm;
  const auto& structures = field.anatomy().structures;
  for (std::size_t s = 0; s < structures.size(); ++s) {
    order_.push_back(s);
    const Asked asked = asked_of(structures[s]);
    asked_.push_back(asked);
    asked_of_all_.push_back(asked.spared && !asked.upto_target ? asked.clearance_mm : -infinity);
    asked_upto_.push_back(asked.spared && asked.upto_target ? asked.clearance_mm : -infinity);
  }
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return structures[a].kind < structures[b].kind; });
}

Examiner::Asked Examiner::asked_of(const Structure& structure) const {
  Asked asked;
  asked.clearance_mm = approach_.asked_of(structure);
  if (structure.kind == StructureKind::vessel || structure.kind == StructureKind::nerve)
    asked.clearance_mm += options_.estimated_margin_sd * structure.position_sd_mm;
  const bool entered = structure.name == target_.surface &&
                       (structure.kind == StructureKind::meniscus || structure.kind == StructureKind::tendon);
  asked.spared = !entered && !contains(approach_.may_cross, structure.name);
  asked.upto_target = lies_among_surfaces(target_) &&
                      (structure.kind == StructureKind::cartilage || structure.kind == StructureKind::bone ||
                       structure.kind == StructureKind::meniscus);
  return asked;
}

std::optional<Refusal> Examiner::examine(const Entry& entry, const Point3& place, Scorecard& card) const {
  card.depth_mm = distance(entry.point, place);
  const Trajectory path{entry.point, place};
  card.needle = shortest_needle(card.depth_mm);
  if (!card.needle) return Refusal{Rejection::needle_too_short, {}, card.depth_mm, longest_reach_mm_};
  card.skin_angle_deg = card.depth_mm > 0.0 ? angle_deg(path.target - path.entry, -entry.outward) : 0.0;
  if (card.skin_angle_deg > approach_.max_skin_angle_deg)
    return Refusal{Rejection::skin_angle, {}, card.skin_angle_deg, approach_.max_skin_angle_deg};
  if (const auto at = leaves_body_at(path)) return Refusal{Rejection::leaves_body, {}, *at, 0.0};
  if (auto refusal = bone_in_the_way(path)) return refusal;
  if (!keeps_clear(path, radius_mm(card)))
    for (const std::size_t s : order_)
      if (auto refusal = too_near(s, path, radius_mm(card))) return refusal;
  for (const std::size_t s : order_)
    if (auto refusal = crossed_near_target(s, path)) return refusal;
  if (approach_.probe.guidance == Guidance::none) return std::nullopt;
  const auto placed = place_probe(field_, path, approach_.probe);
  if (const auto* problem = std::get_if<ViewProblem>(&placed)) {
    Refusal refusal{Rejection::not_seen, {}, 0.0, approach_.probe.max_face_angle_deg};
    refusal.problem = *problem;
    return refusal;
  }
  card.view = std::get<ProbeView>(placed);
  return std::nullopt;
}

void Examiner::complete(const Trajectory& path, const Draws& draws, Scorecard& card) const {
  if (!card.needle) card.needle = shortest_needle(card.depth_mm);
  if (!card.view && approach_.probe.guidance != Guidance::none) {
    const auto placed = place_probe(field_, path, approach_.probe);
    if (const auto* view = std::get_if<ProbeView>(&placed)) card.view = *view;
  }
  const double radius = card.needle ? radius_mm(card) : 0.0;
  const auto& structures = field_.anatomy().structures;
  card.clearances.clear();
  double untouched = 1.0;
  for (std::size_t s = 0; s < structures.size(); ++s) {
    const Structure& structure = structures[s];
    const double clearance = field_.axis_distance_mm(s, path.entry, end_of_asking(path, s)) - radius;
    Clearance row{structure.name, structure.kind, clearance, structure.source, structure.position_sd_mm};
    if (asked_[s].spared) row.asked_mm = asked_[s].clearance_mm;
    row.touch = chance_to_touch(clearance, card.depth_mm, structure.position_sd_mm, options_.errors);
    if (is_at_risk(s)) untouched *= 1.0 - row.touch;
    card.clearances.push_back(std::move(row));
  }
  card.risk = 1.0 - untouched;
  std::sort(card.clearances.begin(), card.clearances.end(), [](const Clearance& a, const Clearance& b) {
    return std::tie(a.distance_mm, a.structure) < std::tie(b.distance_mm, b.structure);
  });
  card.tissues = tissues_along(field_, path);
  card.free_cone_deg = free_cone_deg(path, card);
  const double far = far_sd * spread_mm(card.depth_mm, options_.errors);
  card.hit =
      chance_of(Aim(field_, target_, path), draws, field_.bone_nearer_than(far, path.entry, path.target));
}

void Examiner::estimate(const Trajectory& path, const Draws& draws, Scorecard& card) const {
  const auto& structures = field_.anatomy().structures;
  const double radius = radius_mm(card), spread = spread_mm(card.depth_mm, options_.errors);
  double untouched = 1.0;
  for (std::size_t s = 0; s < structures.size(); ++s) {
    if (!is_at_risk(s)) continue;
    const double far = far_sd * std::hypot(spread, structures[s].position_sd_mm) + radius;
    const double apart = field_.axis_distance_mm(s, path.entry, path.target, far);
    if (apart < far)
      untouched *=
          1.0 - chance_to_touch(apart - radius, card.depth_mm, structures[s].position_sd_mm, options_.errors);
  }
  card.risk = 1.0 - untouched;
  card.hit = chance_of(Aim(field_, target_, path), draws, false);
}

bool Examiner::is_at_risk(std::size_t s) const {
  return asked_[s].spared && !asked_[s].upto_target &&
         field_.anatomy().structures[s].kind != StructureKind::bone;
}

std::optional<Needle> Examiner::shortest_needle(double depth_mm) const {
  std::optional<Needle> best;
  for (const Needle& n : approach_.needles)
    if (n.length_mm - approach_.hub_reserve_mm - field_.anatomy().skin_sd_mm >= depth_mm &&
        (!best || n.length_mm < best->length_mm))
      best = n;
  return best;
}

double Examiner::radius_mm(const Scorecard& card) const {
  return 0.5 * card.needle->diameter_mm + 0.01 * card.needle->bend_percent * card.depth_mm;
}

std::optional<double> Examiner::leaves_body_at(const Trajectory& path) const {
  const double depth = path.length_mm();
  if (depth <= skin_depth_mm) return std::nullopt;
  const Point3 inside = lerp(path.entry, path.target, skin_depth_mm / depth);
  const auto out = field_.skin()->first_crossing(inside, path.target);
  return out ? std::optional(skin_depth_mm + out->distance_mm) : std::nullopt;
}

std::optional<Refusal> Examiner::bone_in_the_way(const Trajectory& path) const {
  for (const std::size_t s : order_) {
    const Structure& structure = field_.anatomy().structures[s];
    if (structure.kind != StructureKind::bone ||
        field_.axis_distance_at_least_mm(s, path.entry, path.target) > 0.0)
      continue;
    if (const auto at = field_.first_crossing_mm(s, path.entry, path.target))
      return refusal_by(structure, Rejection::crosses_bone, *at, 0.0);
  }
  return std::nullopt;
}

// Clearance to surfaces that a target lies among is asked up to its tolerance, otherwise of the whole path.
Point3 Examiner::end_of_asking(const Trajectory& path, std::size_t s) const {
  if (!asked_[s].upto_target) return path.target;
  const double depth = path.length_mm();
  return depth > target_.tolerance_mm ? lerp(path.entry, path.target, 1.0 - target_.tolerance_mm / depth)
                                      : path.entry;
}

bool Examiner::keeps_clear(const Trajectory& path, double radius_mm) const {
  // Distances are to surfaces: a needle that lies wholly inside of something is far from them, and not clear.
  for (const std::size_t s : order_)
    if (asked_[s].spared && field_.contains(s, end_of_asking(path, s))) return false;
  const surface::Obstacles& obstacles = field_.obstacles();
  if (obstacles.least_margin(path.entry, path.target, asked_of_all_, radius_mm)) return false;
  if (!lies_among_surfaces(target_)) return true;
  const double depth = path.length_mm();
  const double part = std::max(0.0, 1.0 - target_.tolerance_mm / depth);
  return !obstacles.least_margin(path.entry, lerp(path.entry, path.target, part), asked_upto_, radius_mm);
}

std::optional<Refusal> Examiner::too_near(std::size_t s, const Trajectory& path, double radius_mm) const {
  if (!asked_[s].spared) return std::nullopt;
  const Structure& structure = field_.anatomy().structures[s];
  const double asked = asked_[s].clearance_mm, enough = asked + radius_mm;
  const double apart = field_.axis_distance_mm(s, path.entry, end_of_asking(path, s), enough);
  if (apart >= enough) return std::nullopt;
  return refusal_by(structure, rejection_by(structure.kind), apart - radius_mm, asked);
}

// Bone is not crossed anywhere: that was checked before.
std::optional<Refusal> Examiner::crossed_near_target(std::size_t s, const Trajectory& path) const {
  const Structure& structure = field_.anatomy().structures[s];
  if (!asked_[s].spared || !asked_[s].upto_target || structure.kind == StructureKind::bone)
    return std::nullopt;
  const bool may_be_met = structure.kind == StructureKind::cartilage &&
                          (target_.surface.empty() ? target_.kind == TargetKind::cartilage_lesion
                                                   : structure.name == target_.surface);
  if (may_be_met || !field_.first_crossing_mm(s, end_of_asking(path, s), path.target)) return std::nullopt;
  Refusal refusal = refusal_by(structure, rejection_by(structure.kind), 0.0, target_.tolerance_mm);
  refusal.near_target = true;
  return refusal;
}

double Examiner::free_cone_deg(const Trajectory& path, const Scorecard& card) const {
  const double depth = path.length_mm();
  // The nearest first: what is far from the whole needle is far from every place of it.
  std::vector<std::pair<double, std::size_t>> nearest;
  for (const std::size_t s : order_)
    if (asked_[s].spared)
      nearest.emplace_back(std::max(0.0, field_.axis_distance_mm(s, path.entry, end_of_asking(path, s))), s);
  std::sort(nearest.begin(), nearest.end());
  const double radius = card.needle ? radius_mm(card) : 0.0;
  double least = infinity;
  for (const auto& [nearest_mm, number] : nearest) {
    const double apart = nearest_mm;  // clang 14 captures no binding
    const std::size_t s = number;
    const double end = distance(path.entry, end_of_asking(path, s));
    if (!(end > 0.0) || (apart - radius) / end >= least) continue;
    const auto look_at = [&](double at) {
      const Point3 p = lerp(path.entry, path.target, at / depth);
      const double room = field_.contains(s, p) ? 0.0 : std::max(0.0, field_.distance_mm(s, p) - radius);
      least = std::min(least, room / at);
    };
    for (double at = std::min(cone_begin_mm, end); at < end; at += cone_step_mm) look_at(at);
    look_at(end);
  }
  return std::isfinite(least) ? std::atan(least) * 180.0 / std::numbers::pi : 90.0;
}

const Clearance* nearest_spared(const Scorecard& card) {
  const auto found = std::find_if(card.clearances.begin(), card.clearances.end(),
                                  [](const Clearance& c) { return !std::isnan(c.asked_mm); });
  return found == card.clearances.end() ? nullptr : &*found;
}

std::vector<TissueSpan> tissues_along(const ClearanceField& field, const Trajectory& path) {
  constexpr double step_mm = 0.25;
  const double depth = path.length_mm();
  const auto& structures = field.anatomy().structures;
  std::vector<std::pair<std::size_t, std::vector<std::pair<double, double>>>> inside;
  for (std::size_t s = 0; s < structures.size(); ++s)
    if (auto stretches = field.stretches_inside(s, path.entry, path.target); !stretches.empty())
      inside.emplace_back(s, std::move(stretches));
  const auto named_at = [&](double at) -> std::string {
    if (field.labels()) {
      const ImageGeometry& grid = field.labels()->geometry();
      const ContinuousIndex c = grid.to_index(lerp(path.entry, path.target, at / depth));
      const VoxelIndex v{std::llround(c.i), std::llround(c.j), std::llround(c.k)};
      if (grid.contains(v) && (*field.labels())[v] != Tissue::background)
        return std::string(info((*field.labels())[v]).name);
    }
    for (const auto& [s, stretches] : inside)
      for (const auto& [from, to] : stretches)
        if (at >= from && at <= to) return structures[s].name;
    return "unlabelled";
  };
  std::vector<TissueSpan> spans;
  const int steps = std::max(1, static_cast<int>(std::ceil(depth / step_mm)));
  for (int n = 0; n < steps; ++n) {
    const std::string tissue = named_at(depth * (n + 0.5) / steps);
    if (spans.empty() || spans.back().tissue != tissue) spans.push_back({tissue, 0.0});
    spans.back().length_mm += depth / steps;
  }
  return spans;
}

}  // namespace genu::planning
