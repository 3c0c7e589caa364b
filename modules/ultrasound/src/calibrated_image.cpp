// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/ultrasound/calibrated_image.h>

namespace genu::ultrasound {
namespace {

std::string size_text(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

}  // namespace

ImageSetup image_setup_of(const TrackedSequence& recording) {
  ImageSetup setup;
  for (const TrackedFrame& frame : recording.frames) {
    if (!frame.shows_image()) continue;
    if (setup.width != 0 && (frame.image.width != setup.width || frame.image.height != setup.height))
      throw InvalidInput("the recording's pictures differ in size: " + size_text(setup.width, setup.height) +
                         " and " + size_text(frame.image.width, frame.image.height));
    setup.width = frame.image.width;
    setup.height = frame.image.height;
  }
  if (setup.width == 0) throw InvalidInput("the recording shows no image");
  return setup;
}

std::vector<std::string> reasons_against(const ImageSetup& calibrated, const ImageSetup& pictures) {
  std::vector<std::string> reasons;
  if (calibrated.width != pictures.width || calibrated.height != pictures.height)
    reasons.push_back("the calibration is of pictures of " + size_text(calibrated.width, calibrated.height) +
                      " pixels, these have " + size_text(pictures.width, pictures.height));
  if (calibrated.orientation != pictures.orientation)
    reasons.push_back("the calibration is of pictures that lie " + calibrated.orientation + ", these lie " +
                      pictures.orientation);
  constexpr double depth_tolerance_mm = 0.5;  // machines step their depth by 5 mm and more
  if (calibrated.depth_mm && pictures.depth_mm &&
      std::abs(*calibrated.depth_mm - *pictures.depth_mm) > depth_tolerance_mm)
    reasons.push_back("the calibration is of an imaging depth of " + fixed(*calibrated.depth_mm, 1) +
                      " mm, these have " + fixed(*pictures.depth_mm, 1) + " mm");
  return reasons;
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
    if (std::abs(s.pixel.x_mm / own.x_mm - 1.0) > tolerance ||
        std::abs(s.pixel.y_mm / own.y_mm - 1.0) > tolerance)
      reasons.push_back(s.source + " says pixels of " + fixed(s.pixel.x_mm, 4) + " x " +
                        fixed(s.pixel.y_mm, 4) + " mm, the calibration " + fixed(own.x_mm, 4) + " x " +
                        fixed(own.y_mm, 4) + " mm");
  return reasons;
}

}  // namespace genu::ultrasound
