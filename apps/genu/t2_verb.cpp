// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/cartilage/relaxation.h>
#include <genu/imaging/relaxation.h>
#include <genu/io/files.h>
#include <genu/io/relaxation_files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/render/figures.h>

#include "inputs.h"
#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct T2Words {
  ImageSource series;
  LabelSource labels;
  std::optional<Side> side;
  fs::path model;
  std::optional<double> noise_sigma;
  std::size_t skip_echoes = imaging::RelaxationOptions{}.skip_echoes;
  fs::path out;
  bool replace = false;
};

/// Labels on the grid of the echoes, and where they came from.
struct EchoLabels {
  LabelMap labels;
  SideClaims side;
  std::string source;
  std::vector<std::string> doubts;
};

EchoLabels labels_for(const T2Words& words, const SourceEchoes& echoes, const Session& session) {
  const Progress progress = session.progress().part(0.5, 0.8);
  EchoLabels result;
  result.side = {.user = words.side, .header = echoes.side};
  if (!words.labels.file.empty()) {
    progress.report("reading labels", 0.0);
    result.labels = read_label_map(words.labels);
    result.source = words.labels.file.string();
    with_context("comparing " + words.series.path.string() + " and " + words.labels.file.string(),
                 [&] { require_same_grid(echoes.images.front().geometry(), result.labels.geometry()); });
    return result;
  }
  // On the real series the network promises most of the first echo.
  const std::size_t echo = choose_echo(echoes.images.size(), words.series.echo.value_or(1));
  segmentation::Segmentation made =
      segment(echoes.images[echo - 1], load_network(words.model), result.side, progress);
  session.print(text_of(made.report) + "\n");
  require_not_failed(made.report, words.series.path.string(), "labels made otherwise go in with --labels");
  result.side.segmentation = made.report.side;
  result.side.segmentation_source = made.report.side_source;
  result.labels = std::move(made.labels);
  result.source = "network " + made.report.network + " on echo " + std::to_string(echo);
  result.doubts = made.report.quality.reasons;
  return result;
}

/// Returns where a slice shows most of a region: the middle of its bone.
std::optional<Point3> middle_of(const cartilage::CartilageReport& report, cartilage::Region region) {
  Vector3 sum;
  std::size_t count = 0;
  for (const cartilage::BoneMap& map : report.bones)
    for (std::size_t v = 0; v < map.region.size(); ++v)
      if (map.region[v] == region) {
        sum += map.surface.vertices()[v] - Point3{};
        ++count;
      }
  if (count == 0) return std::nullopt;
  return Point3{} + sum / static_cast<double>(count);
}

void write_figures(const fs::path& folder, const Volume<float>& image, const Volume<float>& t2_ms,
                   const LabelMap& labels, const cartilage::CartilageReport& report) {
  using cartilage::Region;
  struct Slice {
    Region region;
    const char* name;
  };
  bool whole_slice = true;
  for (const Slice& slice :
       {Slice{Region::P, "t2_patella"}, Slice{Region::MT, "t2_medial"}, Slice{Region::LT, "t2_lateral"}})
    if (const auto centre = middle_of(report, slice.region)) {
      const auto write = [&](const LabelMap* only, const std::string& name) {
        render::write_png(folder / (name + ".png"),
                          render::relaxation_figure(image, t2_ms, only, render::Plane::sagittal, *centre));
      };
      write(&labels, slice.name);
      // The whole slice once, through the patella where there is one: whether muscle, fat and fluid read as
      // they should tells whether to trust the map.
      if (std::exchange(whole_slice, false)) write(nullptr, "t2_all_tissue");
    }
}

io::T2Measures measures_of(const T2Words& words, const SourceEchoes& echoes, const EchoLabels& labels,
                           const cartilage::CartilageReport& report, const imaging::RelaxationMap& map,
                           const imaging::RelaxationOptions& fit) {
  const CaseName who = case_named_by(words.series.path);
  const io::Case named = new_case(who.name, who.visit, {words.series.path.string()});
  io::T2Measures measures{.name = named.name,
                          .visit = named.visit,
                          .inputs = named.inputs,
                          .created = named.created,
                          .genu_version = named.genu_version,
                          .side = report.side,
                          .side_source = report.side_source,
                          .labels = io::as_utf8(labels.source),
                          .echo_times_ms = echoes.echo_times_ms,
                          .fitted_echo_times_ms = map.echo_times_ms,
                          .noise_sigma = map.noise_sigma,
                          .fit = fit,
                          .layers = {},
                          .regions = {},
                          .flags = report.flags,
                          .doubts = labels.doubts};
  for (const std::string& remark : echoes.remarks) measures.flags.push_back(remark);
  if (!map.noise_sigma)
    measures.flags.emplace_back(
        "the noise is not known, for the image has no air or it was blackened: late echoes on the noise "
        "floor "
        "would read as slow decay (--noise gives it)");
  return measures;
}

ExitCode map_t2(const T2Words& words, const Session& session) {
  io::FolderOptions options{
      .replace = words.replace, .inputs = files_of(words.labels), .document = "t2.json"};
  options.inputs.insert(options.inputs.end(), {words.series.path, words.model});
  std::erase(options.inputs, fs::path());
  io::FolderTransaction folder(words.out, options);
  const Progress& progress = session.progress();
  const SourceEchoes echoes = read_echoes(words.series, progress.part(0.0, 0.3));
  const imaging::RelaxationOptions fit{.skip_echoes = words.skip_echoes, .noise_sigma = words.noise_sigma};
  const imaging::RelaxationMap map = with_context("fitting " + words.series.path.string(), [&] {
    return imaging::fit_t2(echoes.images, echoes.echo_times_ms, fit, progress.part(0.3, 0.5));
  });
  const EchoLabels labels = labels_for(words, echoes, session);
  const cartilage::CartilageReport report = with_context("measuring " + labels.source, [&] {
    return measure(labels.labels, labels.side, progress.part(0.8, 0.9));
  });
  io::T2Measures measures = measures_of(words, echoes, labels, report, map, fit);
  measures.regions = cartilage::relaxation_of_regions(map.t2_ms, labels.labels, report, measures.layers,
                                                      progress.part(0.9, 0.95));
  progress.report("writing", 0.95);
  io::write_volume(folder.path() / "t2.nrrd", map.t2_ms);
  io::write_labels(folder.path() / "labels.nrrd", labels.labels, io::label_table_named("genu"));
  write_figures(folder.path(), echoes.images.front(), map.t2_ms, labels.labels, report);
  io::write_text(folder.path() / "t2.csv", io::t2_csv(measures));
  io::write_text(folder.path() / "t2.json", io::to_json(measures));
  folder.commit(session.progress());
  session.print(text_of(measures) + "Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<T2Words>();
  parser.add_option("SERIES", words->series.path, "DICOM folder with a multi-echo series")
      ->required()
      ->type_name("DIR|FILE");
  parser.add_option("--series", words->series.series, "Which series of the folder")->type_name("N|UID");
  CLI::Option* labels = add_label_options(parser, words->labels);
  parser.add_option("--echo", words->series.echo, "Which echo the network segments, from 1 (the first)")
      ->type_name("N")
      ->excludes(labels);
  add_side_option(parser, words->side);
  add_model_option(parser, words->model)->excludes(labels);
  parser.add_option("--skip-echoes", words->skip_echoes, "Echoes left out of the fit at the start")
      ->type_name("N")
      ->capture_default_str();
  parser
      .add_option("--noise", words->noise_sigma,
                  "Standard deviation of the noise in each channel, in the image's unit; otherwise read from "
                  "the air around the limb")
      ->type_name("SIGMA");
  parser.add_option("-o,--out", words->out, "Folder to make: t2.nrrd, t2.json, t2.csv, labels, pictures")
      ->required()
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) { return map_t2(*words, session); };
}

}  // namespace

Verb t2_verb() {
  return {
      .name = "t2",
      .summary = "Maps T2 from a multi-echo series, and reads it by region",
      .description =
          "Fits one exponential to the echoes of each voxel, with the noise floor in the model where the air "
          "tells the noise, and takes mean, standard deviation and median of each cartilage region and "
          "sub-region: whole, deep half, superficial half. The first echo of a train is left out, for it "
          "lacks "
          "the stimulated echoes that the others hold. Labels lie on the grid of the echoes; without "
          "--labels "
          "the network makes them. What is not fitted is NaN in t2.nrrd. T2 depends on sequence and fit: "
          "compare only what was measured alike.",
      .examples = {{"genu t2 scans --out t2", "One multi-echo series, labels by the network."},
                   {"genu t2 scans --series 3 --labels edited.nrrd --label-table genu --out t2",
                    "Labels that were looked at."},
                   {"genu t2 scans --skip-echoes 0 --noise 12.5 --out t2",
                    "Every echo, and noise measured otherwise."}},
      .references = {"Raya JG et al. 2010, Magnetic Resonance in Medicine 63:181 (fit with the noise in it).",
                     "Milford D et al. 2015, PLoS ONE 10:e0145255 (first echo).",
                     "Carballido-Gamio J et al. 2010, Magnetic Resonance in Medicine 63:465 (layers)."},
      .declare = declare};
}

}  // namespace genu::app
