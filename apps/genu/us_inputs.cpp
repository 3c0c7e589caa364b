// SPDX-License-Identifier: Apache-2.0
#include "us_inputs.h"

#include <algorithm>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>

namespace genu::app {

namespace fs = std::filesystem;

void add_sweep_options(CLI::App& parser, SweepSource& source) {
  parser.add_option("RECORDING", source.recording, "Tracked recording (.igs.mha, .igs.nrrd)")
      ->required()
      ->type_name("FILE");
  parser
      .add_option("--setup", source.setups,
                  "What always holds: a PLUS configuration, or a setup.xml of genu us calibrate; of several "
                  "the later holds. \"fcal_2.0\" is the phantom that ships")
      ->type_name("FILE");
  parser.add_option("--depth-mm", source.depth_mm, "Imaging depth that the machine was set to")
      ->type_name("MM");
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
        return o.frames == t.frames || (o.frames.from == t.frames.to && o.frames.to == t.frames.from);
      });
      all.transforms.push_back(std::move(t));
    }
    if (!one.n_wires.empty()) all.n_wires = std::move(one.n_wires);
    if (!one.landmarks.empty()) all.landmarks = std::move(one.landmarks);
  }
  return all;
}

ultrasound::ImageSetup pictures_of(const ultrasound::TrackedSequence& recording,
                                   const std::optional<double>& depth_mm) {
  ultrasound::ImageSetup pictures = ultrasound::image_setup_of(recording);
  pictures.depth_mm = depth_mm;
  return pictures;
}

Sweep read_sweep(const SweepSource& source) {
  Sweep sweep{io::read_tracked_sequence(source.recording), read_setups(source.setups), {}};
  const bool shows = std::any_of(sweep.recording.frames.begin(), sweep.recording.frames.end(),
                                 [](const ultrasound::TrackedFrame& f) { return f.shows_image(); });
  for (const io::ConfiguredTransform& t : sweep.setup.transforms) {
    if (!t.pictures || !shows) continue;
    const auto reasons =
        ultrasound::reasons_against(*t.pictures, pictures_of(sweep.recording, source.depth_mm));
    if (reasons.empty()) continue;
    std::string all;
    for (const std::string& reason : reasons) all.append(all.empty() ? "" : "; ").append(reason);
    throw InvalidInput("the transform from " + t.frames.from + " to " + t.frames.to + " does not hold for '" +
                       source.recording.string() + "': " + all);
  }
  sweep.always = sweep.setup.coordinate_frames();
  return sweep;
}

}  // namespace genu::app
