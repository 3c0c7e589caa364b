// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>
#include <genu/ultrasound/calibration_error.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// A place that a stylus can be put on, in a phantom's or a patient's coordinates, mm.
struct Landmark {
  std::string name;
  Point3 position;
};

/// The rigid motion that brings landmarks onto their partners.
struct LandmarkRegistration {
  RigidTransform fixed_from_moving;
  std::vector<std::string> names;   ///< Of the landmarks that both sides have, in the fixed side's order.
  std::vector<double> residual_mm;  ///< One a name.
  /// One a name: its distance by a fit of all others; NaN where these lie on one line, a turn about which is
  /// open; empty for three.
  std::vector<double> left_out_mm;
  CalibrationError fitted, left_out;
  /// Standard deviation of one landmark's place in one direction, from the residuals and their freedom.
  double landmark_sd_mm = 0.0;

  /// Returns the error to expect at a place of the fixed side, RMS: from how well the landmarks were found
  /// and where they lie about it (Fitzpatrick, West and Maurer 1998, IEEE Transactions on Medical Imaging
  /// 17:694).
  double predicted_error_mm(const Point3& fixed) const;

  std::vector<Point3> fixed_points;  ///< One a name.
};

struct LandmarkOptions {
  /// A fit worse than this is none of these landmarks, or of their order (RMS).
  double max_rms_mm = 3.0;
};

/// Returns the motion with least squares (Horn 1987, Journal of the Optical Society of America A 4:629; by
/// singular values).
/// \throws InvalidInput if a name comes twice on one side, fewer than three names are on both, a place is not
/// finite, the places lie on one line, or they fit worse than `options` allow
LandmarkRegistration register_landmarks(const std::vector<Landmark>& fixed,
                                        const std::vector<Landmark>& moving,
                                        const LandmarkOptions& options = {});

struct RestOptions {
  double least_time_s = 1.0;        ///< The tip rests for at least this long ...
  double max_spread_mm = 2.0;       ///< ... and stays this near to its mean ...
  std::size_t least_poses = 8;      ///< ... in at least so many poses ...
  double max_gap_s = 0.2;           ///< ... no further apart than this, or three of the recording's periods.
  double least_distance_mm = 10.0;  ///< Rests nearer to each other than this are one place.
};

/// Returns the places where a tracked tip rested, in order of their first rest, in the frame `to`. Poses that
/// are not sound or not rigid tell nothing: a tip that was lost meanwhile did not rest.
/// \param tip_frame the coordinate frame whose origin is the tip
/// \throws InvalidInput if an option is not finite and above 0
std::vector<Point3> resting_places(const TrackedSequence& recording, std::string_view tip_frame,
                                   std::string_view to, const CoordinateFrames& always,
                                   const RestOptions& options = {});

/// Returns the landmarks where the tip rested on them, in its coordinates: those of the places, in order,
/// that fit the landmarks best. Rests beside the phantom, as at the begin and the end, are left out so. How
/// well they fit is for register_landmarks to say. All landmarks choose the places, one that it leaves out
/// later too: with places to spare, its errors tell less than they should.
/// \throws InvalidInput if there are fewer places than landmarks, or too many to choose from
std::vector<Landmark> landmarks_touched(const std::vector<Landmark>& landmarks,
                                        const std::vector<Point3>& places);

}  // namespace genu::ultrasound
