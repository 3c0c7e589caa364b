// SPDX-License-Identifier: Apache-2.0
#include <genu/io/results.h>

#include "json_fields.h"
#include "measure_fields.h"

namespace genu::io {
namespace {

using cartilage::Region;
using io::json_of;  // the overloads below would hide those of points and vectors

OrderedJson json_of(const cartilage::RegionMeasures& measures) {
  OrderedJson object{{"region", name(measures.region)}};
  for (const MeasureField& field : measure_fields) object[std::string(field.name)] = measures.*field.value;
  return object;
}

OrderedJson json_of(const cartilage::Lesion& lesion) {
  return {{"name", lesion.name},
          {"region", name(lesion.region)},
          {"subregion", name(lesion.subregion)},
          {"centre_mm", json_of(lesion.centre)},
          {"articular_point_mm", json_of(lesion.articular_point)},
          {"normal", json_of(lesion.normal)},
          {"area_mm2", lesion.area_mm2},
          {"denuded_area_mm2", lesion.denuded_area_mm2},
          {"min_thickness_mm", lesion.min_thickness_mm},
          {"expected_thickness_mm", lesion.expected_thickness_mm},
          {"max_depth_percent", lesion.max_depth_percent},
          {"mean_depth_percent", lesion.mean_depth_percent},
          {"icrs_grade", lesion.icrs_grade},
          {"length_mm", lesion.length_mm},
          {"width_mm", lesion.width_mm},
          {"volume_lost_mm3", lesion.volume_lost_mm3}};
}

OrderedJson json_of(const cartilage::MeniscusMeasures& meniscus) {
  OrderedJson object{{"meniscus", info(meniscus.meniscus).name}, {"plate", name(meniscus.plate)}};
  for (const MeniscusField& field : meniscus_fields) object[std::string(field.name)] = meniscus.*field.value;
  return object;
}

OrderedJson json_of(const cartilage::MarginMeasures& margin) {
  OrderedJson object{{"margin", name(margin.margin)}};
  for (const MarginField& field : margin_fields) object[std::string(field.name)] = margin.*field.value;
  object["spurs"] = OrderedJson::array();
  for (const cartilage::Osteophyte& spur : margin.spurs)
    object["spurs"].push_back({{"name", spur.name},
                               {"height_mm", spur.height_mm},
                               {"length_mm", spur.length_mm},
                               {"tip_mm", json_of(spur.tip)}});
  return object;
}

cartilage::MarginMeasures margin_in(const nlohmann::json& object, const std::string& source) {
  cartilage::MarginMeasures margin;
  margin.margin =
      named_in(object.at("margin"), std::span<const cartilage::Margin>(cartilage::all_margins), source);
  for (const MarginField& field : margin_fields)
    margin.*field.value = number_in(object.at(std::string(field.name)));
  for (const auto& spur : object.at("spurs"))
    margin.spurs.push_back({spur.at("name").get<std::string>(), number_in(spur.at("height_mm")),
                            number_in(spur.at("length_mm")), point_in(spur.at("tip_mm"))});
  return margin;
}

Region region_in(const nlohmann::json& value, const std::string& source) {
  return named_in(value, std::span<const Region>(all_regions), source);
}

cartilage::RegionMeasures measures_in(const nlohmann::json& object, const std::string& source) {
  cartilage::RegionMeasures measures;
  measures.region = region_in(object.at("region"), source);
  for (const MeasureField& field : measure_fields)
    measures.*field.value = number_in(object.at(std::string(field.name)));
  return measures;
}

cartilage::Lesion lesion_in(const nlohmann::json& object, const std::string& source) {
  cartilage::Lesion lesion;
  lesion.name = object.at("name").get<std::string>();
  lesion.region = region_in(object.at("region"), source);
  lesion.subregion = region_in(object.at("subregion"), source);
  lesion.centre = point_in(object.at("centre_mm"));
  lesion.articular_point = point_in(object.at("articular_point_mm"));
  lesion.normal = vector_in(object.at("normal"));
  lesion.area_mm2 = number_in(object.at("area_mm2"));
  lesion.denuded_area_mm2 = number_in(object.at("denuded_area_mm2"));
  lesion.min_thickness_mm = number_in(object.at("min_thickness_mm"));
  lesion.expected_thickness_mm = number_in(object.at("expected_thickness_mm"));
  lesion.max_depth_percent = number_in(object.at("max_depth_percent"));
  lesion.mean_depth_percent = number_in(object.at("mean_depth_percent"));
  lesion.icrs_grade = object.at("icrs_grade").get<int>();
  lesion.length_mm = number_in(object.at("length_mm"));
  lesion.width_mm = number_in(object.at("width_mm"));
  lesion.volume_lost_mm3 = number_in(object.at("volume_lost_mm3"));
  return lesion;
}

}  // namespace

std::string to_json(const cartilage::CartilageReport& report) {
  const cartilage::ThicknessOptions& thickness = report.thickness_options;
  OrderedJson document{{"schema", "genu/measurements/1"},
                       {"side", name(report.side)},
                       {"side_source", report.side_source},
                       {"frame", json_of(report.frame)},
                       {"method", report.method},
                       {"thickness_options",
                        {{"method", name(thickness.method)},
                         {"field_step_mm", thickness.field_step_mm},
                         {"smoothing_mm", thickness.smoothing_mm},
                         {"max_thickness_mm", thickness.max_thickness_mm},
                         {"search_inside_mm", thickness.search_inside_mm},
                         {"max_gap_mm", thickness.max_gap_mm},
                         {"max_tilt_deg", thickness.max_tilt_deg}}},
                       {"extract_options",
                        {{"smoothing_mm", report.extract_options.smoothing_mm},
                         {"fairing_mm", report.extract_options.fairing_mm}}},
                       {"region_numbers", OrderedJson::object()},
                       {"regions", OrderedJson::array()},
                       {"parts", OrderedJson::array()},
                       {"lesions", OrderedJson::array()},
                       {"menisci", OrderedJson::array()},
                       {"margins", OrderedJson::array()},
                       {"flags", report.flags},
                       {"doubts", report.doubts}};
  for (const Region region : all_regions)
    if (region < Region::MFTC)  // no vertex lies in a compartment
      document["region_numbers"][std::string(name(region))] = static_cast<int>(region);
  for (const auto& measures : report.regions) document["regions"].push_back(json_of(measures));
  for (const auto& measures : report.parts) document["parts"].push_back(json_of(measures));
  for (const auto& lesion : report.lesions) document["lesions"].push_back(json_of(lesion));
  for (const auto& meniscus : report.menisci) document["menisci"].push_back(json_of(meniscus));
  for (const auto& margin : report.margins) document["margins"].push_back(json_of(margin));
  return text_of(document);
}

cartilage::CartilageReport cartilage_from_json(std::string_view json, const std::string& source) {
  const nlohmann::json document = parse_valid(json, "measurements", source);
  cartilage::CartilageReport report;
  report.side = side_in(document.at("side"));
  report.side_source = document.at("side_source").get<std::string>();
  report.frame = frame_in(document.at("frame"));
  report.method = document.at("method").get<std::string>();
  const auto& thickness = document.at("thickness_options");
  report.thickness_options.method =
      cartilage::thickness_method_named(thickness.at("method").get<std::string>()).value();
  report.thickness_options.field_step_mm = thickness.at("field_step_mm").get<double>();
  report.thickness_options.smoothing_mm = thickness.at("smoothing_mm").get<double>();
  report.thickness_options.max_thickness_mm = thickness.at("max_thickness_mm").get<double>();
  report.thickness_options.search_inside_mm = thickness.at("search_inside_mm").get<double>();
  report.thickness_options.max_gap_mm = thickness.at("max_gap_mm").get<double>();
  report.thickness_options.max_tilt_deg = thickness.at("max_tilt_deg").get<double>();
  const auto& extract = document.at("extract_options");
  report.extract_options.smoothing_mm = extract.at("smoothing_mm").get<double>();
  report.extract_options.fairing_mm = extract.at("fairing_mm").get<double>();
  for (const auto& object : document.at("regions")) report.regions.push_back(measures_in(object, source));
  for (const auto& object : document.at("parts")) report.parts.push_back(measures_in(object, source));
  for (const auto& object : document.at("lesions")) report.lesions.push_back(lesion_in(object, source));
  for (const auto& object : document.at("menisci")) {
    cartilage::MeniscusMeasures meniscus;
    meniscus.meniscus = tissue_named(object.at("meniscus").get<std::string>()).value();
    meniscus.plate = region_in(object.at("plate"), source);
    for (const MeniscusField& field : meniscus_fields)
      meniscus.*field.value = number_in(object.at(std::string(field.name)));
    report.menisci.push_back(meniscus);
  }
  for (const auto& object : document.at("margins")) report.margins.push_back(margin_in(object, source));
  report.flags = texts_in(document.at("flags"));
  report.doubts = texts_in(document.at("doubts"));
  return report;
}

}  // namespace genu::io
