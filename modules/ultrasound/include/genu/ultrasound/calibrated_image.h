// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// The pictures that a calibration was made of. It holds for pictures made alike and no others: another
/// depth, size or way round has other pixels.
struct ImageSetup {
  int width = 0, height = 0;
  std::string orientation = "MF";  ///< Of the pictures as they are used, not as a file stores them.
  std::optional<double> depth_mm;  ///< As the machine was set; nothing if it was not said.
  std::string unread_depth = {};   ///< What was said of it, if that is no number.
  friend bool operator==(const ImageSetup&, const ImageSetup&) = default;
};

/// Returns true if two imaging depths are one, but for how they were rounded; false if one is NaN.
bool is_same_depth(double a_mm, double b_mm);

/// Returns the set-up of a recording's pictures. Their depth is what PLUS writes as `DepthMm` into the fields
/// of frames or of the recording, if it does. \throws InvalidInput if no frame shows an image, or they differ
/// in size or in stated depth, or a stated depth is no number
ImageSetup image_setup_of(const TrackedSequence& recording);
/// Returns the same of one frame, by its own fields and then by those of its recording; a depth that is no
/// number is told as such, and no calibration holds for it that has a depth.
ImageSetup image_setup_of(const TrackedFrame& frame, const Fields& of_recording = {});

/// Returns why a calibration does not hold for pictures, one reason a line; empty if it does. A depth that
/// one side does not state is no reason, but see cautions_about.
std::vector<std::string> reasons_against(const ImageSetup& calibrated, const ImageSetup& pictures);

/// Returns what nobody could check of a calibration against pictures, one line each: who uses it must be
/// told.
std::vector<std::string> cautions_about(const ImageSetup& calibrated, const ImageSetup& pictures);

/// A size of pixels that somebody states: a ruler in the image, a DICOM region, another calibration.
struct StatedPixelSize {
  std::string source;
  PixelSize pixel;
};

/// Returns what disagrees with the calibration's pixels by over 3 %, or is no size, one reason a source;
/// empty if nothing.
std::vector<std::string> scale_disagreements(const AffineTransform& probe_from_image,
                                             const std::vector<StatedPixelSize>& stated);

/// Returns the sizes of an image's pixels in the coordinates that a transform leads to.
PixelSize pixel_size_of(const AffineTransform& to_from_image);

}  // namespace genu::ultrasound
