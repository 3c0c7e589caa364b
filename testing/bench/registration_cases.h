// SPDX-License-Identifier: Apache-2.0
// Phantom knees whose bone was swept over by a simulated probe, and what may go wrong with such a sweep.
#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <genu/phantom/knee.h>
#include <genu/ultrasound/bone_registration.h>

namespace genu::bench {

/// A way of the probe over the skin, and the bone that its pictures show.
struct Stroke {
  std::string name;
  /// As an exact tracker with an exact calibration tells it; its tracker's frame is the patient's.
  ultrasound::BoneSweep seen;
};

/// A knee with its MRI's bone and every stroke that a hand reaches on a supine patient with the knee
/// extended.
struct SweptKnee {
  phantom::Knee knee;
  TriangleMesh bones;
  std::vector<Stroke> strokes;
  std::array<Point3, 5> targets;  ///< Suprapatellar recess, both joint lines, patellofemoral joint, centre.
};

/// Simulates and looks at `pictures` of each stroke: some seconds.
SweptKnee swept_knee(unsigned seed, int pictures);

/// How a sweep is made, and what is wrong with it; standard deviations unless said otherwise.
struct Circumstances {
  std::string name = "usual";
  std::size_t least_strokes = 2, most_strokes = 4;
  double length = 1.0;  ///< Part of each stroke that is swept.
  double tracker_mm = 0.2, tracker_deg = 0.2;
  double calibration = 1.0;       ///< In multiples of SweepUncertainty's defaults.
  double told_calibration = 1.0;  ///< The same, as the registration is told.
  /// The start is off by up to this along and about a random axis.
  double start_mm = 8.0, start_deg = 10.0;
  double mri_scale = 1.0;    ///< 1 = MRI's bone is the sweep's; else that of somebody larger or smaller.
  double mesh_mm = 0.0;      ///< By which MRI's bone is too large or too small all over.
  double depth_mm = 0.0;     ///< By which bone is found too deep or too shallow throughout a sweep ...
  double patch_mm = 0.0;     ///< ... and in patches of 10 mm of one picture.
  double fascia = 0.0;       ///< Part of the pictures in which a layer 4 mm above the bone is taken for it.
  double flexion_deg = 0.0;  ///< By which the knee was bent further than in MRI, one way or the other.
};

/// A sweep as a registration gets it.
struct Trial {
  std::string strokes;
  ultrasound::BoneSweep sweep;
  TriangleMesh bones;
  RigidTransform patient_from_tracker;  ///< What is to be found.
  RigidTransform start;
};
Trial trial_of(const SweptKnee& knee, const Circumstances& how, std::mt19937& random);

/// Returns how far a registration puts the targets from where they are, in the mean.
double target_error_mm(const SweptKnee& knee, const Trial& trial, const RigidTransform& mri_from_tracker);

/// Returns how far a place is from the nearest bone's surface, negative inside.
double bone_distance_mm(const phantom::Knee& knee, const Point3& place);

}  // namespace genu::bench
