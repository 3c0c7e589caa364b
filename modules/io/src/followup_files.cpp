// SPDX-License-Identifier: Apache-2.0
// How follow-ups and their precision stand in JSON and CSV.
#include <genu/io/files.h>
#include <genu/io/followup_files.h>
#include <genu/io/results.h>

#include "csv_cell.h"
#include "json_fields.h"
#include "measure_fields.h"

namespace genu::io {
namespace {

using followup::Change;
using followup::ComparedMeasure;
using followup::Course;
using followup::Finding;
using followup::RegionChange;

OrderedJson number_or_null(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson json_of(const RigidTransform& transform) {
  OrderedJson rows = OrderedJson::array();
  const Vector3& t = transform.translation();
  const auto& r = transform.rotation().rows;
  for (std::size_t row = 0; row < 3; ++row)
    rows.push_back({r[row][0], r[row][1], r[row][2], row == 0 ? t.x : row == 1 ? t.y : t.z});
  return rows;
}

OrderedJson json_of(const Finding& finding, const ComparedMeasure& measure) {
  return {{"measure", measure.name},
          {"unit", measure.unit},
          {"baseline", finding.change.baseline},
          {"followup", finding.change.followup},
          {"change", finding.change.difference()},
          {"change_percent", finding.percent},
          {"change_percent_a_year", finding.percent_a_year},
          {"sdc", finding.sdc},
          {"verdict", name(finding.verdict)}};
}

OrderedJson json_of(const followup::BoneChange& bone) {
  return {{"bone", name(bone.bone)},
          {"followup_from_baseline", json_of(bone.alignment.b_from_a)},
          {"rms_mm", bone.alignment.rms_mm},
          {"median_mm", bone.alignment.median_mm},
          {"matched_part", bone.alignment.matched_part},
          {"common_volume_baseline_mm3", bone.volume_mm3.baseline},
          {"common_volume_followup_mm3", bone.volume_mm3.followup}};
}

OrderedJson json_of(const Course& course, std::size_t n) {
  const followup::VisitChange& change = course.changes[n];
  OrderedJson object{{"visit", course.visits[n + 1].name},
                     {"years", number_or_null(years_to(course, n))},
                     {"regions", OrderedJson::array()},
                     {"ordered_mm", change.ordered_mm},
                     {"thinning_score_mm", change.thinning_score_mm},
                     {"thickening_score_mm", change.thickening_score_mm},
                     {"bones", OrderedJson::array()},
                     {"flags", change.flags}};
  for (const auto* list : {&change.regions, &change.parts})
    for (const RegionChange& row : *list) {
      OrderedJson region{{"region", name(row.region)},
                         {"seen_percent", row.seen_percent},
                         {"measures", OrderedJson::array()}};
      for (const ComparedMeasure& measure : followup::compared_measures())
        region["measures"].push_back(json_of(finding_on(course, n, row, measure), measure));
      object["regions"].push_back(std::move(region));
    }
  for (const followup::BoneChange& bone : change.bones) object["bones"].push_back(json_of(bone));
  return object;
}

/// An empty list where times are not known, or there are only two visits.
OrderedJson trends_of(const Course& course) {
  OrderedJson trends = OrderedJson::array();
  if (course.changes.size() < 2) return trends;
  for (const cartilage::Region region : regions_of(course))
    for (const ComparedMeasure& measure : followup::compared_measures()) {
      const followup::Trend trend = trend_of(course, region, measure);
      if (std::isnan(trend.per_year)) continue;
      trends.push_back({{"region", name(region)},
                        {"measure", measure.name},
                        {"unit", measure.unit},
                        {"per_year", trend.per_year},
                        {"per_year_se", trend.per_year_se},
                        {"at_start", trend.at_start}});
    }
  return trends;
}

OrderedJson json_of(const followup::Repeatability& r) {
  return {{"bias", r.bias}, {"sdc", r.sdc}, {"pairs", r.pairs}};
}

followup::Repeatability repeatability_in(const nlohmann::json& object) {
  return {.bias = number_in(object.at("bias")),
          .sdc = number_in(object.at("sdc")),
          .pairs = object.at("pairs").get<std::size_t>()};
}

}  // namespace

std::string to_json(const Course& course) {
  OrderedJson document{{"schema", "genu/followup/1"},
                       {"knee", course.knee},
                       {"side", name(course.changes.at(0).side)},
                       {"method", course.changes.at(0).method},
                       {"visits", OrderedJson::array()},
                       {"precision", {{"name", course.precision.name}, {"source", course.precision.source}}},
                       {"changes", OrderedJson::array()},
                       {"trends", trends_of(course)}};
  for (const followup::VisitTime& visit : course.visits)
    document["visits"].push_back({{"name", visit.name}, {"months", number_or_null(visit.months)}});
  for (std::size_t n = 0; n < course.changes.size(); ++n) document["changes"].push_back(json_of(course, n));
  return text_of(document);
}

std::string course_csv(const Course& course) {
  std::string text =
      "case,side,region,measure,unit,baseline_visit,visit,years,baseline,followup,change,change_percent,"
      "change_percent_a_year,sdc,verdict,seen_percent,method\n";
  for (std::size_t n = 0; n < course.changes.size(); ++n) {
    const followup::VisitChange& change = course.changes[n];
    const auto years = years_to(course, n);
    for (const auto* list : {&change.regions, &change.parts})
      for (const RegionChange& row : *list)
        for (const ComparedMeasure& measure : followup::compared_measures()) {
          const Finding f = finding_on(course, n, row, measure);
          text.append(csv_cell(course.knee)).append(",").append(name(change.side)).append(",");
          text.append(name(row.region)).append(",").append(measure.name).append(",").append(measure.unit);
          text.append(",").append(csv_cell(course.visits[0].name)).append(",");
          text.append(csv_cell(course.visits[n + 1].name));
          for (const double value : {years.value_or(Change::unknown), f.change.baseline, f.change.followup,
                                     f.change.difference(), f.percent, f.percent_a_year, f.sdc})
            text.append(",").append(cell(value));
          text.append(",").append(name(f.verdict)).append(",").append(cell(row.seen_percent));
          text.append(",").append(csv_cell(change.method)).append("\n");
        }
  }
  return text;
}

std::string to_json(const followup::Precision& precision) {
  OrderedJson document{{"schema", "genu/precision/1"},
                       {"name", precision.name},
                       {"source", precision.source},
                       {"method", precision.method},
                       {"regions", OrderedJson::array()}};
  for (const followup::RegionPrecision& row : precision.regions)
    document["regions"].push_back({{"region", name(row.region)},
                                   {"ThCtAB_mm", json_of(row.ThCtAB_mm)},
                                   {"VC_mm3", json_of(row.VC_mm3)},
                                   {"dABp_percent", json_of(row.dABp_percent)}});
  return text_of(document);
}

followup::Precision read_precision(const std::filesystem::path& file) {
  const std::string source = file.string();
  const nlohmann::json document = parse_valid(read_text(file), "precision", source);
  followup::Precision precision;
  precision.name = document.at("name").get<std::string>();
  precision.source = document.at("source").get<std::string>();
  precision.method = document.at("method").get<std::string>();
  for (const auto& object : document.at("regions"))
    precision.regions.push_back(
        {.region = named_in(object.at("region"), std::span<const cartilage::Region>(all_regions), source),
         .ThCtAB_mm = repeatability_in(object.at("ThCtAB_mm")),
         .VC_mm3 = repeatability_in(object.at("VC_mm3")),
         .dABp_percent = repeatability_in(object.at("dABp_percent"))});
  return precision;
}

}  // namespace genu::io
