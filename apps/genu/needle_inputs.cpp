// SPDX-License-Identifier: Apache-2.0
#include "needle_inputs.h"

#include <algorithm>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/core/text.h>
#include <genu/io/calibration_files.h>
#include <genu/io/files.h>
#include <genu/io/results.h>

#include "inputs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

std::string not_negative(const std::string& number) {
  return number == "0" ? "" : above_0(number);
}

/// Refuses a registration that is not the one in the set-up: its errors would be those of another.
void require_same(const ultrasound::BoneRegistration& registration, const io::TrackedSetup& setup,
                  const fs::path& file) {
  const io::ConfiguredTransform* tie = setup.patient_tie();
  if (!tie || tie->frames.to != "Patient")
    throw InvalidInput("the set-up has no transform to Patient that '" + file.string() + "' could be of");
  constexpr double reach_mm = 100.0, same_mm = 0.01;  // a knee's size; what digits in a file may lose
  double apart = 0.0;
  for (const Vector3& v :
       {Vector3{}, Vector3{reach_mm, 0, 0}, Vector3{0, reach_mm, 0}, Vector3{0, 0, reach_mm}}) {
    const Point3 at = registration.mri_from_tracker.inverse()(registration.centre + v);
    apart = std::max(apart, distance(tie->transform(at), registration.mri_from_tracker(at)));
  }
  if (apart > same_mm)
    throw InvalidInput("'" + file.string() + "' is another registration than " + tie->frames.from + " to " +
                       tie->frames.to + " of the set-up: they differ by " + fixed(apart, 2) + " mm");
}

void read_errors(io::NeedlePlanChosen& plan, const NeedleWords& words, const io::TrackedSetup& setup) {
  ultrasound::NeedleErrors said;
  said.position_sd_mm = words.position_sd_mm;
  said.rotation_sd_deg = words.rotation_sd_deg;
  ultrasound::NeedleErrors& errors = plan.guide.errors;
  errors = said;
  plan.error_source = said.position_sd_mm || said.rotation_sd_deg ? "the command line" : "";
  if (!words.registration.empty()) {
    const auto registration =
        io::bone_registration_from_json(io::read_text(words.registration), words.registration.string());
    require_same(registration, setup, words.registration);
    const Point3& target = plan.guide.plan.target;
    errors = ultrasound::together(said, ultrasound::errors_at(registration, target));
    plan.error_source.append(plan.error_source.empty() ? "" : " and ");
    plan.error_source +=
        "the registration, " + fixed(registration.predicted_error_mm(target), 1) + " mm at the target";
  }
  if (plan.error_source.empty())
    plan.error_source = "not known: --registration or --position-sd-mm tell them";
}

}  // namespace

std::vector<CLI::Option*> add_needle_options(CLI::App& parser, NeedleWords& words) {
  std::vector<CLI::Option*> all;
  const auto add = [&](CLI::Option* option) {
    all.push_back(option);
    return option;
  };
  const auto set_side = [&words](const std::string& word) {
    const std::optional<Side> side = side_named(word);
    if (!side) throw CLI::ValidationError("--side", "\"" + word + "\" is neither left nor right");
    words.finder.side = *side == Side::left ? ultrasound::EntrySide::left : ultrasound::EntrySide::right;
  };
  add(parser.add_option_function<std::string>(
          "--side", set_side,
          "Side of the picture that the needle comes from; else the deeper end is the tip, of a level one "
          "that within the picture"))
      ->type_name("left|right");
  add(parser.add_option(
          "--region", words.region,
          "Part of the picture to look in, in pixels; a DICOM region that it lies in gives the scale"))
      ->expected(4)
      ->type_name("X Y W H");
  add(parser.add_option("--min-confidence", words.finder.min_confidence, "What is less sure is no needle"))
      ->check(within(0.0, 1.0))
      ->capture_default_str();
  add(parser.add_option(
          "--min-angle-deg", words.finder.min_angle_deg,
          "To the face of the probe: flatter lines are layers, unless a needle is meant to lie flat"))
      ->check(within(0.0, 80.0))
      ->capture_default_str();
  add(add_pixel_option(parser, words.pixel_mm));
  CLI::Option* knee =
      add(parser.add_option("--case", words.knee, "Case folder whose plan the needle is measured against"))
          ->type_name("DIR");
  for (CLI::Option* option : add_trajectory_options(parser, words.choice)) add(option);
  parser.get_option("--plan")->excludes(knee);
  add(parser.add_option("--registration", words.registration,
                        "registration.json of genu us register: the error to expect at the target"))
      ->type_name("FILE.json");
  add(parser.add_option("--position-sd-mm", words.position_sd_mm,
                        "Error of a place in the picture in the patient, along each axis; adds to a "
                        "registration's what it does not know, as a tracker's noise"))
      ->check(not_negative)
      ->type_name("MM");
  add(parser.add_option("--rotation-sd-deg", words.rotation_sd_deg, "... of a direction"))
      ->check(not_negative)
      ->type_name("DEG");
  return all;
}

std::vector<fs::path> files_of(const NeedleWords& words) {
  std::vector<fs::path> files{words.knee, words.choice.plan, words.registration};
  std::erase(files, fs::path());
  return files;
}

std::optional<PixelSize> pixel_of(const std::optional<AffineTransform>& calibration,
                                  const std::vector<double>& pixel_mm) {
  if (pixel_mm.empty())
    return calibration ? std::optional(ultrasound::pixel_size_of(*calibration)) : std::nullopt;
  const PixelSize pixel{pixel_mm.front(), pixel_mm.back()};
  const auto reasons = calibration ? ultrasound::scale_disagreements(*calibration, {{"--pixel-mm", pixel}})
                                   : std::vector<std::string>();
  if (!reasons.empty()) throw InvalidInput("which size of pixels holds cannot be told: " + reasons.front());
  return pixel;
}

std::optional<io::NeedlePlanChosen> read_guide(const NeedleWords& words, const io::TrackedSetup& setup) {
  if (!words.has_plan()) {
    if (!words.registration.empty() || words.position_sd_mm || words.rotation_sd_deg ||
        !words.choice.target.empty() || !words.choice.approach.empty() || words.choice.rank != 1)
      throw UsageError("target, approach, rank and errors are those of a plan: --case DIR or --plan FILE");
    return std::nullopt;
  }
  if (setup.transforms.empty())
    throw UsageError("a plan is in the patient's coordinates: --setup FILE of genu us register leads there");
  const fs::path file = words.knee.empty() ? words.choice.plan : words.knee / "plan.json";
  const auto plans = io::plans_from_json(io::read_text(file), file.string());
  const ChosenTrajectory one = chosen(plans, words.choice);
  io::NeedlePlanChosen plan{.target = one.plan.target.name,
                            .approach = one.plan.approach,
                            .rank = words.choice.rank,
                            .guide = {.plan = one.trajectory.path,
                                      .tolerance_mm = one.plan.target.tolerance_mm,
                                      .always = setup.coordinate_frames()},
                            .error_source = {}};
  setup.patient_tie();  // refuses two, also where no registration is named
  read_errors(plan, words, setup);
  return plan;
}

namespace {

/// The scale of tracked pictures: the calibration's, or what came with them, where the user says none.
void read_scale(Moments& moments, const SweepSource& source, const std::vector<double>& pixel_mm) {
  moments.pixel_source = "a tracked recording states none; --pixel-mm or a calibration does";
  std::optional<AffineTransform> calibration = moments.setup.coordinate_frames().find("Image", "Probe");
  if (calibration) moments.pixel_source = "Image to Probe of " + source.setups.back().string();
  for (const ultrasound::TrackedFrame& frame : moments.frames)
    for (const auto& [frames, pose] : frame.poses)
      if (const auto sound = pose.transform(); sound && frames.from == "Image" && !calibration) {
        calibration = sound;
        moments.pixel_source = ultrasound::name_of(frames) + " of the recording";
      }
  if (!pixel_mm.empty()) moments.pixel_source = "--pixel-mm";
  moments.pixel = pixel_of(calibration, pixel_mm);
}

}  // namespace

Moments read_moments(const SweepSource& source, const NeedleWords& words) {
  Moments moments;
  if (is_tracked(source.recording)) {
    Sweep sweep = read_sweep(source);
    moments.frames = std::move(sweep.recording.frames);
    moments.setup = std::move(sweep.setup);
    moments.warnings = std::move(sweep.remarks);
    read_scale(moments, source, words.pixel_mm);
    return moments;
  }
  if (!source.setups.empty() || source.depth_mm)
    throw UsageError("'" + source.recording.string() +
                     "' does not say where the probe was: --setup and --depth-mm are for tracked recordings");
  Pictures pictures = read_pictures(source.recording, words.pixel_mm, {"--region", words.part()});
  for (std::size_t n = 0; n < pictures.frames.size(); ++n) {
    ultrasound::TrackedFrame frame;
    frame.image = std::move(pictures.frames[n]);
    if (n < pictures.times_s.size()) frame.time_s = pictures.times_s[n];
    moments.frames.push_back(std::move(frame));
  }
  moments.pixel = pictures.pixel;
  moments.pixel_source = std::move(pictures.pixel_source);
  moments.part = pictures.part;
  moments.warnings = std::move(pictures.warnings);
  // That there is no scale, and why, is told beside the numbers.
  if (!moments.pixel) erase_told_twice(moments.warnings, moments.pixel_source);
  return moments;
}

}  // namespace genu::app
