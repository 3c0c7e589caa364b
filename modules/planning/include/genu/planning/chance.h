// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <genu/planning/approach.h>
#include <genu/planning/clearance.h>
#include <genu/planning/target.h>

namespace genu::planning {

/// Standard deviations of what goes wrong between a plan and an injection; normal, independent, without bias.
/// Working values: nobody has measured them for Genu.
struct ErrorModel {
  double segmentation_sd_mm = 0.5;  ///< Of the target's place on the image, along each axis.
  double registration_sd_mm = 1.5;  ///< Of image to patient, along each axis.
  double hand_sd_mm = 1.0;          ///< Of the tip, along each axis, whatever the depth.
  double hand_angle_sd_deg = 1.0;   ///< Of the needle's direction about the entry, in each plane.
  unsigned samples = 4000;
  std::uint64_t seed = 1;
};

/// \throws InvalidInput naming the value that is out of range
void check(const ErrorModel& errors);

/// How likely it is to deliver to a target.
struct HitChance {
  double probability = 0.0;
  /// 95 % interval of what sampling alone leaves open (Wilson 1927, Journal of the American Statistical
  /// Association 22:209).
  double low = 0.0, high = 1.0;
  unsigned samples = 0;
  /// How the estimate went: after 1/8, 1/4, 1/2 and all of the samples.
  std::vector<double> course;
};

/// Estimates the chance by drawing the errors again and again (Monte Carlo).
///
/// Without a normal a target is hit if the tip ends within its tolerance of one of its places, the recess
/// also if it ends anywhere inside; a target with a normal if the needle, pushed on, meets the plane across
/// it there within the tolerance. A needle that would go through bone stops at it. The draws are made in the
/// knee's axes, the same for every path: chances can be compared, and move with the knee. \throws
/// InvalidInput as check, or if the path has no length
HitChance chance_to_hit(const ClearanceField& field, const Target& target, const Trajectory& path,
                        const ErrorModel& errors = {});

/// Returns the chance that a needle touches a structure it keeps `clearance_mm` from: its side towards the
/// structure errs normally by the model's errors together with the structure's own.
double chance_to_touch(double clearance_mm, double depth_mm, double position_sd_mm, const ErrorModel& errors);

}  // namespace genu::planning
