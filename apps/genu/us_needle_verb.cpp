// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iomanip>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/io/files.h>
#include <genu/ultrasound/patient_axes.h>

#include "inputs.h"
#include "needle_inputs.h"
#include "needle_views.h"
#include "protocol.h"
#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct NeedleVerbWords {
  SweepSource source;
  NeedleWords needle;
  std::size_t frame = 0;  ///< From 1; 0 = all.
  std::size_t figures = 6;
  fs::path out;
  bool replace = false;
};

/// Refuses what could never be measured: no pose and no calibration leads to the patient.
void require_patient(const Moments& moments, const ultrasound::CoordinateFrames& always) {
  const auto has_patient = [](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), ultrasound::patient_frame) != names.end();
  };
  ultrasound::CoordinateFrames all = always;
  for (const ultrasound::TrackedFrame& frame : moments.frames)
    for (const auto& [frames, pose] : frame.poses)
      if (frames.from != frames.to && !has_patient(all.names())) all.set(frames, {});
  if (!has_patient(all.names()))
    throw InvalidInput(
        "the set-up leads nowhere from Image to Patient: genu us register makes one that does");
}

/// Returns the places of the pictures to look at. \throws UsageError, InvalidInput if the one that is asked
/// for is not there, or there is none
std::vector<std::size_t> places_of(const Moments& moments, const NeedleVerbWords& words) {
  const std::string file = "'" + words.source.recording.string() + "'";
  if (words.frame > moments.frames.size())
    throw UsageError(file + " has " + std::to_string(moments.frames.size()) + " frames; there is no frame " +
                     std::to_string(words.frame));
  if (words.frame > 0) {
    const ultrasound::TrackedFrame& frame = moments.frames[words.frame - 1];
    if (!frame.shows_image())
      throw InvalidInput("frame " + std::to_string(words.frame) + " of " + file + " shows no image" +
                         (frame.image_status == "OK" ? "" : ": its status is " + frame.image_status));
    return {words.frame - 1};
  }
  std::vector<std::size_t> places;
  for (std::size_t n = 0; n < moments.frames.size(); ++n)
    if (moments.frames[n].shows_image()) places.push_back(n);
  if (places.empty()) throw InvalidInput(file + " shows no ultrasound picture");
  return places;
}

void look(io::NeedleRecord& record, const Moments& moments, const std::vector<std::size_t>& places,
          const Progress& progress) {
  const ultrasound::NeedleTrackOptions options{.finder = record.finder};
  ultrasound::NeedleTrack track;
  for (const std::size_t n : places) {
    progress.report("picture " + std::to_string(n + 1),
                    static_cast<double>(record.pictures.size()) / static_cast<double>(places.size()));
    const ultrasound::TrackedFrame& moment = moments.frames[n];
    io::NeedlePicture picture{.frame = n + 1, .time_s = moment.time_s, .finding = {}, .guidance = {}};
    if (record.followed) {
      track = ultrasound::follow(std::move(track), moment.image, options);
      picture.finding = ultrasound::finding_of(track, moment.image, options);
    } else {
      picture.finding = ultrasound::look_for_needle(moment.image, record.finder);
    }
    if (record.plan) picture.guidance = ultrasound::guidance_of(moment, picture.finding, record.plan->guide);
    record.pictures.push_back(std::move(picture));
  }
}

void write_figures(const fs::path& folder, const io::NeedleRecord& record, const Moments& moments,
                   std::size_t most) {
  for (const std::size_t n : spread(record.pictures.size(), most)) {
    const io::NeedlePicture& picture = record.pictures[n];
    std::ostringstream name;
    name << "picture_" << std::setw(4) << std::setfill('0') << picture.frame << ".png";
    render::write_png(folder / name.str(),
                      needle_figure(moments.frames[picture.frame - 1].image, picture, record));
  }
}

ExitCode find_needles(const NeedleVerbWords& words, const Session& session) {
  io::FolderOptions options{
      .replace = words.replace, .inputs = files_of(words.source), .document = "needle.json"};
  for (const fs::path& file : files_of(words.needle)) options.inputs.push_back(file);
  io::FolderTransaction folder(words.out, options);
  Moments moments = read_moments(words.source, words.needle);
  const std::vector<std::size_t> places = places_of(moments, words);
  std::vector<std::string> inputs;
  for (const fs::path& file : options.inputs) inputs.push_back(file.string());
  const io::Case named = new_case("needle", "baseline", inputs);
  io::NeedleRecord record{.inputs = named.inputs,
                          .created = named.created,
                          .genu_version = named.genu_version,
                          .pixel = moments.pixel,
                          .pixel_source = moments.pixel_source,
                          .finder = words.needle.finder,
                          .followed = places.size() > 1,
                          .plan = read_guide(words.needle, moments.setup),
                          .warnings = moments.warnings};
  if (words.frame == 0) record.frames_without_image = moments.frames.size() - places.size();
  if (record.plan) require_patient(moments, record.plan->guide.always);
  record.finder.pixel_size = moments.pixel;
  record.finder.region = words.needle.part() ? words.needle.part() : moments.part;
  with_context("looking for needles in '" + words.source.recording.string() + "'",
               [&] { look(record, moments, places, session.progress()); });
  io::write_text(folder.path() / "needle.json", io::to_json(record));
  io::write_text(folder.path() / "needle.csv", io::needle_csv(record));
  write_figures(folder.path(), record, moments, words.figures);
  folder.commit(session.progress());
  session.print(text_of(record));
  for (const std::string& warning : record.warnings) session.print("Odd: " + warning + "\n");
  session.print("Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<NeedleVerbWords>();
  add_sweep_options(parser, words->source);
  parser.get_option("RECORDING")
      ->description("DICOM still or clip, PNG, JPEG, or a tracked recording (.igs.mha, .igs.nrrd)");
  add_needle_options(parser, words->needle);
  parser.add_option("--frame", words->frame, "Only this frame of a clip, from 1, by itself")
      ->check(above_0)
      ->type_name("N");
  parser.add_option("--figures", words->figures, "Pictures to draw of a clip, evenly spread")
      ->check(CLI::Range(0, 10000))
      ->type_name("N")
      ->capture_default_str();
  parser.add_option("-o,--out", words->out, "Folder to make: needle.json, needle.csv, pictures")
      ->required()
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) { return find_needles(*words, session); };
}

}  // namespace

Verb us_needle_verb() {
  return {
      .name = "needle",
      .summary = "Finds the needle in ultrasound pictures, and says how it lies to its plan",
      .description =
          "Looks for the needle in each picture: in a still by itself, in a clip or recording from picture "
          "to "
          "picture. With a set-up that leads from Image to Patient (genu us register) and a plan, each "
          "picture "
          "gets the distance from tip to target, from the path, the angle to it, the depth that is left and "
          "by "
          "how much the target would be passed, with their errors. A pose that is not sound leaves its "
          "picture "
          "without numbers. Where there is no needle it says what speaks against the line most like one. "
          "Without a scale all is in pixels. A needle is measured as if it lay in the middle of the slice.",
      .examples = {{"genu us needle frame.png --out needle", "Is there a needle, and where?"},
                   {"genu us needle clip.dcm --side right --figures 10 --out needle",
                    "A clip; the needle comes from the right of the picture."},
                   {"genu us needle insertion.igs.mha --setup tie/setup.xml --case knee --registration "
                    "tie/registration.json --out needle",
                    "A tracked recording against the best plan of a case, with the errors to expect."}},
      .references = {"Uhercik M et al. 2010, IEEE Transactions on Biomedical Engineering 57:1907 (the tip).",
                     "Chatelain P et al. 2013, IEEE International Conference on Robotics and Automation: "
                     "1668 (following)."},
      .declare = declare};
}

}  // namespace genu::app
