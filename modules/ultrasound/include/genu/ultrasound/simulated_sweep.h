// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/progress.h>
#include <genu/core/rigid_transform.h>
#include <genu/ultrasound/simulate.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// Returns where a probe lies whose face's middle touches a point: x along its face, y along the beams, z
/// across.
///
/// \param into_body where the beams go
/// \param along_face towards the probe's marker; what of it runs along the beams is taken off
/// \throws InvalidInput if a direction is zero or not finite, or they are parallel
RigidTransform probe_pose(const Point3& contact, const Vector3& into_body, const Vector3& along_face);

/// Returns probe_from_image of a linear probe: row 0 on the face, the middle column in its middle, mm.
/// \throws InvalidInput if a size is not positive
AffineTransform linear_probe_from_image(const PixelSize& pixel, int width);

/// Returns patient_from_image of such a probe in such a place.
AffineTransform image_pose(const Point3& contact, const Vector3& into_body, const Vector3& along_face,
                           const PixelSize& pixel, int width);

/// Returns poses for a sweep: `count` of them from one to the other, moved evenly and turned the short way.
/// \throws InvalidInput if there are fewer than 2
std::vector<RigidTransform> poses_between(const RigidTransform& first, const RigidTransform& last, int count);

/// How a tracked sweep is recorded, and what is wrong with it.
struct SweepOptions {
  double frames_per_second = 20.0;
  double tracker_position_sd_mm = 0.0;      ///< Noise of each pose written down, along each axis.
  double tracker_rotation_sd_deg = 0.0;     ///< About each axis of the probe.
  double calibration_position_sd_mm = 0.0;  ///< Of the probe_from_image that is handed out, once a sweep.
  double calibration_rotation_sd_deg = 0.0;
  double calibration_scale_sd = 0.0;  ///< Relative.
  double lost_fraction = 0.0;         ///< Of poses that the tracker lost; their status is MISSING.
  std::uint64_t seed = 1;             ///< Of these errors; the images' is in SimulationOptions.
};

/// What is true of a sweep.
struct SweepTruth {
  AffineTransform probe_from_image;
  AffineTransform patient_from_tracker;
  std::vector<RigidTransform> tracker_from_probe;  ///< One a frame.
  std::vector<FrameTruth> frames;                  ///< One a frame.
};

struct SimulatedSweep {
  TrackedSequence recording;         ///< Images; ProbeToTracker of each frame, with its errors; times.
  AffineTransform probe_from_image;  ///< As calibrated, with its error.
  SweepTruth truth;
};

/// Returns a tracked sweep over a labelled body: what a tracker and a machine would have recorded.
///
/// \param patient_from_tracker where the tracker stands; a registration has to find it again
/// \param probe_from_image the true one, from pixels to mm \param tracker_from_probe the true poses, one a
/// frame \throws InvalidInput as EchoBody::frame, if there is no pose, or a noise is negative
SimulatedSweep simulate_sweep(const EchoBody& body, const RigidTransform& patient_from_tracker,
                              const AffineTransform& probe_from_image,
                              std::span<const RigidTransform> tracker_from_probe, int width, int height,
                              const SimulationOptions& options = {}, const SweepOptions& sweep = {},
                              std::span<const PlacedNeedle> needles = {}, const Progress& progress = {});

}  // namespace genu::ultrasound
