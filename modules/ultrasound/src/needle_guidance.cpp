// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <genu/core/text.h>
#include <genu/ultrasound/needle_guidance.h>

#include "fit.h"

namespace genu::ultrasound {
namespace {

double tip_sd_px(const Frame& frame, const NeedleTrackOptions& options) {
  return options.tip_sd * std::hypot(frame.width, frame.height);
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

std::optional<double> joined(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a) return b;
  return b ? std::hypot(*a, *b) : *a;
}

}  // namespace

NeedleFinding look_for_needle(const Frame& frame, const NeedleOptions& options) {
  std::optional<NeedleInImage> needle = find_needle(frame, options);
  if (!needle) return none_in(frame, options);
  return {.state = NeedleState::seen, .needle = std::move(needle), .tip_sd_px = tip_sd_px(frame, {})};
}

NeedleFinding finding_of(const NeedleTrack& track, const Frame& frame, const NeedleTrackOptions& options) {
  if (track.state == NeedleState::none) return none_in(frame, options.finder);
  NeedleFinding finding{.state = track.state, .needle = track.needle, .tip_sd_px = track.tip_sd_px};
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
  // A calibrated picture may stretch its pixels; what moves the probe may not.
  if (const auto probe = now.find("Probe", "Patient"); probe && !nearest_rigid(*probe)) {
    guidance.patient_from_image.reset();
    guidance.why_unplaced = "what leads from Probe to Patient stretches, shears or mirrors: it is no pose";
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
