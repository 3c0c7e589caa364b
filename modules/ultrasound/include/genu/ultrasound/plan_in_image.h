// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>
#include <genu/core/knee.h>

namespace genu::ultrasound {

struct PlanInImageOptions {
  double slice_mm = 2.0;  ///< What lies within this of the picture's plane, on either side, is in the slice.
  double tolerance_mm = 0.0;  ///< Around the target; 0 = none.
};

/// A planned path as a picture shows it: projected at right angles onto the picture's plane.
struct PlanInImage {
  PixelPoint entry, target;
  double entry_off_mm = 0.0;  ///< From the picture's plane; positive on the side of x cross y.
  double target_off_mm = 0.0;
  /// From where to where on the path, 0 at the entry and 1 at the target, it is in the picture's slice, which
  /// goes on beyond the picture's sides; nothing if it never is.
  std::optional<std::array<double, 2>> in_picture;
  /// Radius of the circle in which the picture cuts the ball of the tolerance; 0 if it does not.
  double tolerance_radius_mm = 0.0;

  /// Returns the place of a part t of the path: 0 the entry, 1 the target.
  PixelPoint at(double t) const;
};

/// Returns where a planned path lies in a picture.
///
/// \param patient_from_image from pixels (x, y, 0) to patient space at the frame's moment; pixels may be
/// anisotropic and the image mirrored; what it does out of the plane does not count
/// \throws InvalidInput if a length of the options is negative or not finite
PlanInImage plan_in_image(const Trajectory& plan, const AffineTransform& patient_from_image,
                          const PlanInImageOptions& options = {});

}  // namespace genu::ultrasound
