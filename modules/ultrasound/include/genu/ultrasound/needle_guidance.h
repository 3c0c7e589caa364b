// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <genu/core/affine_transform.h>
#include <genu/core/knee.h>
#include <genu/ultrasound/bone_registration.h>
#include <genu/ultrasound/needle_deviation.h>
#include <genu/ultrasound/needle_tracker.h>
#include <genu/ultrasound/plan_in_image.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// What one picture shows of a needle, in words where it shows none.
struct NeedleFinding {
  NeedleState state = NeedleState::none;
  std::optional<NeedleInImage> needle = {};  ///< Seen, or predicted from the pictures before.
  double tip_sd_px = std::numeric_limits<double>::quiet_NaN();  ///< Of its tip along the shaft.
  std::string why_none = {};                                    ///< Why it is not seen; empty if it is.
  std::optional<NeedleInImage> doubtful = {};  ///< Where there is none, the line most like one.
};

/// Returns what a picture by itself shows.
/// \throws InvalidInput as find_needle does
NeedleFinding look_for_needle(const Frame& frame, const NeedleOptions& options = {});

/// Returns what a picture shows after those before it: `track` is what follow() returned for it.
NeedleFinding finding_of(const NeedleTrack& track, const Frame& frame, const NeedleTrackOptions& options);

/// What a needle is led by.
struct NeedleGuide {
  Trajectory plan;
  double tolerance_mm = 0.0;     ///< Around the target; 0 = none.
  CoordinateFrames always = {};  ///< Calibration of the image, registration to the patient.
  NeedleErrors errors = {};
};

/// Where a picture lies to the plan, and the needle in it.
struct NeedleGuidance {
  std::optional<AffineTransform> patient_from_image;
  std::string why_unplaced;                  ///< Why it is not known where the picture is; empty if it is.
  std::optional<PlanInImage> plan;           ///< Wherever the picture's place is known.
  std::optional<NeedleDeviation> deviation;  ///< Of a needle that is seen; a predicted one has none.
};

/// Returns where a picture and its needle lie to the plan, by the poses of that moment alone. No place is
/// given where the probe's pose is not rigid (without a frame Probe: where the picture shears; a stretch
/// can't be told from pixels then), where it can't be turned round or puts the picture over 100 m away,
/// or where the moment's own poses tie the picture to Patient elsewhere than `always` does.
///
/// The tip's error is the greatest of the guide's, the finding's and, in pictures larger than 720 x 440, that
/// of NeedleErrors in proportion: steadying over frames takes scatter away, not what is wrong in each.
/// \throws InvalidInput as deviation_from_plan and plan_in_image do
NeedleGuidance guidance_of(const TrackedFrame& moment, const NeedleFinding& finding,
                           const NeedleGuide& guide);

/// Returns why nothing leads from one coordinate frame to another at a moment: poses that are not sound, or
/// no chain; empty if something does.
std::string why_apart(const TrackedFrame& moment, const CoordinateFrames& always, std::string_view from,
                      std::string_view to);

/// Returns the errors that a registration lets expect at a place in MRI's coordinates: the target
/// registration error along each axis, and the turn about each axis.
NeedleErrors errors_at(const BoneRegistration& registration, const Point3& target);

/// Returns errors of independent origin together; what only one of them knows stays.
NeedleErrors together(const NeedleErrors& a, const NeedleErrors& b);

}  // namespace genu::ultrasound
