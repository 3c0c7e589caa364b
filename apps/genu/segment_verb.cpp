// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>

#include "inputs.h"
#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct SegmentWords {
  ImageSource image;
  std::optional<Side> side;
  fs::path model;
  fs::path out;
  fs::path report;
  fs::path probabilities;
  bool replace = false;
  bool failed_too = false;
};

/// Better refused before the work than after it.
void require_writable(const SegmentWords& words) {
  if (io::volume_extension(words.out).empty())
    throw UsageError("--out writes .nrrd, .nii, .nii.gz or .mha, not " + words.out.string());
  for (const fs::path& file : {words.out, words.report}) {
    std::error_code unknown;
    if (!file.empty() && fs::equivalent(file, words.image.path, unknown))
      throw UsageError(file.string() + " is the image; it would be lost");
    if (!file.parent_path().empty() && !fs::is_directory(file.parent_path(), unknown))
      throw IoError("cannot write " + file.string() + ": there is no folder " + file.parent_path().string());
  }
}

/// Writes <structure>.nrrd for each structure that was looked for, and segmentation.json.
void write_probabilities(const fs::path& folder, const segmentation::Segmentation& result,
                         const Progress& progress) {
  const auto& structures = result.report.quality.structures;
  for (std::size_t s = 0; s < structures.size(); ++s) {
    progress.report("writing probabilities", static_cast<double>(s) / static_cast<double>(structures.size()));
    const Volume<std::uint8_t> steps = probability_of(result, structures[s].tissue);
    Volume<float> probability(steps.geometry());
    std::transform(steps.voxels().begin(), steps.voxels().end(), probability.voxels().begin(),
                   [](std::uint8_t step) { return static_cast<float>(step) / 255.0F; });
    io::write_volume(folder / (std::string(info(structures[s].tissue).name) + ".nrrd"), probability);
  }
  io::write_text(folder / "segmentation.json", io::to_json(result.report));
}

ExitCode segment_image(const SegmentWords& words, const Session& session) {
  require_writable(words);
  std::optional<io::FolderTransaction> maps;
  if (!words.probabilities.empty())
    maps.emplace(words.probabilities, io::FolderOptions{.replace = words.replace,
                                                        .inputs = {words.image.path},
                                                        .document = "segmentation.json"});
  const Progress& progress = session.progress();
  const segmentation::KneeNetwork network = load_network(words.model);
  const SourceImage source = read_image(words.image, progress.part(0.0, 0.1));
  const segmentation::Segmentation result =
      segment(source.image, network, {.user = words.side, .header = source.side}, progress.part(0.1, 0.9));
  session.print(text_of(result.report));
  if (!words.failed_too)
    require_not_failed(result.report, words.image.path.string(),
                       "--failed-too writes what was found, to see why");
  if (maps) write_probabilities(maps->path(), result, progress.part(0.9, 1.0));
  progress.report("writing labels", 1.0);
  io::write_labels(words.out, result.labels, io::label_table_named("genu"));
  if (!words.report.empty()) io::write_text(words.report, io::to_json(result.report));
  if (maps) maps->commit({});  // the labels are there already
  for (const fs::path& file : {words.out, words.report, words.probabilities})
    if (!file.empty()) session.print("Written: " + file.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<SegmentWords>();
  add_image_options(parser, words->image)->required();
  add_side_option(parser, words->side);
  add_model_option(parser, words->model);
  parser.add_option("-o,--out", words->out, "Label map to write: .nrrd, .nii, .nii.gz or .mha")
      ->required()
      ->type_name("FILE");
  parser.add_option("--report", words->report, "Also writes the statement of quality as JSON")
      ->type_name("FILE.json");
  CLI::Option* maps = parser.add_option(
      "--probabilities", words->probabilities,
      "Also makes a folder with the probability of each structure, 0 to 1, in steps of 1/255");
  maps->type_name("DIR");
  parser.add_flag("--replace", words->replace, "Puts that folder in the place of an old one of this verb's")
      ->needs(maps);
  parser.add_flag("--failed-too", words->failed_too,
                  "Writes what was found even if the verdict is fail, to see why");
  return [words](const Session& session) { return segment_image(*words, session); };
}

}  // namespace

Verb segment_verb() {
  return {
      .name = "segment",
      .summary = "Segments a knee MRI of any contrast",
      .description =
          "Outlines bones, cartilage, menisci and tendons on a knee MRI, whatever its sequence, and says how "
          "far the result can be trusted: pass, review (look at it first) or fail, with reasons. What fails, "
          "such as an image of no knee, is refused. The labels lie on the image's own grid, in Genu's "
          "numbers; "
          "edited, they go back in with --labels of the other verbs. Research use only.",
      .examples = {{"genu segment scans --series 2 --out knee_labels.nrrd", "One DICOM series."},
                   {"genu segment knee.nii.gz --side left --out labels.nii.gz",
                    "A NIfTI file, whose header tells no side."},
                   {"genu segment scans --out labels.nrrd --report quality.json --probabilities maps",
                    "Everything that is known of it."}},
      .references =
          {"Billot B et al. 2023, Medical Image Analysis 86:102789 (training on synthetic images)."},
      .declare = declare};
}

}  // namespace genu::app
