// SPDX-License-Identifier: Apache-2.0
#include <genu/io/files.h>
#include <genu/io/results.h>

#include "json_fields.h"
#include "needle_json.h"

namespace genu::io {
namespace {

/// Returns the item of a list that has this name.
const nlohmann::json& named_item(const nlohmann::json& list, const nlohmann::json& name,
                                 const std::string& place) {
  for (const auto& item : list)
    if (item.at("name") == name) return item;
  throw IoError(place + ": nothing in the list is named '" + name.get<std::string>() + "'");
}

planning::Probe probe_in(const nlohmann::json& object, const nlohmann::json& probes,
                         const std::string& place) {
  const auto footprint_of = [&](const nlohmann::json& name, const std::string& where) {
    const nlohmann::json& model = named_item(probes, name, place + where);
    return planning::Footprint{model.at("length_mm").get<double>(), model.at("width_mm").get<double>(),
                               model.at("image_depth_mm").get<double>()};
  };
  planning::Probe probe;
  probe.footprint = footprint_of(object.at("name"), "/probe/name");
  for (const auto& name : object.at("others")) probe.others.push_back(footprint_of(name, "/probe/others"));
  probe.axis = vector_in(object.at("axis"));
  probe.beam = vector_in(object.at("beam"));
  probe.max_turn_deg = object.at("max_turn_deg").get<double>();
  probe.max_swing_deg = object.at("max_swing_deg").get<double>();
  probe.guidance =
      named_in(object.at("guidance"), std::span<const planning::Guidance>(planning::all_guidances), place);
  probe.preferred_face_angle_deg = object.at("preferred_face_angle_deg").get<double>();
  probe.max_face_angle_deg = object.at("max_face_angle_deg").get<double>();
  return probe;
}

planning::Approach approach_in(const nlohmann::json& object, const nlohmann::json& document,
                               const std::string& source, const std::string& place) {
  planning::Approach approach;
  approach.name = object.at("name").get<std::string>();
  approach.title = object.at("title").get<std::string>();
  for (const auto& kind : object.at("targets"))
    approach.targets.push_back(
        named_in(kind, std::span<const planning::TargetKind>(planning::all_target_kinds), source));
  for (const auto& compartment : object.at("compartments"))
    approach.compartments.push_back(
        named_in(compartment, std::span<const planning::Compartment>(planning::all_compartments), source));
  approach.side_of_entry = object.at("side_of_entry").get<std::string>();
  approach.flexion_deg = object.at("flexion_deg").get<double>();
  const auto& entry = object.at("entry");
  approach.entry.from = named_in(
      entry.at("from"), std::span<const planning::EntryWindow::From>(planning::all_window_origins), source);
  approach.entry.min_mm = vector_in(entry.at("min_mm"));
  approach.entry.max_mm = vector_in(entry.at("max_mm"));
  approach.max_skin_angle_deg = object.at("max_skin_angle_deg").get<double>();
  approach.hub_reserve_mm = object.at("hub_reserve_mm").get<double>();
  approach.probe = probe_in(object.at("probe"), document.at("probes"), place);
  for (const auto& needle : object.at("needles"))
    approach.needles.push_back(needle_in(named_item(document.at("needles"), needle, place + "/needles")));
  for (const planning::StructureKind kind : planning::all_structure_kinds)
    approach.min_clearance_mm.at(static_cast<std::size_t>(kind)) =
        object.at("min_clearance_mm").at(std::string(name(kind))).get<double>();
  for (const auto& own : object.at("min_clearance_of_mm"))
    approach.min_clearance_of_mm[own.at("structure").get<std::string>()] =
        own.at("clearance_mm").get<double>();
  approach.may_cross = texts_in(object.at("may_cross"));
  approach.at_risk = texts_in(object.at("at_risk"));
  for (const auto& published : object.at("accuracy"))
    approach.accuracy.push_back({published.at("percent").get<double>(),
                                 published.at("guidance").get<std::string>(),
                                 published.at("source").get<std::string>()});
  approach.sources = texts_in(object.at("sources"));
  return approach;
}

/// What the schema can't say: ranges that run forward, needles in order, directions with a length, names that
/// tell approaches apart.
void require_order(const std::vector<planning::Approach>& approaches, const std::string& source) {
  for (std::size_t a = 0; a < approaches.size(); ++a) {
    const planning::Approach& approach = approaches[a];
    const std::string place = "cannot read '" + source + "': at /approaches/" + std::to_string(a);
    const Vector3 low = approach.entry.min_mm, high = approach.entry.max_mm;
    if (!(low.x < high.x && low.y < high.y && low.z < high.z)) {
      std::ostringstream message;
      message << place << "/entry/min_mm: " << low << " is not below " << high << " of max_mm";
      throw IoError(message.str());
    }
    for (std::size_t n = 1; n < approach.needles.size(); ++n)
      if (approach.needles[n].length_mm < approach.needles[n - 1].length_mm)
        throw IoError(place + "/needles/" + std::to_string(n) + ": '" + approach.needles[n].name +
                      "' is shorter than the needle before it");
    for (std::size_t b = 0; b < a; ++b)
      if (approaches[b].name == approach.name)
        throw IoError(place + "/name: the name '" + approach.name + "' is there twice");
    try {
      planning::check(approach);
    } catch (const InvalidInput& problem) {
      throw IoError(place + ": " + problem.what());
    }
  }
}

}  // namespace

std::vector<planning::Approach> read_approaches(const std::filesystem::path& file) {
  const nlohmann::json document = parse_valid(read_text(file), "approaches", file.string());
  std::vector<planning::Approach> approaches;
  for (const auto& object : document.at("approaches")) {
    const std::string place =
        "cannot read '" + file.string() + "': at /approaches/" + std::to_string(approaches.size());
    approaches.push_back(approach_in(object, document, file.string(), place));
  }
  require_order(approaches, file.string());
  return approaches;
}

std::vector<planning::Approach> known_approaches() {
  return read_approaches(data_file("planning/approaches.json"));
}

}  // namespace genu::io
