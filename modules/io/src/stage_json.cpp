// SPDX-License-Identifier: Apache-2.0
#include <genu/io/files.h>
#include <genu/io/results.h>

#include "json_fields.h"
#include "measure_fields.h"

namespace genu::io {
namespace {

using cartilage::Region;
using staging::Stage;

constexpr std::array all_stages{Stage::minor, Stage::mild, Stage::moderate, Stage::severe};

Stage stage_in(const nlohmann::json& value, const std::string& source) {
  return named_in(value, std::span<const Stage>(all_stages), source);
}

using staging::Confidence;
constexpr std::array all_confidences{Confidence::clear, Confidence::borderline};

OrderedJson json_of(const std::optional<Stage>& stage) {
  return stage ? OrderedJson(name(*stage)) : OrderedJson(nullptr);
}

OrderedJson json_of(const std::optional<Confidence>& confidence) {
  return confidence ? OrderedJson(name(*confidence)) : OrderedJson(nullptr);
}

OrderedJson json_of(const std::vector<Stage>& stages) {
  OrderedJson list = OrderedJson::array();
  for (const Stage stage : stages) list.push_back(name(stage));
  return list;
}

std::optional<Stage> stage_or_nothing(const nlohmann::json& value, const std::string& source) {
  if (value.is_null()) return std::nullopt;
  return stage_in(value, source);
}

std::optional<Confidence> confidence_or_nothing(const nlohmann::json& value, const std::string& source) {
  if (value.is_null()) return std::nullopt;
  return named_in(value, std::span<const Confidence>(all_confidences), source);
}

std::vector<Stage> stages_in(const nlohmann::json& list, const std::string& source) {
  std::vector<Stage> stages;
  for (const auto& stage : list) stages.push_back(stage_in(stage, source));
  return stages;
}

Region region_in(const nlohmann::json& value, const std::string& source) {
  return named_in(value, std::span<const Region>(all_regions), source);
}

}  // namespace

std::string to_json(const staging::StageReport& report) {
  OrderedJson document{{"schema", "genu/stage/1"},
                       {"stage", json_of(report.stage)},
                       {"possible", json_of(report.possible)},
                       {"confidence", json_of(report.confidence)},
                       {"compartments", OrderedJson::array()},
                       {"reasons", report.reasons},
                       {"evidence", OrderedJson::array()},
                       {"rule", {{"name", report.rule_name}, {"version", report.rule_version}}},
                       {"statement", report.statement}};
  for (const staging::CompartmentStage& c : report.compartments)
    document["compartments"].push_back({{"compartment", name(c.compartment)},
                                        {"stage", json_of(c.stage)},
                                        {"possible", json_of(c.possible)},
                                        {"confidence", json_of(c.confidence)},
                                        {"reason", c.reason}});
  for (const staging::Evidence& evidence : report.evidence)
    document["evidence"].push_back({{"place", evidence.place},
                                    {"measure", evidence.measure},
                                    {"value", evidence.value},
                                    {"unit", evidence.unit}});
  return text_of(document);
}

staging::StageReport stage_from_json(std::string_view json, const std::string& source) {
  const nlohmann::json document = parse_valid(json, "stage", source);
  staging::StageReport report;
  report.stage = stage_or_nothing(document.at("stage"), source);
  report.possible = stages_in(document.at("possible"), source);
  report.confidence = confidence_or_nothing(document.at("confidence"), source);
  for (const auto& object : document.at("compartments"))
    report.compartments.push_back({.compartment = region_in(object.at("compartment"), source),
                                   .stage = stage_or_nothing(object.at("stage"), source),
                                   .possible = stages_in(object.at("possible"), source),
                                   .confidence = confidence_or_nothing(object.at("confidence"), source),
                                   .reason = object.at("reason").get<std::string>()});
  report.reasons = texts_in(document.at("reasons"));
  for (const auto& object : document.at("evidence"))
    report.evidence.push_back({object.at("place").get<std::string>(), object.at("measure").get<std::string>(),
                               number_in(object.at("value")), object.at("unit").get<std::string>()});
  report.rule_name = document.at("rule").at("name").get<std::string>();
  report.rule_version = document.at("rule").at("version").get<std::string>();
  report.statement = document.at("statement").get<std::string>();
  return report;
}

staging::Rule read_staging_rule(const std::filesystem::path& file) {
  const std::string source = file.string();
  const nlohmann::json document = parse_valid(read_text(file), "staging_rule", source);
  staging::Rule rule;
  rule.name = document.at("name").get<std::string>();
  rule.version = document.at("version").get<std::string>();
  for (const auto& plate : document.at("plates")) rule.plates.push_back(region_in(plate, source));
  rule.moderate_above_dABp_percent = document.at("moderate_above_dABp_percent").get<double>();
  rule.severe_above_dABp_percent = document.at("severe_above_dABp_percent").get<double>();
  rule.max_not_measured_percent = document.at("max_not_measured_percent").get<double>();
  rule.dABp_error_percent = document.at("dABp_error_percent").get<double>();
  if (document.contains("spurs")) {
    const auto& object = document.at("spurs");
    staging::SpurRule spurs;
    for (const auto& margin : object.at("margins"))
      spurs.margins.push_back(
          named_in(margin, std::span<const cartilage::Margin>(cartilage::all_margins), source));
    spurs.minor_below_mm = object.at("minor_below_mm").get<double>();
    spurs.mild_from_mm = object.at("mild_from_mm").get<double>();
    spurs.min_examined_percent = object.at("min_examined_percent").get<double>();
    spurs.max_spacing_mm = object.at("max_spacing_mm").get<double>();
    spurs.height_error_mm = object.at("height_error_mm").get<double>();
    if (spurs.mild_from_mm < spurs.minor_below_mm)
      throw IoError("cannot read '" + source +
                    "': at /spurs/mild_from_mm: " + object.at("mild_from_mm").dump() + " is below " +
                    object.at("minor_below_mm").dump() + " of /spurs/minor_below_mm");
    rule.spurs = spurs;
  }
  rule.source = document.at("source").get<std::string>();
  if (rule.severe_above_dABp_percent <= rule.moderate_above_dABp_percent)
    throw IoError("cannot read '" + source + "': at /severe_above_dABp_percent: " +
                  document.at("severe_above_dABp_percent").dump() + " is not above " +
                  document.at("moderate_above_dABp_percent").dump() + " of /moderate_above_dABp_percent");
  return rule;
}

}  // namespace genu::io
