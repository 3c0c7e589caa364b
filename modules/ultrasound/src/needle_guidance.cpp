// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/ultrasound/needle_guidance.h>
#include <genu/ultrasound/patient_axes.h>

#include "fit.h"

namespace genu::ultrasound {
namespace {

/// Returns the SD of a tip along the shaft as pictures of 720 x 440 pixels showed it, in those of this size.
double tip_sd_px(const Frame& frame) {
  return NeedleErrors{}.tip_sd_px * std::hypot(frame.width, frame.height) / std::hypot(720.0, 440.0);
}

/// Says why nothing is taken for a needle, by the line that is most like one.
NeedleFinding none_in(const Frame& frame, const NeedleOptions& options) {
  NeedleFinding finding;
  std::vector<NeedleInImage> lines = needle_candidates(frame, options);
  if (lines.empty()) {
    finding.why_none = "no line in the picture is long enough and steep enough";
    return finding;
  }
  finding.doubtful = std::move(lines.front());
  const NeedleInImage& best = *finding.doubtful;
  finding.why_none = best.confidence < options.min_confidence
                         ? "the line most like one has a confidence of " + fixed(best.confidence, 2) +
                               " where " + fixed(options.min_confidence, 2) + " is asked for: " + best.why
                         : "the line most like one does not change as a needle does, or is elsewhere than "
                           "the one that was followed";
  return finding;
}

/// No tracker sees so far; numbers beyond lose their digits.
constexpr double farthest_mm = 1e5;

/// Returns why what leads from Image to Patient is no pose, though its numbers are a transform's; empty if it
/// may be one.
std::string why_no_pose(const CoordinateFrames& now, const AffineTransform& patient_from_image) {
  try {
    (void)patient_from_image.inverse();
  } catch (const InvalidInput&) {
    return "what leads from Image to Patient can't be turned round: it is no pose";
  }
  // A calibrated picture may stretch its pixels; what moves the probe may not.
  if (const auto probe = now.find("Probe", "Patient")) {
    if (nearest_rigid(*probe)) return {};
    return "what leads from Probe to Patient stretches, shears or mirrors: it is no pose";
  }
  // With no probe to be judged by, the axes of a picture are upright on one another all the same.
  constexpr double most_shear = 0.035;  // cosine of 88 degrees
  const Vector3 across = patient_from_image(Vector3{1, 0, 0}), down = patient_from_image(Vector3{0, 1, 0});
  if (std::abs(dot(across, down)) <= most_shear * length(across) * length(down)) return {};
  return "what leads from Image to Patient shears: it is no pose";
}

/// Returns true if the poses of a moment tie the picture to the patient elsewhere than what always holds
/// does.
bool is_tied_twice(const TrackedFrame& moment, const CoordinateFrames& always,
                   const AffineTransform& patient_from_image) {
  TrackedFrame untied;
  untied.poses = moment.poses;
  std::erase_if(untied.poses, [](const auto& pose) { return is_of_patient(pose.first); });
  if (untied.poses.size() == moment.poses.size()) return false;
  const auto by_always = at_moment(untied, always).find("Image", "Patient");
  if (!by_always) return false;
  constexpr double reach_px = 1000.0, same_mm = 0.01;  // a picture's size; what digits in a file may lose
  for (const Point3& p : {Point3{}, Point3{reach_px, 0, 0}, Point3{0, reach_px, 0}})
    if (!(distance((*by_always)(p), patient_from_image(p)) <= same_mm)) return true;
  return false;
}

std::optional<double> joined(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a) return b;
  return b ? std::hypot(*a, *b) : *a;
}

}  // namespace

NeedleFinding look_for_needle(const Frame& frame, const NeedleOptions& options) {
  std::optional<NeedleInImage> needle = find_needle(frame, options);
  if (!needle) return none_in(frame, options);
  return {.state = NeedleState::seen, .needle = std::move(needle), .tip_sd_px = tip_sd_px(frame)};
}

NeedleFinding finding_of(const NeedleTrack& track, const Frame& frame, const NeedleTrackOptions& options) {
  if (track.state == NeedleState::none) return none_in(frame, options.finder);
  // What is wrong in every picture is not steadied away.
  NeedleFinding finding{
      .state = track.state, .needle = track.needle, .tip_sd_px = std::max(track.tip_sd_px, tip_sd_px(frame))};
  if (track.state == NeedleState::predicted)
    finding.why_none = "not seen in this picture; expected here, " + std::to_string(track.unseen) +
                       (track.unseen == 1 ? " picture" : " pictures") + " after it was";
  return finding;
}

std::string why_apart(const TrackedFrame& moment, const CoordinateFrames& always, std::string_view from,
                      std::string_view to) {
  if (at_moment(moment, always).find(from, to)) return {};
  std::string unsound;
  for (const auto& [frames, pose] : moment.poses) {
    if (pose.transform()) continue;
    unsound.append(unsound.empty() ? "" : ", ").append(name_of(frames)).append(" ");
    unsound.append(pose.status == "OK" ? "is no transform" : pose.status);
  }
  const std::string ends = std::string(from) + " to " + std::string(to);
  if (unsound.empty()) return "nothing leads from " + ends;
  return "nothing sound leads from " + ends + ": " + unsound;
}

NeedleGuidance guidance_of(const TrackedFrame& moment, const NeedleFinding& finding,
                           const NeedleGuide& guide) {
  NeedleGuidance guidance;
  const CoordinateFrames now = at_moment(moment, guide.always);
  guidance.patient_from_image = now.find("Image", "Patient");
  if (!guidance.patient_from_image) {
    guidance.why_unplaced = why_apart(moment, guide.always, "Image", "Patient");
    return guidance;
  }
  guidance.why_unplaced = why_no_pose(now, *guidance.patient_from_image);
  if (guidance.why_unplaced.empty() && is_tied_twice(moment, guide.always, *guidance.patient_from_image))
    guidance.why_unplaced =
        "its own poses tie the picture to Patient elsewhere than the set-up does: which holds cannot be told";
  if (!guidance.why_unplaced.empty()) {
    guidance.patient_from_image.reset();
    return guidance;
  }
  if (!(length((*guidance.patient_from_image)(Point3{}) - guide.plan.target) < farthest_mm)) {
    guidance = {};
    guidance.why_unplaced =
        "the poses put the picture over " + fixed(1e-3 * farthest_mm, 0) + " m from the target";
    return guidance;
  }
  guidance.plan =
      plan_in_image(guide.plan, *guidance.patient_from_image, {.tolerance_mm = guide.tolerance_mm});
  if (finding.state != NeedleState::seen) return guidance;
  NeedleErrors errors = guide.errors;
  errors.tip_sd_px = std::max(errors.tip_sd_px, tip_sd_px(moment.image));
  if (std::isfinite(finding.tip_sd_px)) errors.tip_sd_px = std::max(errors.tip_sd_px, finding.tip_sd_px);
  guidance.deviation = deviation_from_plan(*finding.needle, *guidance.patient_from_image, guide.plan, errors);
  return guidance;
}

NeedleErrors errors_at(const BoneRegistration& registration, const Point3& target) {
  NeedleErrors errors;
  errors.position_sd_mm = registration.predicted_error_mm(target) / std::numbers::sqrt3;
  double turn = 0.0;
  for (std::size_t axis = 0; axis < 3; ++axis) turn += registration.covariance[axis][axis] / 3.0;
  errors.rotation_sd_deg = std::sqrt(turn) * 180.0 / std::numbers::pi;
  return errors;
}

NeedleErrors together(const NeedleErrors& a, const NeedleErrors& b) {
  return {.position_sd_mm = joined(a.position_sd_mm, b.position_sd_mm),
          .rotation_sd_deg = joined(a.rotation_sd_deg, b.rotation_sd_deg),
          .tip_sd_px = std::max(a.tip_sd_px, b.tip_sd_px),
          .shaft_sd_px = std::max(a.shaft_sd_px, b.shaft_sd_px)};
}

}  // namespace genu::ultrasound
