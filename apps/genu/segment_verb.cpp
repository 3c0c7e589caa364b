// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/files.h>
#include <genu/io/volume_files.h>

#include "inputs.h"
#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace {

struct SegmentWords {
  ImageSource image;
  std::optional<Side> side;
  std::filesystem::path model;
  std::filesystem::path out;
};

ExitCode segment_image(const SegmentWords& words, const Session& session) {
  const Progress& progress = session.progress();
  const segmentation::KneeNetwork network = load_network(words.model);
  const SourceImage source = read_image(words.image, progress.part(0.0, 0.1));
  const segmentation::Segmentation result =
      segment(source.image, network, {.user = words.side, .header = source.side}, progress.part(0.1, 0.95));
  session.print(text_of(result));
  if (result.quality.verdict == segmentation::Verdict::fail)
    throw InvalidInput(words.image.path.string() + " was not segmented: " + result.quality.reasons.front());
  progress.report("writing labels", 0.95);
  io::write_labels(words.out, result.labels, io::label_table_named("genu"));
  progress.report("done", 1.0);
  session.print("Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<SegmentWords>();
  parser.add_option("IMAGE", words->image.path, "DICOM folder or file, or a NIfTI, NRRD or MHA file")
      ->required()
      ->type_name("DIR|FILE");
  parser.add_option("--series", words->image.series, "Which series of the DICOM folder")->type_name("N|UID");
  parser.add_option("--echo", words->image.echo, "Which echo of the series, from 1")->type_name("N");
  add_side_option(parser, words->side);
  parser.add_option("--model", words->model, "Another network than the one that ships with Genu")
      ->type_name("FILE.onnx");
  parser.add_option("-o,--out", words->out, "Label map to write: .nrrd, .nii, .nii.gz or .mha")
      ->required()
      ->type_name("FILE");
  return [words](const Session& session) { return segment_image(*words, session); };
}

}  // namespace

Verb segment_verb() {
  return {
      .name = "segment",
      .summary = "Segments a knee MRI of any contrast",
      .description =
          "Outlines bones, cartilage, menisci and tendons on a knee MRI, whatever its sequence, and says how "
          "far the result can be trusted: pass, review (look at it first) or fail, with reasons. An image "
          "that "
          "holds no knee is refused. The labels lie on the image's own grid, in Genu's numbers; edited, they "
          "go back in with --labels of the other verbs. Research use only.",
      .examples = {{"genu segment scans --series 2 --out knee_labels.nrrd", "One DICOM series."},
                   {"genu segment knee.nii.gz --side left --out labels.nii.gz",
                    "A NIfTI file, whose header tells no side."}},
      .references =
          {"Billot B et al. 2023, Medical Image Analysis 86:102789 (training on synthetic images)."},
      .declare = declare};
}

}  // namespace genu::app
