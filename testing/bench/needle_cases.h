// SPDX-License-Identifier: Apache-2.0
// Frames with a needle whose place is known, and frames without one: the real ones, and what is made of them.
#pragma once

#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include <genu/core/frame.h>
#include <genu/core/tissue.h>
#include <genu/ultrasound/needle.h>

namespace genu::bench {

/// Where a needle lies, in pixels.
struct NeedleTruth {
  PixelPoint tip, far_end;
  double bow_px = 0.0;  ///< As in NeedleInImage.
};

struct NeedleCase {
  std::string set, name;
  cv::Mat grey;
  std::optional<NeedleTruth> truth;
  cv::Mat mask;         ///< Of the needle, for pictures; may be empty.
  cv::Mat colour = {};  ///< Red, green, blue; may be empty.
};

Frame frame_of(const cv::Mat& picture);

/// How far a found needle is from the true one.
struct NeedleError {
  double angle_deg = 0.0;  ///< Between the chords.
  double shaft_px = 0.0;   ///< Mean distance of the true shaft from the found one's line.
  double tip_px = 0.0;
  bool hit = false;  ///< Within 5 degrees, and the shaft nearer than 1.5 % of the picture's diagonal.
};
NeedleError error_of(const ultrasound::NeedleInImage& found, const NeedleCase& one);

/// The chord of a mask: its first principal axis, from end to end, the deeper end as the tip.
NeedleTruth truth_of_mask(const cv::Mat& mask);

/// The frames with masks under `data`/ultrasound/needle.
std::vector<NeedleCase> real_needles(const std::filesystem::path& data);
/// Pictures that show none: trochlea, bone, spine phantom, those of DICOM files, and what else lies as PNG in
/// `more` (may be empty).
std::vector<NeedleCase> real_without(const std::filesystem::path& data, const std::filesystem::path& more);
/// The same picture flipped, resized, with other gamma and contrast, more speckle, cropped: one case each.
std::vector<NeedleCase> varied(const NeedleCase& one, unsigned seed);
/// The picture with its needle replaced by the tissue beside it.
NeedleCase without_needle(const NeedleCase& one);
/// A real needle's echo, turned and resized, laid over a picture that shows none.
NeedleCase pasted(const NeedleCase& needle, const NeedleCase& onto, std::mt19937& random);

/// A needle to simulate, and where.
struct SimulatedSetting {
  double angle_deg = 30.0, depth_mm = 20.0;  ///< To the face; of the tip.
  double diameter_mm = 0.72, bend_mm = 0.0;
  double visible_from = 0.0, visible_to = 1.0;
  bool from_left = true, needle = true;
  int fasciae = 0;  ///< Bright layers of 0 to 15 degrees, beside and across.
  bool bone = false;
  Tissue tissue = Tissue::muscle;
  double pixel_mm = 0.08;
  int width = 720, height = 440;
  bool any_machine = false;  ///< Resolution, focus and texture at random too, beside frequency and gain.
  unsigned seed = 1;
  std::optional<unsigned> noise_seed = {};  ///< Another frame of the same scene; without it, the seed.
};
/// The truth is the visible part of the shaft.
NeedleCase simulated(const SimulatedSetting& setting);

}  // namespace genu::bench
