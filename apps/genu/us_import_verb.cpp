// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/app/text_table.h>
#include <genu/core/text.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/io/ultrasound_files.h>
#include <genu/render/frame_figure.h>

#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;
using ultrasound::UltrasoundClip;

namespace {

struct ImportWords {
  std::vector<fs::path> files;
  fs::path out;
  bool replace = false;
};

std::string scale_text(const UltrasoundClip& clip) {
  const ultrasound::ClipScale scale = ultrasound::b_mode_scale(clip);
  if (!scale.scale.pixel_size) return "none: " + scale.scale.reason;
  return fixed(scale.scale.pixel_size->x_mm, 4) + " x " + fixed(scale.scale.pixel_size->y_mm, 4) +
         " mm (region " + std::to_string(clip.regions[*scale.region].item) + ")";
}

/// Draws the first frame with its regions.
render::Picture figure_of(const UltrasoundClip& clip) {
  render::FrameMarks marks{.words = {"B-mode pixels: " + scale_text(clip)}};
  for (const ultrasound::UltrasoundRegion& region : clip.regions)
    if (const auto part = ultrasound::visible_part(region, clip.width(), clip.height())) {
      const double left = part->x, top = part->y, right = part->x + part->width - 1,
                   bottom = part->y + part->height - 1;
      marks.lines.push_back(
          {{{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}}, {90, 170, 255}, 1.5});
      marks.spots.push_back({{left + 6, top + 6},
                             {90, 170, 255},
                             std::to_string(region.item) + " " + std::string(name(region.content)),
                             3.0});
    }
  const ultrasound::ClipScale scale = ultrasound::b_mode_scale(clip);
  // Drawn in the picture's own shape: regions may differ in theirs. The bar is right across.
  marks.pixel = scale.scale.pixel_size;
  if (marks.pixel && marks.pixel->x_mm != marks.pixel->y_mm) marks.pixel.reset();
  return render::frame_figure(clip.frames.front(), marks);
}

ultrasound::TrackedSequence as_recording(UltrasoundClip clip) {
  ultrasound::TrackedSequence recording;
  recording.orientation_stated = false;  // A clip does not say where the probe's marker was.
  if (!clip.frames.empty() && clip.frames.front().channels == 3) recording.image_type = "RGB_COLOR";
  recording.frames.resize(clip.frames.size());
  for (std::size_t f = 0; f < clip.frames.size(); ++f) {
    recording.frames[f].image = std::move(clip.frames[f]);
    recording.frames[f].time_s = clip.times_s[f];
  }
  return recording;
}

ExitCode import_files(const ImportWords& words, const Session& session) {
  std::optional<io::FolderTransaction> folder;
  if (!words.out.empty())
    folder.emplace(
        words.out,
        io::FolderOptions{.replace = words.replace, .inputs = words.files, .document = "regions.csv"});
  TextTable table({"file", "frames", "size", "stored as", "B-mode pixels, or why none"});
  std::string csv = io::clip_regions_csv_header(), refusals, warnings;
  std::size_t refused = 0;
  for (std::size_t n = 0; n < words.files.size(); ++n) {
    const fs::path& file = words.files[n];
    const std::string name = file.filename().string();
    session.progress().report(name, static_cast<double>(n) / static_cast<double>(words.files.size()));
    UltrasoundClip clip;
    try {
      clip = io::read_ultrasound_clip(file);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      ++refused;
      table.add_row({name, "-", "-", "-", "refused"});
      refusals.append(describe(error)).append("\n");
      csv += io::clip_refusal_csv_row(name, describe(error));
      continue;
    }
    table.add_row({name, std::to_string(clip.frames.size()),
                   std::to_string(clip.width()) + " x " + std::to_string(clip.height()),
                   clip.photometric + ", " + clip.encoding, scale_text(clip)});
    csv += io::clip_regions_csv_rows(clip, name);
    for (const std::string& warning : clip.warnings)
      warnings.append(name).append(": ").append(warning).append("\n");
    if (!folder) continue;
    // Two files of one name from two folders keep apart by their number.
    const std::string stem = fixed(static_cast<double>(n + 1), 0) + "_" + name;
    io::write_text(folder->path() / (stem + ".json"), io::to_json(clip, name));
    render::write_png(folder->path() / (stem + ".png"), figure_of(clip));
    io::write_tracked_sequence(folder->path() / (stem + ".igs.mha"), as_recording(std::move(clip)));
  }
  if (refused == words.files.size()) throw IoError(refusals.substr(0, refusals.size() - 1));
  if (folder) {
    io::write_text(folder->path() / "regions.csv", csv);
    folder->commit(session.progress());
  }
  session.print(table.text());
  if (!warnings.empty()) session.print("Odd:\n" + warnings);
  if (!refusals.empty()) session.print("Refused:\n" + refusals);
  if (folder) session.print("Written: " + words.out.string() + "\n");
  return refused == 0 ? ExitCode::ok : ExitCode::some_failed;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<ImportWords>();
  parser.add_option("FILES", words->files, "DICOM stills and clips, PNG and JPEG pictures")
      ->required()
      ->type_name("FILE ...");
  parser
      .add_option(
          "-o,--out", words->out,
          "Folder to make: of each file a JSON, a picture with its regions and its frames as .igs.mha; "
          "regions.csv. Without it the files are only listed")
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) { return import_files(*words, session); };
}

}  // namespace

Verb us_import_verb() {
  return {
      .name = "import",
      .summary = "Reads ultrasound stills and clips, and tells the scale of each region",
      .description =
          "Reads DICOM ultrasound in every photometric interpretation and common encoding. Millimetres come "
          "only from the file's regions (0018,6011) in centimetres: units, signs and both directions are "
          "honoured region by region. A picture that was made smaller after its regions were written has no "
          "scale, and a screenshot has none either. A file that is refused is named with tag and value; the "
          "others are read.",
      .examples = {{"genu us import *.dcm", "A row a file."},
                   {"genu us import clip.dcm --out clip", "Frames, regions and a picture to look at."}},
      .references = {"DICOM PS3.3 C.8.5.5 (Sequence of Ultrasound Regions)."},
      .declare = declare};
}

}  // namespace genu::app
