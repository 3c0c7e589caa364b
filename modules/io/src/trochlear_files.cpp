// SPDX-License-Identifier: Apache-2.0
// How trochlear cartilage in ultrasound stands in JSON and CSV.
#include <genu/io/results.h>
#include <genu/io/trochlear_files.h>

#include "csv_cell.h"
#include "json_fields.h"

namespace genu::io {
namespace {

using ultrasound::ThicknessFigures;
using ultrasound::TrochlearThickness;
using ultrasound::ZonePart;

OrderedJson json_of(const ThicknessFigures& f) {
  return {{"mean", f.mean}, {"median", f.median}, {"min", f.min}, {"max", f.max}, {"area", f.area}};
}

OrderedJson json_of(const ZonePart& part) {
  return {{"name", part.name},
          {"begin_px", part.begin_px},
          {"end_px", part.end_px},
          {"columns", part.columns},
          {"columns_measured", part.columns_measured},
          {"near", json_of(part.near)},
          {"far", json_of(part.far)}};
}

OrderedJson side_of(const std::optional<Side>& side) {
  return side ? OrderedJson(name(*side)) : OrderedJson();
}

OrderedJson cartilage_of(const ultrasound::TrochlearCartilage& c) {
  const TrochlearThickness& t = c.thickness;
  OrderedJson zones = OrderedJson::array();
  for (const ultrasound::TrochlearZone& zone : t.zones) {
    OrderedJson row = json_of(zone.whole);
    row["thirds"] = OrderedJson::array();
    for (const ZonePart& third : zone.thirds) row["thirds"].push_back(json_of(third));
    zones.push_back(row);
  }
  return {{"mean_confidence", c.mean_confidence},
          {"unit", t.in_mm ? "mm" : "px"},
          {"sound_speed_factor", t.sound_speed_factor},
          {"sulcus_px", t.sulcus_px ? OrderedJson(*t.sulcus_px) : OrderedJson()},
          {"all", json_of(t.all)},
          {"zones", zones},
          {"notes", t.notes},
          {"near_px", c.contours.near_px},
          {"far_px", c.contours.far_px},
          {"bone_px", c.contours.bone_px}};
}

}  // namespace

std::string to_json(const TrochlearRecord& record) {
  const ultrasound::TrochlearZoneOptions& z = record.zones;
  OrderedJson document{
      {"schema", "genu/trochlear_cartilage/1"},
      {"input", record.input},
      {"created", record.created},
      {"genu_version", record.genu_version},
      {"pixel_mm", z.pixel_size ? OrderedJson({z.pixel_size->x_mm, z.pixel_size->y_mm}) : OrderedJson()},
      {"pixel_source", record.pixel_source},
      {"knee", side_of(z.knee)},
      {"picture_left", side_of(z.picture_left)},
      {"machine_sound_speed_m_s", z.machine_sound_speed_m_s},
      {"cartilage_sound_speed_m_s", z.cartilage_sound_speed_m_s},
      {"pictures", OrderedJson::array()},
      {"warnings", record.warnings}};
  for (const TrochlearPicture& p : record.pictures)
    document["pictures"].push_back(
        {{"frame", p.frame},
         {"reasons", p.finding.reasons},
         {"cartilage", p.finding.cartilage ? cartilage_of(*p.finding.cartilage) : OrderedJson()}});
  return text_of(document);
}

std::string trochlear_csv(const TrochlearRecord& record) {
  std::string text = "file,frame,zone,border,measure,value,unit,part_measured,remarks\n";
  for (const TrochlearPicture& p : record.pictures) {
    const std::string start = csv_cell(record.input) + "," + std::to_string(p.frame) + ",";
    std::string reasons;
    for (const std::string& reason : p.finding.reasons)
      reasons.append(reasons.empty() ? "" : "; ").append(reason);
    if (!p.finding.cartilage) {
      text.append(start).append(",,,,,,").append(csv_cell(reasons)).append("\n");
      continue;
    }
    const TrochlearThickness& t = p.finding.cartilage->thickness;
    const std::string unit = t.in_mm ? "mm" : "px";
    const auto add = [&](const ZonePart& part, const char* border, const ThicknessFigures& f) {
      for (const auto& [measure, value, area] :
           {std::tuple{"mean", f.mean, false}, std::tuple{"median", f.median, false},
            std::tuple{"min", f.min, false}, std::tuple{"max", f.max, false},
            std::tuple{"area", f.area, true}})
        text.append(start)
            .append(csv_cell(part.name))
            .append(",")
            .append(border)
            .append(",")
            .append(measure)
            .append(",")
            .append(cell(value))
            .append(",")
            .append(unit)
            .append(area ? "2" : "")
            .append(",")
            .append(cell(part.part_measured()))
            .append(",")
            .append(csv_cell(reasons))
            .append("\n");
    };
    const auto both = [&](const ZonePart& part) {
      add(part, "near", part.near);
      add(part, "far", part.far);
    };
    for (const ultrasound::TrochlearZone& zone : t.zones) {
      both(zone.whole);
      for (const ZonePart& third : zone.thirds) both(third);
    }
    both(t.all);
  }
  return text;
}

}  // namespace genu::io
