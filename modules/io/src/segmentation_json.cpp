// SPDX-License-Identifier: Apache-2.0
#include <genu/io/files.h>
#include <genu/io/results.h>

#include "json_fields.h"

namespace genu::io {
namespace {

using segmentation::Verdict;

constexpr std::array all_verdicts{Verdict::pass, Verdict::review, Verdict::fail};

Tissue tissue_in(const nlohmann::json& value, const std::string& source) {
  const auto text = value.get<std::string>();
  const std::optional<Tissue> tissue = tissue_named(text);
  if (!tissue) throw IoError("cannot read '" + source + "': there is no structure '" + text + "'");
  return *tissue;
}

}  // namespace

std::string to_json(const segmentation::SegmentationReport& report) {
  OrderedJson document{{"schema", "genu/segmentation/1"},         {"side", name(report.side)},
                       {"side_source", report.side_source},       {"network", report.network},
                       {"verdict", name(report.quality.verdict)}, {"score", report.quality.score},
                       {"reasons", report.quality.reasons},       {"structures", OrderedJson::array()}};
  for (const segmentation::StructureQuality& structure : report.quality.structures)
    document["structures"].push_back({{"structure", info(structure.tissue).name},
                                      {"validated", structure.validated},
                                      {"volume_mm3", structure.volume_mm3},
                                      {"overlap", structure.overlap},
                                      {"agreement", structure.agreement},
                                      {"score", structure.score}});
  return text_of(document);
}

segmentation::SegmentationReport segmentation_from_json(std::string_view json, const std::string& source) {
  const nlohmann::json document = parse_valid(json, "segmentation", source);
  segmentation::SegmentationReport report;
  report.side = side_in(document.at("side"));
  report.side_source = document.at("side_source").get<std::string>();
  report.network = document.at("network").get<std::string>();
  report.quality.verdict = named_in(document.at("verdict"), std::span<const Verdict>(all_verdicts), source);
  report.quality.score = document.at("score").get<double>();
  report.quality.reasons = texts_in(document.at("reasons"));
  for (const auto& object : document.at("structures"))
    report.quality.structures.push_back({.tissue = tissue_in(object.at("structure"), source),
                                         .volume_mm3 = object.at("volume_mm3").get<double>(),
                                         .overlap = object.at("overlap").get<double>(),
                                         .agreement = number_in(object.at("agreement")),
                                         .score = object.at("score").get<double>(),
                                         .validated = object.at("validated").get<bool>()});
  return report;
}

segmentation::Calibration read_calibration(const std::filesystem::path& file) {
  const std::string source = file.string();
  const nlohmann::json document = parse_valid(read_text(file), "network", source);
  const auto& lines = document.at("calibration");
  segmentation::Calibration calibration;
  calibration.name = document.at("name").get<std::string>();
  for (const auto& structure : document.at("validated"))
    calibration.validated.push_back(tissue_in(structure, source));
  calibration.review_below = lines.at("review_below").get<double>();
  calibration.fail_below = lines.at("fail_below").get<double>();
  if (calibration.fail_below > calibration.review_below)
    throw IoError("cannot read '" + source +
                  "': at /calibration/fail_below: " + lines.at("fail_below").dump() + " is above " +
                  lines.at("review_below").dump() + " of /calibration/review_below");
  for (const auto& object : lines.at("fits")) {
    segmentation::Calibration::Fit fit{.structures = {},
                                       .intercept = object.at("intercept").get<double>(),
                                       .overlap = object.at("overlap").get<double>(),
                                       .agreement = object.at("agreement").get<double>()};
    for (const auto& structure : object.at("structures"))
      fit.structures.push_back(tissue_in(structure, source));
    calibration.fits.push_back(std::move(fit));
  }
  return calibration;
}

}  // namespace genu::io
