// SPDX-License-Identifier: Apache-2.0
#include "protocol.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

#include <genu/app/program.h>
#include <genu/imaging/body.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/render/figures.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* shipped_rule = "staging/rule-2.json";
constexpr const char* shipped_anatomy = "planning/anatomy.json";
constexpr const char* shipped_network = "models/knee-1.onnx";

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[sizeof "2000-01-01T00:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

template <typename Named>
std::string names_of(const std::vector<Named>& things) {
  std::string names;
  for (const Named& thing : things) names += (names.empty() ? "" : ", ") + thing.name;
  return names.empty() ? "none" : names;
}

template <typename Named>
void keep_only(std::vector<Named>& things, const std::string& name, const char* kind) {
  if (name.empty()) return;
  const std::string all = names_of(things);
  std::erase_if(things, [&](const Named& thing) { return thing.name != name; });
  if (things.empty())
    throw InvalidInput("there is no " + std::string(kind) + " \"" + name + "\"; there are: " + all);
}

std::vector<planning::Target> targets_of(const planning::ClearanceField& field,
                                         const cartilage::CartilageReport& report, const PlanChoice& choice) {
  if (choice.point) return {planning::picked_target(*choice.point, choice.tolerance_mm)};
  std::vector<planning::Target> targets = planning::find_targets(field, report);
  keep_only(targets, choice.target, "target");
  return targets;
}

}  // namespace

void require_display() {
  try {
    render::ensure_display();
  } catch (const Error& error) {
    throw Error(describe(error) + " (--no-figures does the rest without pictures)");
  }
}

io::Case new_case(const std::string& name, const std::string& visit, const std::vector<std::string>& inputs) {
  io::Case knee;
  knee.name = name;
  knee.visit = visit;
  for (const std::string& input : inputs) knee.inputs.push_back(io::as_utf8(input));
  knee.created = now_utc();
  knee.genu_version = version();
  return knee;
}

std::vector<fs::path> network_files(const fs::path& file) {
  const fs::path onnx = file.empty() ? io::data_file(shipped_network) : file;
  return {onnx, fs::path(onnx).replace_extension(".json")};
}

segmentation::KneeNetwork load_network(const fs::path& file) {
  const std::vector<fs::path> files = network_files(file);
  const std::string onnx = io::read_text(files[0]);
  segmentation::Calibration calibration = io::read_calibration(files[1]);
  return with_context("reading " + files[0].string(), [&] {
    return segmentation::KneeNetwork(std::as_bytes(std::span(onnx)), std::move(calibration));
  });
}

segmentation::Segmentation segment(const Volume<float>& image, const segmentation::KneeNetwork& network,
                                   const SideClaims& side, const Progress& progress) {
  return segmentation::segment(image, network, {.side = side.user ? side.user : side.header}, progress);
}

void require_not_failed(const segmentation::SegmentationReport& report, const std::string& source,
                        const std::string& help) {
  if (report.quality.verdict != segmentation::Verdict::fail) return;
  std::string reasons;
  for (const std::string& reason : report.quality.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
  throw InvalidInput(source + " was not segmented: " + reasons + " (" + help + ")");
}

cartilage::CartilageReport measure(const LabelMap& labels, const SideClaims& side, const Progress& progress,
                                   const cartilage::ThicknessOptions& thickness) {
  cartilage::MeasureOptions options;
  options.thickness = thickness;
  options.side = side.user ? side.user : side.header ? side.header : side.segmentation;
  options.side_source = side.user ? "option" : side.header ? "header" : side.segmentation_source;
  cartilage::CartilageReport report = cartilage::measure_knee(labels, options, progress);
  if (side.user && side.header && *side.user != *side.header)
    report.flags.push_back("side in doubt: given as " + std::string(name(*side.user)) +
                           ", but the image's header says " + std::string(name(*side.header)));
  return report;
}

staging::StageReport stage(const cartilage::CartilageReport& report, const fs::path& file) {
  return staging::stage_knee(report,
                             io::read_staging_rule(file.empty() ? io::data_file(shipped_rule) : file));
}

planning::Anatomy find_anatomy(const LabelMap& labels, const KneeFrame& frame, const Volume<float>* image,
                               const Progress& progress) {
  const planning::AnatomyTable table = io::read_anatomy_table(io::data_file(shipped_anatomy));
  std::optional<Volume<std::uint8_t>> body;
  if (image && !planning::labels_hold_skin(labels))
    body = imaging::find_body(*image, {}, progress.part(0.0, 0.4));
  planning::Anatomy seen =
      planning::build_anatomy(labels, frame, body ? &*body : nullptr, progress.part(0.4, 0.9));
  return planning::add_estimated(std::move(seen), table, labels.geometry(), {.skin = image == nullptr});
}

std::vector<planning::NeedlePlan> plan(const planning::Anatomy& anatomy,
                                       const cartilage::CartilageReport& report, const LabelMap* labels,
                                       const PlanChoice& choice, const Progress& progress) {
  const planning::ClearanceField field(anatomy, 0, labels);
  const std::vector<planning::Target> targets = targets_of(field, report, choice);
  std::vector<planning::Approach> approaches = io::known_approaches();
  keep_only(approaches, choice.approach, "approach");

  std::vector<std::pair<const planning::Target*, const planning::Approach*>> pairs;
  for (const planning::Target& target : targets)
    for (const planning::Approach& approach : approaches)
      if (planning::fits(approach, target)) pairs.emplace_back(&target, &approach);
  std::vector<planning::NeedlePlan> plans;
  if (pairs.empty() && !targets.empty() && !choice.approach.empty()) {
    std::string ways;
    for (const planning::Approach& approach : io::known_approaches())
      if (planning::fits(approach, targets.front())) ways += (ways.empty() ? "" : ", ") + approach.name;
    throw InvalidInput("the approach \"" + choice.approach + "\" leads to none of: " + names_of(targets) +
                       "; to " + targets.front().name + " lead: " + (ways.empty() ? "none" : ways));
  }
  if (pairs.empty()) return plans;
  const std::string doubt = planning::hindrance(report);
  const auto count = static_cast<double>(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto& [target, approach] = pairs[i];
    if (!doubt.empty()) {
      plans.push_back(
          {.target = *target, .approach = approach->name, .reasons = {doubt}, .options = choice.options});
      continue;
    }
    const Progress part = progress.part(static_cast<double>(i) / count, static_cast<double>(i + 1) / count);
    plans.push_back(planning::plan_needle(field, *target, *approach, choice.options, part));
  }
  return plans;
}

}  // namespace genu::app
