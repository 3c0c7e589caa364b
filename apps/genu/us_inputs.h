// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <genu/io/tracked_files.h>
#include <genu/ultrasound/calibrated_image.h>

namespace CLI {  // NOLINT(readability-identifier-naming): the parser's own name
class App;
}

// What several verbs of "genu us" read, and the options that name it.
namespace genu::app {

/// A recording, and the files that say what always holds.
struct SweepSource {
  std::filesystem::path recording;
  std::vector<std::filesystem::path> setups;
  std::optional<double> depth_mm;
};
/// Adds RECORDING, --setup and --depth-mm.
void add_sweep_options(CLI::App& parser, SweepSource& source);
/// Returns every file that the source names.
std::vector<std::filesystem::path> files_of(const SweepSource& source);

/// Returns the set-ups one after the other: of two transforms between the same frames the later one holds,
/// and the last phantom. `shipped` "fcal_2.0" is the one that ships.
io::TrackedSetup read_setups(const std::vector<std::filesystem::path>& files);

struct Sweep {
  ultrasound::TrackedSequence recording;
  io::TrackedSetup setup;
  ultrasound::CoordinateFrames always;
};
/// \throws InvalidInput naming the reasons, if the calibration of the image is of other pictures
Sweep read_sweep(const SweepSource& source);

/// Returns the pictures of a recording as they are used, with the depth that was said.
ultrasound::ImageSetup pictures_of(const ultrasound::TrackedSequence& recording,
                                   const std::optional<double>& depth_mm);

}  // namespace genu::app
