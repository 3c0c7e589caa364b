// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>

#include <genu/core/affine_transform.h>
#include <genu/core/knee.h>
#include <genu/ultrasound/needle.h>

namespace genu::ultrasound {

/// Standard deviations of what a deviation rests on; what is not given makes the errors that need it NaN.
struct NeedleErrors {
  /// Of the place of the tip in the patient, along each axis: calibration, tracking and registration
  /// together.
  std::optional<double> position_sd_mm = {};
  /// Of the direction of the image in the patient, from the same.
  std::optional<double> rotation_sd_deg = {};
  /// Of the found tip along the shaft: in real frames of 720 x 440 pixels 95 % lie within 16 (README.md).
  double tip_sd_px = 9.0;
  double shaft_sd_px = 1.0;  ///< Of each found end across the shaft.
};

/// A length or an angle with its standard deviation (to first order); NaN = not known.
struct WithError {
  double value = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();
};

/// Where a needle is in the patient, and how far off its plan.
struct NeedleDeviation {
  Point3 tip, far_end;
  Vector3 heading;  ///< Unit; where the tip points: the tangent of a bent shaft.
  WithError tip_to_target_mm;
  WithError lateral_mm;     ///< From the tip to the planned line.
  WithError angle_deg;      ///< Between heading and planned line, 0 to 180.
  WithError depth_left_mm;  ///< Along the planned line from beside the tip to the target; below 0, the tip is
                            ///< past it.
  WithError passes_target_mm;  ///< How far from the target the needle passes if it goes straight on.
};

/// Returns how a found needle lies to the plan.
///
/// \param patient_from_image from pixels (x, y, 0) to patient space at the frame's moment; pixels may be
/// anisotropic and the image mirrored
/// \throws InvalidInput if both ends of the needle, or entry and target of the plan, coincide, or an error is
/// negative
NeedleDeviation deviation_from_plan(const NeedleInImage& needle, const AffineTransform& patient_from_image,
                                    const Trajectory& plan, const NeedleErrors& errors = {});

}  // namespace genu::ultrasound
