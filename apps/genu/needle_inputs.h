// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <genu/io/needle_files.h>

#include "trajectory_choice.h"
#include "us_inputs.h"

// What the verbs read that look for needles, and the options that name it.
namespace genu::app {

/// How needles are looked for, and what they are measured against.
struct NeedleWords {
  ultrasound::NeedleOptions finder;
  std::vector<double> pixel_mm;
  std::vector<int> region;
  std::filesystem::path knee;  ///< A case folder with its plan.
  TrajectoryChoice choice;
  std::filesystem::path registration;
  std::optional<double> position_sd_mm, rotation_sd_deg;

  bool has_plan() const { return !knee.empty() || !choice.plan.empty(); }
  std::optional<PixelBounds> part() const {
    if (region.empty()) return std::nullopt;
    return PixelBounds{region[0], region[1], region[2], region[3]};
  }
};
/// Adds --side, --region, --min-confidence, --min-angle-deg, --pixel-mm, --case, --plan and what chooses of
/// it, --registration, --position-sd-mm and --rotation-sd-deg; returns them.
std::vector<CLI::Option*> add_needle_options(CLI::App& parser, NeedleWords& words);
/// Returns every file and folder that the words name.
std::vector<std::filesystem::path> files_of(const NeedleWords& words);

/// Returns the size of pixels that the user states, or else that of a calibration; nothing if neither is.
/// \throws InvalidInput if both are and disagree
std::optional<PixelSize> pixel_of(const std::optional<AffineTransform>& calibration,
                                  const std::vector<double>& pixel_mm);

/// Returns the plan that the words choose, with what always holds and the errors to expect; nothing if they
/// name none. \throws UsageError if a plan or a registration has nothing that leads to it; InvalidInput if
/// the set-up and the registration disagree
std::optional<io::NeedlePlanChosen> read_guide(const NeedleWords& words, const io::TrackedSetup& setup);

/// Pictures with the poses of their moments, and what a pixel of them is.
struct Moments {
  std::vector<ultrasound::TrackedFrame> frames;  ///< All of the file.
  std::optional<PixelSize> pixel;
  std::string pixel_source;         ///< Where the size comes from, or why there is none.
  std::optional<PixelBounds> part;  ///< Of the pictures that is B-mode, if the file says so.
  io::TrackedSetup setup;
  std::vector<std::string> warnings;
};
/// Reads a DICOM still or clip, a PNG or JPEG picture or a tracked recording with its set-up.
/// \throws UsageError if a set-up is given for what has no poses; as read_sweep and read_pictures do
Moments read_moments(const SweepSource& source, const NeedleWords& words);

}  // namespace genu::app
