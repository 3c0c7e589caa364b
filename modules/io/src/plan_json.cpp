// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <genu/io/results.h>

#include "json_fields.h"
#include "needle_json.h"
#include "structure_kinds.h"

namespace genu::io {
namespace {

using io::json_of;  // the overloads below would hide those of points and vectors
using planning::Rejection;

OrderedJson json_of(const planning::Target& target) {
  OrderedJson object{{"name", target.name},
                     {"kind", name(target.kind)},
                     {"compartment", name(target.compartment)},
                     {"point_mm", json_of(target.point)},
                     {"points_mm", OrderedJson::array()},
                     {"normal", nullptr},
                     {"tolerance_mm", target.tolerance_mm},
                     {"surface", target.surface}};
  for (const Point3& p : target.points) object["points_mm"].push_back(json_of(p));
  if (target.normal) object["normal"] = json_of(*target.normal);
  return object;
}

OrderedJson json_of(const planning::PlanOptions& options) {
  const planning::Weights& w = options.weights;
  const planning::ErrorModel& e = options.errors;
  return {{"entry_spacing_mm", options.entry_spacing_mm},
          {"max_ranked", options.max_ranked},
          {"min_separation_mm", options.min_separation_mm},
          {"estimated_margin_sd", options.estimated_margin_sd},
          {"weights", {{"depth", w.depth}, {"risk", w.risk}, {"angle", w.angle}, {"hit", w.hit}}},
          {"errors",
           {{"segmentation_sd_mm", e.segmentation_sd_mm},
            {"registration_sd_mm", e.registration_sd_mm},
            {"hand_sd_mm", e.hand_sd_mm},
            {"hand_angle_sd_deg", e.hand_angle_sd_deg},
            {"samples", e.samples},
            {"seed", e.seed}}}};
}

OrderedJson json_of(const planning::Scale& scale) {
  return {{"longest_reach_mm", scale.longest_reach_mm},
          {"in_plane", scale.in_plane},
          {"preferred_face_angle_deg", scale.preferred_face_angle_deg},
          {"max_face_angle_deg", scale.max_face_angle_deg},
          {"max_skin_angle_deg", scale.max_skin_angle_deg}};
}

OrderedJson json_of(const planning::ProbeView& view) {
  return {{"face_mm", json_of(view.pose.face)},
          {"axis", json_of(view.pose.axis)},
          {"beam", json_of(view.pose.beam)},
          {"face_angle_deg", view.face_angle_deg},
          {"out_of_plane_mm", view.out_of_plane_mm},
          {"turn_deg", view.turn_deg},
          {"seen_mm", view.seen_mm},
          {"length_mm", view.length_mm},
          {"width_mm", view.width_mm},
          {"image_depth_mm", view.image_depth_mm}};
}

OrderedJson json_of(const planning::HitChance& hit) {
  return {{"probability", hit.probability},
          {"low", hit.low},
          {"high", hit.high},
          {"samples", hit.samples},
          {"course", hit.course}};
}

OrderedJson json_of(const planning::RankedTrajectory& ranked) {
  const planning::Scorecard& card = ranked.card;
  OrderedJson object{{"entry_mm", json_of(ranked.path.entry)},
                     {"target_mm", json_of(ranked.path.target)},
                     {"pareto", ranked.pareto},
                     {"score", ranked.score},
                     {"depth_mm", card.depth_mm},
                     {"skin_angle_deg", card.skin_angle_deg},
                     {"needle", nullptr},
                     {"probe", nullptr},
                     {"free_cone_deg", card.free_cone_deg},
                     {"risk", card.risk},
                     {"hit", json_of(card.hit)},
                     {"clearances", OrderedJson::array()},
                     {"tissues", OrderedJson::array()}};
  if (card.needle) object["needle"] = json_of(*card.needle);
  if (card.view) object["probe"] = json_of(*card.view);
  for (const planning::Clearance& clearance : card.clearances)
    object["clearances"].push_back({{"structure", clearance.structure},
                                    {"kind", name(clearance.kind)},
                                    {"distance_mm", clearance.distance_mm},
                                    {"source", clearance.source},
                                    {"position_sd_mm", clearance.position_sd_mm},
                                    {"asked_mm", clearance.asked_mm},
                                    {"touch", clearance.touch}});
  for (const planning::TissueSpan& span : card.tissues)
    object["tissues"].push_back({{"tissue", span.tissue}, {"length_mm", span.length_mm}});
  return object;
}

// There are thousands: those alike stand together, to a hundredth of a millimetre and without their details.
OrderedJson json_of(const std::vector<planning::RejectedTrajectory>& rejected) {
  OrderedJson families = OrderedJson::array();
  const auto rounded = [](double mm) { return std::round(100.0 * mm) / 100.0; };
  for (std::size_t begin = 0, end = 0; begin < rejected.size(); begin = end) {
    const planning::RejectedTrajectory& first = rejected[begin];
    OrderedJson family{{"reason", name(first.reason)},
                       {"structure", first.structure},
                       {"target_mm", json_of(first.path.target)},
                       {"entries_mm", OrderedJson::array()}};
    for (end = begin;
         end < rejected.size() && rejected[end].reason == first.reason &&
         rejected[end].structure == first.structure && rejected[end].path.target == first.path.target;
         ++end) {
      const OrderedJson entry = json_of(rejected[end].path.entry);  // Refuses what is not finite.
      for (std::size_t a = 0; a < 3; ++a) family["entries_mm"].push_back(rounded(entry[a]));
    }
    families.push_back(std::move(family));
  }
  return families;
}

OrderedJson json_of(const planning::NeedlePlan& plan) {
  OrderedJson object{{"target", json_of(plan.target)},   {"approach", plan.approach},
                     {"options", json_of(plan.options)}, {"scale", json_of(plan.scale)},
                     {"examined", plan.examined},        {"safe", plan.safe},
                     {"ranked", OrderedJson::array()},   {"rejected", json_of(plan.rejected)},
                     {"reasons", plan.reasons},          {"limits", plan.limits}};
  for (const auto& ranked : plan.ranked) object["ranked"].push_back(json_of(ranked));
  return object;
}

planning::Target target_in(const nlohmann::json& object, const std::string& source) {
  planning::Target target;
  target.name = object.at("name").get<std::string>();
  target.kind =
      named_in(object.at("kind"), std::span<const planning::TargetKind>(planning::all_target_kinds), source);
  target.compartment = named_in(object.at("compartment"),
                                std::span<const planning::Compartment>(planning::all_compartments), source);
  target.point = point_in(object.at("point_mm"));
  for (const auto& p : object.at("points_mm")) target.points.push_back(point_in(p));
  if (!object.at("normal").is_null()) target.normal = vector_in(object.at("normal"));
  target.tolerance_mm = object.at("tolerance_mm").get<double>();
  target.surface = object.at("surface").get<std::string>();
  return target;
}

planning::PlanOptions options_in(const nlohmann::json& object) {
  planning::PlanOptions options;
  options.entry_spacing_mm = object.at("entry_spacing_mm").get<double>();
  options.max_ranked = object.at("max_ranked").get<unsigned>();
  options.min_separation_mm = object.at("min_separation_mm").get<double>();
  options.estimated_margin_sd = object.at("estimated_margin_sd").get<double>();
  const auto& w = object.at("weights");
  options.weights = {w.at("depth").get<double>(), w.at("risk").get<double>(), w.at("angle").get<double>(),
                     w.at("hit").get<double>()};
  const auto& e = object.at("errors");
  options.errors = {e.at("segmentation_sd_mm").get<double>(), e.at("registration_sd_mm").get<double>(),
                    e.at("hand_sd_mm").get<double>(),         e.at("hand_angle_sd_deg").get<double>(),
                    e.at("samples").get<unsigned>(),          e.at("seed").get<std::uint64_t>()};
  return options;
}

planning::ProbeView view_in(const nlohmann::json& object) {
  return {{point_in(object.at("face_mm")), vector_in(object.at("axis")), vector_in(object.at("beam"))},
          object.at("face_angle_deg").get<double>(),
          object.at("out_of_plane_mm").get<double>(),
          object.at("turn_deg").get<double>(),
          object.at("seen_mm").get<double>(),
          object.at("length_mm").get<double>(),
          object.at("width_mm").get<double>(),
          object.at("image_depth_mm").get<double>()};
}

planning::RankedTrajectory ranked_in(const nlohmann::json& object, const std::string& source) {
  planning::RankedTrajectory ranked;
  ranked.path = {point_in(object.at("entry_mm")), point_in(object.at("target_mm"))};
  ranked.pareto = object.at("pareto").get<bool>();
  ranked.score = object.at("score").get<double>();
  planning::Scorecard& card = ranked.card;
  card.depth_mm = number_in(object.at("depth_mm"));
  card.skin_angle_deg = number_in(object.at("skin_angle_deg"));
  if (!object.at("needle").is_null()) card.needle = needle_in(object.at("needle"));
  if (!object.at("probe").is_null()) card.view = view_in(object.at("probe"));
  card.free_cone_deg = number_in(object.at("free_cone_deg"));
  card.risk = number_in(object.at("risk"));
  const auto& hit = object.at("hit");
  card.hit = {hit.at("probability").get<double>(), hit.at("low").get<double>(), hit.at("high").get<double>(),
              hit.at("samples").get<unsigned>(), hit.at("course").get<std::vector<double>>()};
  for (const auto& clearance : object.at("clearances"))
    card.clearances.push_back(
        {clearance.at("structure").get<std::string>(), structure_kind_in(clearance.at("kind"), source),
         number_in(clearance.at("distance_mm")), clearance.at("source").get<std::string>(),
         clearance.at("position_sd_mm").get<double>(), number_in(clearance.at("asked_mm")),
         clearance.at("touch").get<double>()});
  for (const auto& span : object.at("tissues"))
    card.tissues.push_back({span.at("tissue").get<std::string>(), span.at("length_mm").get<double>()});
  return ranked;
}

std::vector<planning::RejectedTrajectory> rejected_in(const nlohmann::json& families,
                                                      const std::string& source) {
  std::vector<planning::RejectedTrajectory> rejected;
  for (const auto& family : families) {
    planning::RejectedTrajectory one;
    one.reason = named_in(family.at("reason"), std::span<const Rejection>(planning::all_rejections), source);
    one.structure = family.at("structure").get<std::string>();
    one.path.target = point_in(family.at("target_mm"));
    const auto& at = family.at("entries_mm");
    if (at.size() % 3 != 0)
      throw IoError("cannot read '" + source + "': entries_mm has " + std::to_string(at.size()) +
                    " numbers, no three for each entry");
    for (std::size_t n = 0; n < at.size(); n += 3) {
      one.path.entry = {at[n].get<double>(), at[n + 1].get<double>(), at[n + 2].get<double>()};
      rejected.push_back(one);
    }
  }
  return rejected;
}

}  // namespace

std::string to_json(const std::vector<planning::NeedlePlan>& plans) {
  OrderedJson document{{"schema", "genu/plan/2"}, {"plans", OrderedJson::array()}};
  for (const auto& plan : plans) document["plans"].push_back(json_of(plan));
  return text_of(document);
}

std::vector<planning::NeedlePlan> plans_from_json(std::string_view json, const std::string& source) {
  const nlohmann::json document = parse_valid(json, "plan", source);
  std::vector<planning::NeedlePlan> plans;
  for (const auto& object : document.at("plans")) {
    planning::NeedlePlan plan;
    plan.target = target_in(object.at("target"), source);
    plan.approach = object.at("approach").get<std::string>();
    plan.options = options_in(object.at("options"));
    const auto& scale = object.at("scale");
    plan.scale = {scale.at("longest_reach_mm").get<double>(), scale.at("in_plane").get<bool>(),
                  scale.at("preferred_face_angle_deg").get<double>(),
                  scale.at("max_face_angle_deg").get<double>(), scale.at("max_skin_angle_deg").get<double>()};
    plan.examined = object.at("examined").get<std::size_t>();
    plan.safe = object.at("safe").get<std::size_t>();
    for (const auto& ranked : object.at("ranked")) plan.ranked.push_back(ranked_in(ranked, source));
    plan.rejected = rejected_in(object.at("rejected"), source);
    plan.reasons = texts_in(object.at("reasons"));
    plan.limits = texts_in(object.at("limits"));
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace genu::io
