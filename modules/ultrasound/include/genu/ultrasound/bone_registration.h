// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include <genu/core/mesh.h>
#include <genu/core/rigid_transform.h>
#include <genu/registration/points.h>
#include <genu/ultrasound/bone_line.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// A place on bone that a picture shows.
struct BonePoint {
  Point3 in_probe;
  double confidence = 0.0;
  std::size_t picture = 0;  ///< Index into BoneSweep::tracker_from_probe.
};

/// Bone as a sweep shows it.
struct BoneSweep {
  std::vector<BonePoint> points;
  std::vector<RigidTransform> tracker_from_probe;  ///< One a picture that was looked at.
  Vector3 beam_in_probe;                           ///< The way the beams go.
  std::size_t without_bone = 0;                    ///< Pictures in which no bone was found.
};

/// Returns the bone that the pictures of a sweep show, a point about every half millimetre.
/// \param always what holds at any moment, the image's calibration among it
/// \throws InvalidInput if no picture has sound poses from Image to Probe and from Probe to `tracker`
BoneSweep bone_in_sweep(const TrackedSequence& sweep, const CoordinateFrames& always,
                        std::string_view tracker, const BoneLineOptions& options = {});

/// What may be wrong in one way throughout a sweep; standard deviations.
struct SweepUncertainty {
  double calibration_position_mm = 0.5;   ///< Of the image in the probe, along each axis.
  double calibration_rotation_deg = 0.5;  ///< About each axis.
  double calibration_scale = 0.01;        ///< Relative, of each side of a pixel.
  double bone_depth_mm = 0.3;             ///< Bone found too deep or too shallow along the beam.
  double mesh_mm = 0.3;                   ///< The bone of MRI too large or too small.
  /// Of the bone in a patch of 10 mm of one picture: unlike the others, it is wrong in its own way each time.
  double patch_mm = 0.3;
};

struct BoneRegistrationOptions {
  SweepUncertainty uncertainty = {};
  /// A registration is refused if it is less sure than this at the points, RMS.
  double max_error_mm = 4.0;
  double max_rms_mm = 1.2;  ///< Or if the bone fits worse than this: it is not the place.
  /// Or if it would fit better were MRI's bone larger or smaller by more than this part, and this surely: it
  /// is somebody else's, or a scale is wrong.
  double max_size_error = 0.03;
  registration::PointsOptions fit = {};
};

/// Where the tracker lies in MRI's coordinates, by the bone that both show.
struct BoneRegistration {
  RigidTransform mri_from_tracker;
  std::size_t points = 0, pictures = 0;
  double rms_mm = 0.0;  ///< Of the points that count from the bone: how well it fits, not how good it is.
  double median_mm = 0.0;
  double matched_part = 0.0;        ///< Of the points, by confidence.
  double error_at_points_mm = 0.0;  ///< predicted_error_mm over the points, RMS.
  /// By which part MRI's bone would have to grow to fit best, and how sure that is. A turn and a shift make
  /// up for much of a wrong size, so that the residual hardly shows it.
  double size_error = std::numeric_limits<double>::quiet_NaN();
  double size_error_sd = std::numeric_limits<double>::quiet_NaN();

  /// Returns the target registration error to expect at a place in MRI's coordinates, RMS; NaN for a place
  /// that is not finite.
  double predicted_error_mm(const Point3& target) const;

  Point3 centre;  ///< Of the points, in MRI's coordinates; the covariance is about it.
  /// Of a turn (rad) about the centre, then a shift (mm), in MRI's axes.
  std::array<std::array<double, 6>, 6> covariance{};
};

/// Returns the motion that brings the sweep's bone onto MRI's.
///
/// The covariance is that of patches, of residuals which go together within a picture (the sandwich of Huber
/// 1967, by clusters: Liang and Zeger 1986, Biometrika 73:13), and what each way of being wrong throughout
/// the sweep does to the fit, added up. The residual alone says little of the error at a target (Fitzpatrick
/// 2009, SPIE 7261:726102). \param bone surface of what the sweep may show, outward normals \param start from
/// landmarks, or by hand \throws InvalidInput, with what was seen, if the sweep shows too little bone, over
/// half of it does not fit, it fits badly or nearly as well elsewhere, MRI's bone is of another size, or it
/// leaves the place open by more than `max_error_mm` \throws NotConverged as registration::fit_points
BoneRegistration register_bone(const BoneSweep& sweep, const TriangleMesh& bone, const RigidTransform& start,
                               const BoneRegistrationOptions& options = {});

}  // namespace genu::ultrasound
