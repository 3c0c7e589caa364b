// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/ultrasound/calibrated_image.h>

namespace genu::ultrasound {
namespace {

std::string size_text(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

/// A depth that fields state, as PLUS calls it; what is not above 0 was not set.
struct StatedDepth {
  std::optional<double> depth_mm;
  std::string damaged;  ///< The text, if it is no number.
};
StatedDepth depth_in(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (name != "DepthMm") continue;
    const std::size_t begin = value.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    const std::string text = value.substr(begin, value.find_last_not_of(' ') + 1 - begin);
    double depth_mm = 0.0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, depth_mm);
    if (error != std::errc() || end != last || !std::isfinite(depth_mm)) return {{}, text};
    if (depth_mm > 0.0) return {depth_mm, {}};
  }
  return {};
}

std::optional<double> sound_depth_in(const Fields& fields) {
  const StatedDepth stated = depth_in(fields);
  if (!stated.damaged.empty())
    throw InvalidInput("the recording's field DepthMm is '" + stated.damaged +
                       "', not a number of millimetres");
  return stated.depth_mm;
}

}  // namespace

bool is_same_depth(double a_mm, double b_mm) {
  constexpr double tolerance_mm = 0.5;  // machines step their depth by 5 mm and more
  return std::abs(a_mm - b_mm) <= tolerance_mm;
}

ImageSetup image_setup_of(const TrackedSequence& recording) {
  ImageSetup setup;
  setup.depth_mm = sound_depth_in(recording.fields);
  for (const TrackedFrame& frame : recording.frames) {
    if (!frame.shows_image()) continue;
    if (setup.width != 0 && (frame.image.width != setup.width || frame.image.height != setup.height))
      throw InvalidInput("the recording's pictures differ in size: " + size_text(setup.width, setup.height) +
                         " and " + size_text(frame.image.width, frame.image.height));
    setup.width = frame.image.width;
    setup.height = frame.image.height;
    const std::optional<double> depth_mm = sound_depth_in(frame.fields);
    if (depth_mm && setup.depth_mm && !is_same_depth(*depth_mm, *setup.depth_mm))
      throw InvalidInput("the recording's pictures differ in depth: " + fixed(*setup.depth_mm, 1) + " and " +
                         fixed(*depth_mm, 1) + " mm");
    if (depth_mm) setup.depth_mm = depth_mm;
  }
  if (setup.width == 0) throw InvalidInput("the recording shows no image");
  return setup;
}

ImageSetup image_setup_of(const TrackedFrame& frame, const Fields& of_recording) {
  StatedDepth depth = depth_in(frame.fields);
  if (!depth.depth_mm && depth.damaged.empty()) depth = depth_in(of_recording);
  return {.width = frame.image.width,
          .height = frame.image.height,
          .depth_mm = depth.depth_mm,
          .unread_depth = depth.damaged};
}

std::vector<std::string> reasons_against(const ImageSetup& calibrated, const ImageSetup& pictures) {
  std::vector<std::string> reasons;
  if (calibrated.width != pictures.width || calibrated.height != pictures.height)
    reasons.push_back("the calibration is of pictures of " + size_text(calibrated.width, calibrated.height) +
                      " pixels, these have " + size_text(pictures.width, pictures.height));
  if (calibrated.orientation != pictures.orientation)
    reasons.push_back("the calibration is of pictures that lie " + calibrated.orientation + ", these lie " +
                      pictures.orientation);
  if (calibrated.depth_mm && !pictures.unread_depth.empty())
    reasons.push_back("the calibration is of an imaging depth of " + fixed(*calibrated.depth_mm, 1) +
                      " mm, and DepthMm of these is '" + pictures.unread_depth + "', no number");
  if (calibrated.depth_mm && pictures.depth_mm && !is_same_depth(*calibrated.depth_mm, *pictures.depth_mm))
    reasons.push_back("the calibration is of an imaging depth of " + fixed(*calibrated.depth_mm, 1) +
                      " mm, these have " + fixed(*pictures.depth_mm, 1) + " mm");
  return reasons;
}

std::vector<std::string> cautions_about(const ImageSetup& calibrated, const ImageSetup& pictures) {
  if (calibrated.depth_mm && !pictures.depth_mm && pictures.unread_depth.empty())
    return {"the calibration is of an imaging depth of " + fixed(*calibrated.depth_mm, 1) +
            " mm; these pictures do not say theirs, and at another depth every length is wrong"};
  if (!calibrated.depth_mm)
    return {
        "the calibration does not say of which imaging depth it is; at another depth every length is wrong"};
  return {};
}

PixelSize pixel_size_of(const AffineTransform& to_from_image) {
  return {length(to_from_image.linear().column(0)), length(to_from_image.linear().column(1))};
}

std::vector<std::string> scale_disagreements(const AffineTransform& probe_from_image,
                                             const std::vector<StatedPixelSize>& stated) {
  // Sound travels up to 3 % slower in water at room temperature than the 1540 m/s that machines take it for.
  constexpr double tolerance = 0.03;
  const PixelSize own = pixel_size_of(probe_from_image);
  std::vector<std::string> reasons;
  for (const StatedPixelSize& s : stated)
    if (!(std::abs(s.pixel.x_mm / own.x_mm - 1.0) <= tolerance &&
          std::abs(s.pixel.y_mm / own.y_mm - 1.0) <= tolerance))
      reasons.push_back(s.source + " says pixels of " + fixed(s.pixel.x_mm, 4) + " x " +
                        fixed(s.pixel.y_mm, 4) + " mm, the calibration " + fixed(own.x_mm, 4) + " x " +
                        fixed(own.y_mm, 4) + " mm");
  return reasons;
}

}  // namespace genu::ultrasound
