// SPDX-License-Identifier: Apache-2.0
#include <genu/io/files.h>
#include <genu/io/results.h>

#include "json_fields.h"
#include "structure_kinds.h"

namespace genu::io {
namespace {

using io::json_of;  // the overloads below would hide those of points and vectors
using planning::Rejection;

constexpr std::array all_rejections{
    Rejection::crosses_bone,     Rejection::near_bone,  Rejection::cartilage,
    Rejection::tendon,           Rejection::vessel,     Rejection::meniscus,
    Rejection::needle_too_short, Rejection::skin_angle, Rejection::leaves_body};

OrderedJson json_of(const planning::Needle& needle) {
  return {{"name", needle.name},
          {"gauge", needle.gauge},
          {"diameter_mm", needle.diameter_mm},
          {"length_mm", needle.length_mm}};
}

OrderedJson json_of(const planning::Target& target) {
  OrderedJson object{{"name", target.name},
                     {"point_mm", json_of(target.point)},
                     {"normal", nullptr},
                     {"tolerance_mm", target.tolerance_mm},
                     {"on_cartilage", target.on_cartilage},
                     {"surface", target.surface}};
  if (target.normal) object["normal"] = json_of(*target.normal);
  return object;
}

OrderedJson json_of(const planning::RankedTrajectory& ranked) {
  OrderedJson object{{"entry_mm", json_of(ranked.path.entry)},
                     {"target_mm", json_of(ranked.path.target)},
                     {"score", ranked.score},
                     {"depth_mm", ranked.card.depth_mm},
                     {"skin_angle_deg", ranked.card.skin_angle_deg},
                     {"needle", nullptr},
                     {"clearances", OrderedJson::array()}};
  if (ranked.card.needle) object["needle"] = json_of(*ranked.card.needle);
  for (const planning::Clearance& clearance : ranked.card.clearances)
    object["clearances"].push_back({{"structure", clearance.structure},
                                    {"kind", name(clearance.kind)},
                                    {"distance_mm", clearance.distance_mm},
                                    {"source", clearance.source}});
  return object;
}

OrderedJson json_of(const planning::NeedlePlan& plan) {
  OrderedJson object{
      {"target", json_of(plan.target)}, {"approach", plan.approach},        {"safe", plan.safe},
      {"ranked", OrderedJson::array()}, {"rejected", OrderedJson::array()}, {"reasons", plan.reasons},
      {"limits", plan.limits}};
  for (const auto& ranked : plan.ranked) object["ranked"].push_back(json_of(ranked));
  for (const planning::RejectedTrajectory& rejected : plan.rejected)
    object["rejected"].push_back({{"entry_mm", json_of(rejected.path.entry)},
                                  {"target_mm", json_of(rejected.path.target)},
                                  {"reason", name(rejected.reason)},
                                  {"detail", rejected.detail},
                                  {"structure", rejected.structure}});
  return object;
}

planning::Needle needle_in(const nlohmann::json& object) {
  return {object.at("name").get<std::string>(), object.at("gauge").get<int>(),
          object.at("diameter_mm").get<double>(), object.at("length_mm").get<double>()};
}

planning::Target target_in(const nlohmann::json& object) {
  planning::Target target;
  target.name = object.at("name").get<std::string>();
  target.point = point_in(object.at("point_mm"));
  if (!object.at("normal").is_null()) target.normal = vector_in(object.at("normal"));
  target.tolerance_mm = object.at("tolerance_mm").get<double>();
  target.on_cartilage = object.at("on_cartilage").get<bool>();
  target.surface = object.at("surface").get<std::string>();
  return target;
}

Trajectory path_in(const nlohmann::json& object) {
  return {point_in(object.at("entry_mm")), point_in(object.at("target_mm"))};
}

planning::RankedTrajectory ranked_in(const nlohmann::json& object, const std::string& source) {
  planning::RankedTrajectory ranked;
  ranked.path = path_in(object);
  ranked.score = object.at("score").get<double>();
  ranked.card.depth_mm = number_in(object.at("depth_mm"));
  ranked.card.skin_angle_deg = number_in(object.at("skin_angle_deg"));
  if (!object.at("needle").is_null()) ranked.card.needle = needle_in(object.at("needle"));
  for (const auto& clearance : object.at("clearances"))
    ranked.card.clearances.push_back(
        {clearance.at("structure").get<std::string>(), structure_kind_in(clearance.at("kind"), source),
         number_in(clearance.at("distance_mm")), clearance.at("source").get<std::string>()});
  return ranked;
}

planning::Approach approach_in(const nlohmann::json& object) {
  planning::Approach approach;
  approach.name = object.at("name").get<std::string>();
  approach.title = object.at("title").get<std::string>();
  approach.target = object.at("target").get<std::string>();
  approach.flexion_deg = object.at("flexion_deg").get<double>();
  approach.entry_min_mm = vector_in(object.at("entry_min_mm"));
  approach.entry_max_mm = vector_in(object.at("entry_max_mm"));
  approach.max_skin_angle_deg = object.at("max_skin_angle_deg").get<double>();
  approach.hub_reserve_mm = object.at("hub_reserve_mm").get<double>();
  for (const auto& needle : object.at("needles")) approach.needles.push_back(needle_in(needle));
  approach.min_bone_clearance_mm = object.at("min_bone_clearance_mm").get<double>();
  approach.min_cartilage_clearance_mm = object.at("min_cartilage_clearance_mm").get<double>();
  approach.min_tendon_clearance_mm = object.at("min_tendon_clearance_mm").get<double>();
  approach.min_vessel_clearance_mm = object.at("min_vessel_clearance_mm").get<double>();
  approach.source = object.at("source").get<std::string>();
  return approach;
}

/// What the schema can't say: ranges that run forward, needles in order, names that tell approaches apart.
void require_order(const std::vector<planning::Approach>& approaches, const std::string& source) {
  for (std::size_t a = 0; a < approaches.size(); ++a) {
    const planning::Approach& approach = approaches[a];
    const std::string place = "cannot read '" + source + "': at /approaches/" + std::to_string(a);
    const Vector3 low = approach.entry_min_mm, high = approach.entry_max_mm;
    if (!(low.x < high.x && low.y < high.y && low.z < high.z)) {
      std::ostringstream message;
      message << place << "/entry_min_mm: " << low << " is not below " << high << " of entry_max_mm";
      throw IoError(message.str());
    }
    for (std::size_t n = 1; n < approach.needles.size(); ++n)
      if (approach.needles[n].length_mm < approach.needles[n - 1].length_mm)
        throw IoError(place + "/needles/" + std::to_string(n) + ": '" + approach.needles[n].name +
                      "' is shorter than the needle before it");
    for (std::size_t b = 0; b < a; ++b)
      if (approaches[b].name == approach.name)
        throw IoError(place + "/name: the name '" + approach.name + "' is there twice");
  }
}

}  // namespace

std::string to_json(const std::vector<planning::NeedlePlan>& plans) {
  OrderedJson document{{"schema", "genu/plan/1"}, {"plans", OrderedJson::array()}};
  for (const auto& plan : plans) document["plans"].push_back(json_of(plan));
  return text_of(document);
}

std::vector<planning::NeedlePlan> plans_from_json(std::string_view json, const std::string& source) {
  const nlohmann::json document = parse_valid(json, "plan", source);
  std::vector<planning::NeedlePlan> plans;
  for (const auto& object : document.at("plans")) {
    planning::NeedlePlan plan;
    plan.target = target_in(object.at("target"));
    plan.approach = object.at("approach").get<std::string>();
    plan.safe = object.at("safe").get<std::size_t>();
    for (const auto& ranked : object.at("ranked")) plan.ranked.push_back(ranked_in(ranked, source));
    for (const auto& rejected : object.at("rejected"))
      plan.rejected.push_back(
          {path_in(rejected),
           named_in(rejected.at("reason"), std::span<const Rejection>(all_rejections), source),
           rejected.at("detail").get<std::string>(), rejected.at("structure").get<std::string>()});
    plan.reasons = texts_in(object.at("reasons"));
    plan.limits = texts_in(object.at("limits"));
    plans.push_back(std::move(plan));
  }
  return plans;
}

std::vector<planning::Approach> read_approaches(const std::filesystem::path& file) {
  const nlohmann::json document = parse_valid(read_text(file), "approaches", file.string());
  std::vector<planning::Approach> approaches;
  for (const auto& object : document.at("approaches")) approaches.push_back(approach_in(object));
  require_order(approaches, file.string());
  return approaches;
}

}  // namespace genu::io
