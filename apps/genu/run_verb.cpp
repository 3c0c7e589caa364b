// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/render/picture.h>
#include <genu/report/case_report.h>
#include <genu/segmentation/agreement.h>

#include "inputs.h"
#include "phantom_case.h"
#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct RunWords {
  ImageSource image;
  LabelSource labels;
  std::optional<Side> side;
  fs::path model;
  bool phantom = false;
  PhantomOptions phantom_options = worn_knee();
  std::string case_name;
  std::string visit;
  fs::path out;
  bool replace = false;
  bool no_figures = false;
};

/// One knee as it was read.
struct Subject {
  std::optional<SourceImage> image;
  std::optional<LabelMap> labels;  ///< None: the network makes them.
};

Subject read_subject(const ImageSource& image, const LabelSource& labels, const Progress& progress) {
  Subject subject;
  if (!image.path.empty()) subject.image = read_image(image, progress.part(0.0, 0.7));
  if (labels.file.empty()) return subject;
  progress.report("reading labels", 0.7);
  subject.labels = read_label_map(labels);
  if (subject.image)
    with_context("comparing " + image.path.string() + " and " + labels.file.string(),
                 [&] { require_same_grid(subject.image->image.geometry(), subject.labels->geometry()); });
  return subject;
}

/// Makes the phantom's files, and then reads them as if a scanner had made them.
Subject read_phantom(const fs::path& folder, const PhantomOptions& options, const Progress& progress) {
  fs::create_directories(folder);
  write_phantom(folder, options, progress.part(0.0, 0.8));
  const ImageSource image{.path = folder / "dicom", .series = "", .echo = std::nullopt};
  return read_subject(image, {}, progress.part(0.8, 1.0));
}

void write_report(const fs::path& folder, const io::Case& knee, const std::vector<report::Figure>& figures) {
  fs::create_directories(folder / "figures");
  for (const report::Figure& figure : figures)
    render::write_png(folder / "figures" / (figure.name + ".png"), figure.picture);
  io::write_text(folder / "report.html", report::case_page(knee, figures));
}

void require_utf8(const char* option, const std::string& text) {
  if (io::as_utf8(text) != text)
    throw UsageError(std::string(option) + " is no UTF-8 text: \"" + io::as_utf8(text) + "\"");
}

io::Case named_case(const RunWords& words) {
  require_utf8("--case", words.case_name);
  require_utf8("--visit", words.visit);
  if (words.phantom)
    return new_case(words.case_name.empty() ? "phantom" : words.case_name,
                    words.visit.empty() ? "baseline" : words.visit, {"phantom"});
  const CaseName who = case_named_by(words.labels.file.empty() ? words.image.path : words.labels.file);
  std::vector<std::string> inputs;
  for (const fs::path& input : {words.image.path, words.labels.file, words.model})
    if (!input.empty()) inputs.push_back(input.string());
  return new_case(words.case_name.empty() ? who.name : words.case_name,
                  words.visit.empty() ? who.visit : words.visit, inputs);
}

/// Returns how far the network's labels are the phantom's own, for what the network looks for.
std::string compared_with_truth(const LabelMap& labels, const segmentation::SegmentationReport& report,
                                const fs::path& phantom) {
  const LabelMap truth = io::read_labels(phantom / "labels.nrrd", io::label_table_named("genu"));
  std::vector<segmentation::Agreement> agreements = segmentation::compare_labels(truth, labels);
  const auto& structures = report.quality.structures;
  std::erase_if(agreements, [&](const segmentation::Agreement& a) {
    return std::none_of(structures.begin(), structures.end(),
                        [&](const segmentation::StructureQuality& s) { return s.tissue == a.tissue; });
  });
  return "The network's labels against the phantom's truth\n" + text_of(agreements) + "\n";
}

void print_results(const io::Case& knee, const fs::path& out, const Session& session) {
  if (knee.segmentation) session.print(text_of(*knee.segmentation) + "\n");
  session.print(text_of(*knee.cartilage) + "\n" + text_of(*knee.stage) + "\n" + text_of(knee.plans) + "\n");
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(out))
    paths.push_back(entry.path().string() + (entry.is_directory() ? "/" : ""));
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) session.print(path + "\n");
}

ExitCode run_case(const RunWords& words, const Session& session) {
  const bool from_files = !words.image.path.empty() || !words.labels.file.empty();
  if (words.phantom == from_files)
    throw UsageError("run needs an image, or --labels, or both; or else --phantom");
  io::Case knee = named_case(words);
  const fs::path out = words.out.empty() ? fs::path("genu-" + folder_name(knee.name)) : words.out;
  const Progress& progress = session.progress();
  if (!words.no_figures) require_display();
  io::FolderOptions options{
      .replace = words.replace, .inputs = files_of(words.labels), .document = "case.json"};
  options.inputs.insert(options.inputs.end(), {words.image.path, words.model});
  std::erase(options.inputs, fs::path());
  io::FolderTransaction folder(out, options);

  Subject subject =
      words.phantom ? read_phantom(folder.path() / "phantom", words.phantom_options, progress.part(0.0, 0.2))
                    : read_subject(words.image, words.labels, progress.part(0.0, 0.1));
  SideClaims side{.user = words.side, .header = subject.image ? subject.image->side : std::nullopt};
  if (subject.image) knee.image = std::move(subject.image->image);
  knee.labels = std::move(subject.labels);
  const Volume<float>* image = knee.image ? &*knee.image : nullptr;
  if (!knee.labels) {
    segmentation::Segmentation made =
        segment(*image, load_network(words.model), side, progress.part(0.2, 0.4));
    require_not_failed(made.report, words.phantom ? "the phantom's series" : words.image.path.string(),
                       "labels made otherwise go in with --labels");
    side.segmentation = made.report.side;
    side.segmentation_source = made.report.side_source;
    knee.labels = std::move(made.labels);
    knee.segmentation = std::move(made.report);
  }

  knee.cartilage = measure(*knee.labels, side, progress.part(0.4, 0.5));
  if (knee.segmentation) {
    knee.cartilage->doubts = knee.segmentation->quality.reasons;
    // Even labels that pass: measured on phantoms, the network covers denuded bone where fluid lies on it.
    knee.cartilage->doubts.emplace_back(
        "the network drew the labels and nobody has looked at them: worn cartilage may be drawn where fluid "
        "is");
  }
  if (subject.image)
    for (const std::string& remark : subject.image->remarks)
      knee.cartilage->flags.push_back("image series: " + remark);
  knee.stage = stage(*knee.cartilage);
  knee.anatomy = find_anatomy(*knee.labels, knee.cartilage->frame, image, progress.part(0.5, 0.6));
  knee.plans = plan(*knee.anatomy, *knee.cartilage, knee.labels ? &*knee.labels : nullptr, {},
                    progress.part(0.6, 0.7));
  std::vector<report::Figure> figures;
  if (!words.no_figures) figures = report::draw_figures(knee, progress.part(0.7, 0.9));

  progress.report("writing the case", 0.9);
  io::write_case(folder.path(), knee);
  write_report(folder.path(), knee, figures);
  progress.report("done", 1.0);
  folder.commit(session.progress());
  if (words.phantom) session.print(compared_with_truth(*knee.labels, *knee.segmentation, out / "phantom"));
  print_results(knee, out, session);
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<RunWords>();
  add_image_options(parser, words->image);
  CLI::Option* labels = add_label_options(parser, words->labels);
  add_side_option(parser, words->side);
  add_model_option(parser, words->model)->excludes(labels);
  CLI::Option* phantom =
      parser.add_flag("--phantom", words->phantom, "Makes a worn phantom knee and runs on its DICOM series");
  parser.add_option("--in-plane-mm", words->phantom_options.in_plane_mm, "Pixel spacing of the phantom")
      ->check(above_0)
      ->needs(phantom)
      ->capture_default_str();
  parser.add_option("--slice-mm", words->phantom_options.slice_mm, "Slice spacing of the phantom")
      ->check(above_0)
      ->needs(phantom)
      ->capture_default_str();
  parser
      .add_option("--samples-per-mm", words->phantom_options.scan.samples_per_mm,
                  "Fineness of the phantom's signal; 1 is quick and coarse")
      ->needs(phantom)
      ->capture_default_str();
  parser
      .add_option("--case", words->case_name,
                  "Name of the case, else from the name of the labels or the image")
      ->type_name("NAME");
  parser.add_option("--visit", words->visit, "Name of the visit, else from the same name")->type_name("NAME");
  parser.add_option("-o,--out", words->out, "Case folder to make (default genu-CASE)")->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  parser.add_flag("--no-figures", words->no_figures, "Draws nothing; needs neither display nor Xvfb");
  return [words](const Session& session) { return run_case(*words, session); };
}

}  // namespace

Verb run_verb() {
  return {
      .name = "run",
      .summary = "The whole path: image and labels to measurements, stage, plan and report",
      .description =
          "Takes one knee all the way and writes one case folder: case.json, image, labels, "
          "segmentation.json, "
          "meshes, measurements.json and .csv, stage.json, plan.json, figures and report.html. The folder "
          "appears whole or not at all. The network segments the image, whatever its sequence; labels that "
          "are "
          "given, such as edited ones, are used instead and must lie on the image's grid. Without an image "
          "the "
          "figures show labels. The side comes from --side, else from the image's header, else from the "
          "labels. Research use only.",
      .examples =
          {{"genu run --phantom --out demo", "No data at hand: a worn phantom knee, from its DICOM series."},
           {"genu run dicom_folder --series 2 --out case", "A knee MRI."},
           {"genu run dicom_folder --series 2 --labels case/labels.nrrd --label-table genu --out edited",
            "The same with its labels corrected by hand."},
           {"genu run --labels akoa_9014797_00m.nii.gz --label-table oai --out case", "Labels alone."}},
      .references = {"Eckstein F et al. 2006, Osteoarthritis and Cartilage 14:974 (nomenclature)."},
      .declare = declare};
}

}  // namespace genu::app
