// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>
#include <genu/ultrasound/calibration_error.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// Where the tip of a stylus lies from the marker that is tracked.
struct PivotCalibration {
  Vector3 tip_in_stylus;  ///< From the marker's origin, in its coordinates.
  std::vector<Point3>
      pivots;  ///< The points that it was turned about, in order, in the reference's coordinates.
  CalibrationError fitted;  ///< Distances of the tip from the pivot it was on.
  /// Of each fifth of the time on each pivot, by the tip and the pivot that all other poses tell and choose:
  /// all poses count, those too that are off for less than ten. When the tip came to a pivot and left it is
  /// told by all poses; a pivot that the others do not tell, as it was short, is left out.
  CalibrationError left_out;
  std::size_t poses = 0;      ///< That were fitted: the tip was on a pivot.
  std::size_t others = 0;     ///< On the way from one pivot to another, off, or at rest.
  double rotation_deg = 0.0;  ///< How far the stylus was turned on one pivot, between any two poses.
  double tip_sd_mm = 0.0;     ///< Of the tip, RMS, if errors of poses are independent.
};

/// Returns the tip that stays in place while the stylus is turned about it, on one point or on several one
/// after the other: linear least squares of the tip (Yaniv 2015, SPIE Medical Imaging 9415:941527) in
/// stretches of poses, then of all poses that its places hold together. A stretch in which the stylus turned
/// by less than 10 degrees is a rest, which fits any tip, and is left out.
/// \param reference_from_stylus in order of time, some ten or more a second
/// \throws InvalidInput, with what was seen, if there are fewer than 20 poses, the stylus was nowhere turned
/// by 20 degrees on one pivot, it was turned about one axis only, or the tip nowhere stayed in place to 2 mm
PivotCalibration calibrate_pivot(const std::vector<RigidTransform>& reference_from_stylus);

/// Returns the sound and rigid poses of one coordinate frame in another one.
std::vector<RigidTransform> rigid_poses(const TrackedSequence& recording, std::string_view from,
                                        std::string_view to, const CoordinateFrames& always = {});

}  // namespace genu::ultrasound
