// SPDX-License-Identifier: Apache-2.0
#include "us_inputs.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/io/files.h>
#include <genu/io/ultrasound_files.h>
#include <genu/ultrasound/needle_guidance.h>

#include "inputs.h"

namespace genu::app {

namespace fs = std::filesystem;

CLI::Option* add_depth_option(CLI::App& parser, std::optional<double>& depth_mm) {
  return parser.add_option("--depth-mm", depth_mm, "Imaging depth that the machine was set to")
      ->check(above_0)
      ->type_name("MM");
}

void add_sweep_options(CLI::App& parser, SweepSource& source) {
  parser.add_option("RECORDING", source.recording, "Tracked recording (.igs.mha, .igs.nrrd)")
      ->required()
      ->type_name("FILE");
  parser
      .add_option("--setup", source.setups,
                  "What always holds: a PLUS configuration, or a setup.xml of genu us calibrate; of several "
                  "the later holds. \"fcal_2.0\" is the phantom that ships")
      ->type_name("FILE");
  add_depth_option(parser, source.depth_mm);
}

std::vector<fs::path> files_of(const SweepSource& source) {
  std::vector<fs::path> files = source.setups;
  files.push_back(source.recording);
  return files;
}

io::TrackedSetup read_setups(const std::vector<fs::path>& files) {
  io::TrackedSetup all;
  for (const fs::path& named : files) {
    std::error_code error;
    const bool shipped = named == "fcal_2.0" && !fs::exists(named, error);
    io::TrackedSetup one = io::read_tracked_setup(shipped ? io::data_file("ultrasound/fcal_2.0.xml") : named);
    for (io::ConfiguredTransform& t : one.transforms) {
      std::erase_if(all.transforms, [&](const io::ConfiguredTransform& o) {
        return ultrasound::joins_the_same(o.frames, t.frames);
      });
      all.transforms.push_back(std::move(t));
    }
    if (!one.n_wires.empty()) all.n_wires = std::move(one.n_wires);
    if (!one.landmarks.empty()) all.landmarks = std::move(one.landmarks);
    all.remarks.insert(all.remarks.end(), one.remarks.begin(), one.remarks.end());
  }
  // What was assumed of a transform that a later file replaced does not matter any more.
  if (std::all_of(all.transforms.begin(), all.transforms.end(),
                  [](const io::ConfiguredTransform& t) { return t.patient_axes_stated; }))
    all.remarks.clear();
  return all;
}

ultrasound::ImageSetup pictures_of(const ultrasound::TrackedSequence& recording,
                                   const std::optional<double>& depth_mm) {
  ultrasound::ImageSetup pictures = ultrasound::image_setup_of(recording);
  if (depth_mm && pictures.depth_mm && !ultrasound::is_same_depth(*depth_mm, *pictures.depth_mm))
    throw InvalidInput("the recording says that it is " + fixed(*pictures.depth_mm, 1) +
                       " mm deep, and --depth-mm " + fixed(*depth_mm, 1) +
                       ": which of them holds cannot be "
                       "told");
  if (depth_mm) pictures.depth_mm = depth_mm;
  return pictures;
}

ultrasound::ImageSetup pictures_of(const ultrasound::TrackedFrame& frame,
                                   const std::optional<double>& depth_mm) {
  ultrasound::ImageSetup pictures = ultrasound::image_setup_of(frame);
  if (depth_mm && !pictures.depth_mm) {
    pictures.depth_mm = depth_mm;
    pictures.unread_depth.clear();
  }
  return pictures;
}

bool is_tracked(const fs::path& file) {
  return io::has_extension(file, ".mha") || io::has_extension(file, ".nrrd");
}

std::string reasons_against(const io::TrackedSetup& setup, const ultrasound::ImageSetup& pictures) {
  std::string all;
  for (const io::ConfiguredTransform& t : setup.transforms) {
    if (!t.pictures) continue;
    std::string of_one;
    for (const std::string& reason : ultrasound::reasons_against(*t.pictures, pictures))
      of_one.append(of_one.empty() ? "" : "; ").append(reason);
    if (of_one.empty()) continue;
    all.append(all.empty() ? "" : "; ").append("the transform from ").append(t.frames.from);
    all.append(" to ").append(t.frames.to).append(" is of other pictures: ").append(of_one);
  }
  return all;
}

std::vector<std::string> cautions_about(const io::TrackedSetup& setup,
                                        const ultrasound::ImageSetup& pictures) {
  std::vector<std::string> all;
  for (const io::ConfiguredTransform& t : setup.transforms)
    if (t.pictures)
      for (const std::string& caution : ultrasound::cautions_about(*t.pictures, pictures))
        all.push_back(ultrasound::name_of(t.frames) + ": " + caution);
  return all;
}

bool shows_image(const ultrasound::TrackedSequence& recording) {
  return std::any_of(recording.frames.begin(), recording.frames.end(),
                     [](const ultrasound::TrackedFrame& f) { return f.shows_image(); });
}

namespace {

/// Returns true if a set-up says of which pictures it is.
bool has_calibration(const io::TrackedSetup& setup) {
  return std::any_of(setup.transforms.begin(), setup.transforms.end(),
                     [](const io::ConfiguredTransform& t) { return t.pictures.has_value(); });
}

}  // namespace

void refuse_calibration_of_others(const io::TrackedSetup& setup, const ultrasound::TrackedSequence& recording,
                                  const fs::path& file, const std::optional<double>& depth_mm) {
  if (!has_calibration(setup) || !shows_image(recording)) return;
  const std::string reasons = with_context("reading '" + file.string() + "'", [&] {
    return reasons_against(setup, pictures_of(recording, depth_mm));
  });
  if (!reasons.empty()) throw InvalidInput("'" + file.string() + "': " + reasons);
}

void note_remarks(const std::vector<std::string>& remarks, const fs::path& file, const Session& session) {
  for (const std::string& remark : remarks) session.note("genu: " + file.filename().string() + ": " + remark);
}

void require_way(const ultrasound::TrackedSequence& sweep, const ultrasound::CoordinateFrames& always,
                 const fs::path& file, std::string_view from, std::string_view to) {
  const auto& frames = sweep.frames;
  if (std::any_of(frames.begin(), frames.end(), [&](const ultrasound::TrackedFrame& frame) {
        return ultrasound::at_moment(frame, always).find(from, to).has_value();
      }))
    return;
  throw InvalidInput("'" + file.string() + "': " +
                     (frames.empty()
                          ? std::string("it has no frames")
                          : "in none of its " + std::to_string(frames.size()) + " frames a pose leads from " +
                                std::string(from) + " to " + std::string(to) + "; in the first one " +
                                ultrasound::why_apart(frames.front(), always, from, to)));
}

Sweep read_sweep(const SweepSource& source) {
  Sweep sweep{io::read_tracked_sequence(source.recording), read_setups(source.setups), {}, {}};
  refuse_calibration_of_others(sweep.setup, sweep.recording, source.recording, source.depth_mm);
  sweep.remarks = sweep.recording.remarks;
  sweep.remarks.insert(sweep.remarks.end(), sweep.setup.remarks.begin(), sweep.setup.remarks.end());
  if (has_calibration(sweep.setup) && shows_image(sweep.recording))
    for (std::string& caution : cautions_about(sweep.setup, pictures_of(sweep.recording, source.depth_mm)))
      sweep.remarks.push_back(std::move(caution));
  sweep.always = sweep.setup.coordinate_frames();
  return sweep;
}

Sweep read_sweep(const SweepSource& source, const Session& session) {
  Sweep sweep = read_sweep(source);
  note_remarks(sweep.remarks, source.recording, session);
  return sweep;
}

namespace {

Pictures pictures_of_recording(const fs::path& file) {
  ultrasound::TrackedSequence recording = io::read_tracked_sequence(file);
  Pictures pictures;
  std::size_t without = 0;
  std::size_t number = 0;
  for (ultrasound::TrackedFrame& frame : recording.frames) {
    ++number;
    if (!frame.shows_image()) {
      ++without;
      continue;
    }
    pictures.numbers.push_back(number);
    pictures.frames.push_back(std::move(frame.image));
    pictures.times_s.push_back(frame.time_s);
  }
  pictures.warnings = std::move(recording.remarks);
  if (without > 0)
    pictures.warnings.push_back(std::to_string(without) + " frames show no sound image and are left out");
  pictures.pixel_source = "a tracked recording states none; --pixel-mm or a calibration does";
  return pictures;
}

constexpr std::string_view no_millimetres = "no millimetres: ";

Pictures pictures_of_clip(const fs::path& file, const NamedPart& part) {
  ultrasound::UltrasoundClip clip = io::read_ultrasound_clip(file);
  const ultrasound::ClipScale scale =
      part.bounds ? ultrasound::b_mode_scale(clip, *part.bounds) : ultrasound::b_mode_scale(clip);
  Pictures pictures;
  pictures.pixel = scale.scale.pixel_size;
  pictures.pixel_source = scale.scale.pixel_size
                              ? "region " + std::to_string(clip.regions[*scale.region].item) + " of the file"
                              : scale.scale.reason;
  if (scale.differ)
    pictures.pixel_source.append("; ").append(part.option) +=
        " within one of them takes its scale, or --pixel-mm says one";
  if (scale.region)
    pictures.part = ultrasound::visible_part(clip.regions[*scale.region], clip.width(), clip.height());
  pictures.frames = std::move(clip.frames);
  pictures.numbers.resize(pictures.frames.size());
  std::iota(pictures.numbers.begin(), pictures.numbers.end(), std::size_t{1});
  pictures.times_s = std::move(clip.times_s);
  pictures.warnings = std::move(clip.warnings);
  if (pictures.pixel)
    std::erase_if(pictures.warnings, [](const std::string& w) { return w.starts_with(no_millimetres); });
  return pictures;
}

}  // namespace

void erase_told_twice(std::vector<std::string>& warnings, const std::string& pixel_source) {
  std::erase_if(warnings, [&](const std::string& w) {
    return w.starts_with(no_millimetres) &&
           pixel_source.find(w.substr(no_millimetres.size())) != std::string::npos;
  });
}

Pictures read_pictures(const fs::path& file, const std::vector<double>& pixel_mm, const NamedPart& part) {
  Pictures pictures = is_tracked(file) ? pictures_of_recording(file) : pictures_of_clip(file, part);
  if (!pixel_mm.empty()) {
    pictures.pixel = PixelSize{pixel_mm.front(), pixel_mm.back()};
    pictures.pixel_source = "--pixel-mm";
    std::erase_if(pictures.warnings, [](const std::string& w) { return w.starts_with(no_millimetres); });
  }
  if (pictures.frames.empty()) throw InvalidInput("'" + file.string() + "' shows no ultrasound picture");
  return pictures;
}

CLI::Option* add_pixel_option(CLI::App& parser, std::vector<double>& pixel_mm) {
  return parser
      .add_option("--pixel-mm", pixel_mm,
                  "Size of a pixel, across and down if they differ; goes before what the file says, "
                  "and may not contradict a calibration")
      ->expected(1, 2)
      ->check(within(0.001, 10.0))
      ->type_name("X [Y]");
}

}  // namespace genu::app
