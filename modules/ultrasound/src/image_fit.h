// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>
#include <genu/core/rigid_transform.h>
#include <genu/ultrasound/wires.h>

#include "fit.h"

namespace genu::ultrasound {

/// The crossings of one view in the way of reading that was chosen.
struct View {
  const WireCrossings* crossings;
  RigidTransform phantom_from_probe;
};

/// The image in the probe: where its first pixel lies, how it is turned, and its pixel sizes.
struct ImagePlane {
  RigidTransform probe_from_plane;  ///< From mm in the image's plane.
  PixelSize pixel;

  AffineTransform probe_from_image() const;
};

/// Returns the distances in space of the crossings of the wires across from where the image puts them.
std::vector<double> distances(const AffineTransform& probe_from_image, const std::vector<View>& views);

/// Returns the image by a linear fit of the wires across.
/// \throws InvalidInput if the wires fix no plane
ImagePlane linear_fit(const std::vector<View>& views);

/// The image with axes at right angles for which the crossings of the wires across are where the tracker
/// says.
class ImageFit {
 public:
  explicit ImageFit(const std::vector<View>& views);

  const ImagePlane& image() const { return image_; }
  /// Returns the standard deviation of a pixel's place, RMS over the length of its error, if the residuals
  /// are independent; infinite where they leave it open.
  double place_sd_mm(const PixelPoint& pixel) const;

 private:
  /// The image for a turn (rad), a shift (mm) and logarithms of pixel sizes from where the search began.
  ImagePlane image_at(const std::vector<double>& values) const;

  ImagePlane start_, image_;
  LeastSquares solution_;
};

}  // namespace genu::ultrasound
