// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <numbers>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/needle_guidance.h>

#include "needle_scenes.h"

namespace genu::ultrasound {
namespace {

using namespace scenes;
using ::testing::HasSubstr;

NeedleFinding seen_needle() {
  NeedleFinding finding{.state = NeedleState::seen, .needle = NeedleInImage{}, .tip_sd_px = 3.0};
  finding.needle->tip = {300, 150};
  finding.needle->far_end = {100, 50};
  return finding;
}

/// A tracked moment whose chain from Image to Patient is pixels of 0.1 mm, moved.
TrackedFrame moment_at(const Vector3& shift) {
  TrackedFrame moment;
  TrackedPose& pose = moment.poses[{"Probe", "Tracker"}];
  pose.rows[3] = shift.x;
  pose.rows[7] = shift.y;
  pose.rows[11] = shift.z;
  return moment;
}

NeedleGuide guide_to(const Trajectory& plan) {
  NeedleGuide guide{.plan = plan};
  guide.always.set({"Image", "Probe"},
                   AffineTransform(Matrix3{{{{0.1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}}}}, {}));
  guide.always.set({"Tracker", "Patient"}, {});
  return guide;
}

TEST(NeedleFinding, SaysWhatSpeaksAgainstTheLineMostLikeANeedle) {
  const Scene with = needle_scene({}), without = needle_scene({.needle = false});
  const NeedleFinding seen = look_for_needle(with.frame);
  ASSERT_EQ(seen.state, NeedleState::seen);
  EXPECT_EQ(seen.needle->tip, find_needle(with.frame)->tip);
  EXPECT_TRUE(seen.why_none.empty());
  EXPECT_GT(seen.tip_sd_px, 0.0);
  const NeedleFinding none = look_for_needle(without.frame);
  ASSERT_EQ(none.state, NeedleState::none);
  EXPECT_FALSE(none.needle);
  ASSERT_TRUE(none.doubtful);
  EXPECT_THAT(none.why_none, HasSubstr("where 0.50 is asked for: " + none.doubtful->why));
  const NeedleFinding flat = look_for_needle(without.frame, {.min_angle_deg = 84.9, .max_angle_deg = 85.0});
  EXPECT_THAT(flat.why_none, HasSubstr("no line"));
}

TEST(NeedleFinding, OfATrackTellsPredictedFromSeen) {
  const Scene with = needle_scene({}), without = needle_scene({.needle = false});
  const NeedleTrackOptions options;
  NeedleTrack track = follow({}, with.frame, options);
  EXPECT_EQ(finding_of(track, with.frame, options).state, NeedleState::seen);
  track = follow(std::move(track), without.frame, options);
  const NeedleFinding gone = finding_of(track, without.frame, options);
  EXPECT_EQ(gone.state, NeedleState::predicted);
  EXPECT_TRUE(gone.needle);
  EXPECT_THAT(gone.why_none, HasSubstr("1 picture after it was"));
  EXPECT_THAT(finding_of({}, without.frame, options).why_none, HasSubstr("asked for"));
}

TEST(NeedleGuidance, FollowsThePoseOfItsMoment) {
  // The needle's own line, drawn where the probe is moved by (1, 2, 3) mm; the target 10 mm ahead.
  const Vector3 along = normalized(Vector3{2, 1, 0});
  const Point3 tip{31, 17, 3};
  const NeedleGuide guide = guide_to({tip - 40.0 * along, tip + 10.0 * along});
  const NeedleGuidance here = guidance_of(moment_at({1, 2, 3}), seen_needle(), guide);
  ASSERT_TRUE(here.deviation && here.plan);
  EXPECT_TRUE(here.why_unplaced.empty());
  EXPECT_NEAR(here.deviation->tip_to_target_mm.value, 10.0, 1e-9);
  EXPECT_NEAR(here.deviation->lateral_mm.value, 0.0, 1e-9);
  EXPECT_NEAR(here.plan->target_off_mm, 0.0, 1e-9);
  EXPECT_TRUE(std::isnan(here.deviation->lateral_mm.sd)) << "no errors were stated";
  const NeedleGuidance beside = guidance_of(moment_at({1, 2, 7}), seen_needle(), guide);
  EXPECT_NEAR(beside.deviation->lateral_mm.value, 4.0, 1e-9);
  EXPECT_NEAR(std::abs(beside.plan->target_off_mm), 4.0, 1e-9);
}

TEST(NeedleGuidance, APoseThatIsNotSoundGivesNoNumbers) {
  TrackedFrame lost = moment_at({1, 2, 3});
  lost.poses.begin()->second.status = "OUT_OF_VIEW";
  const NeedleGuide guide = guide_to({{0, 0, 0}, {10, 0, 0}});
  const NeedleGuidance nowhere = guidance_of(lost, seen_needle(), guide);
  EXPECT_FALSE(nowhere.deviation || nowhere.plan || nowhere.patient_from_image);
  EXPECT_THAT(nowhere.why_unplaced, HasSubstr("ProbeToTracker OUT_OF_VIEW"));
  EXPECT_EQ(why_apart({}, {}, "Image", "Patient"), "nothing leads from Image to Patient");
  lost.poses.begin()->second = {.rows = {}, .status = "OK"};
  EXPECT_THAT(why_apart(lost, guide.always, "Image", "Patient"), HasSubstr("ProbeToTracker is no transform"));
}

TEST(NeedleGuidance, APoseThatStretchesMirrorsOrFliesAwayGivesNoNumbers) {
  const NeedleGuide guide = guide_to({{0, 0, 0}, {10, 0, 0}});
  for (const std::array<double, 3> sides : {std::array{1.3, 1.3, 1.3}, {1.0, 1.0, -1.0}, {1.0, 1.2, 1.0}}) {
    TrackedFrame moment = moment_at({1, 2, 3});
    auto& rows = moment.poses.begin()->second.rows;
    for (std::size_t k = 0; k < 3; ++k) rows[5 * k] *= sides[k];
    const NeedleGuidance none = guidance_of(moment, seen_needle(), guide);
    EXPECT_FALSE(none.deviation || none.plan || none.patient_from_image) << sides[1] << " " << sides[2];
    EXPECT_THAT(none.why_unplaced, HasSubstr("it is no pose"));
  }
  const NeedleGuidance away = guidance_of(moment_at({1e19, 1e19, 1e19}), seen_needle(), guide);
  EXPECT_FALSE(away.deviation);
  EXPECT_THAT(away.why_unplaced, HasSubstr("100 m from the target"));
}

TEST(NeedleGuidance, WithoutAProbeAPictureThatShearsGivesNoNumbers) {
  NeedleGuide guide = guide_to({{0, 0, 0}, {10, 0, 0}});
  guide.always = {};
  guide.always.set({"Reference", "Patient"}, {});
  TrackedFrame moment;
  TrackedPose& pose = moment.poses[{"Image", "Reference"}];
  for (std::size_t k = 0; k < 3; ++k) pose.rows[5 * k] = 0.1;
  EXPECT_TRUE(guidance_of(moment, seen_needle(), guide).deviation);
  pose.rows[10] = 1e-300;
  EXPECT_THAT(guidance_of(moment, seen_needle(), guide).why_unplaced, HasSubstr("no pose"));
  pose.rows[10] = 0.1;
  pose.rows[1] = 0.02;
  const NeedleGuidance none = guidance_of(moment, seen_needle(), guide);
  EXPECT_FALSE(none.deviation || none.plan || none.patient_from_image);
  EXPECT_THAT(none.why_unplaced, HasSubstr("shears"));
}

TEST(NeedleGuidance, APictureTiedElsewhereThanTheSetUpSaysGivesNoNumbers) {
  const NeedleGuide guide = guide_to({{0, 0, 0}, {10, 0, 0}});
  TrackedFrame moment = moment_at({1, 2, 3});
  TrackedPose& tie = moment.poses[{"Tracker", "Patient"}];
  EXPECT_TRUE(guidance_of(moment, seen_needle(), guide).deviation) << "said twice, and alike";
  tie.rows[3] = 4.0;
  const NeedleGuidance none = guidance_of(moment, seen_needle(), guide);
  EXPECT_FALSE(none.deviation || none.plan || none.patient_from_image);
  EXPECT_THAT(none.why_unplaced, HasSubstr("elsewhere than the set-up does"));
  NeedleGuide untied = guide;
  untied.always.forget({"Tracker", "Patient"});
  EXPECT_TRUE(guidance_of(moment, seen_needle(), untied).deviation) << "only its own poses know";
}

TEST(NeedleGuidance, ATipErrsByMorePixelsInALargerPicture) {
  NeedleGuide guide = guide_to({{0, 0, 0}, {100, 50, 0}});
  guide.errors = {.position_sd_mm = 0.0, .rotation_sd_deg = 0.0};
  TrackedFrame moment = moment_at({});
  moment.image = Frame{1440, 880, 1, std::vector<std::uint8_t>(1440UL * 880UL, 0)};
  EXPECT_NEAR(guidance_of(moment, seen_needle(), guide).deviation->depth_left_mm.sd, 1.8, 1e-6);
  EXPECT_NEAR(guidance_of(moment_at({}), seen_needle(), guide).deviation->depth_left_mm.sd, 0.9, 1e-6);
}

TEST(NeedleGuidance, APredictedNeedleIsNotMeasured) {
  NeedleFinding predicted = seen_needle();
  predicted.state = NeedleState::predicted;
  const NeedleGuidance g = guidance_of(moment_at({}), predicted, guide_to({{0, 0, 0}, {10, 0, 0}}));
  EXPECT_TRUE(g.plan);
  EXPECT_FALSE(g.deviation);
}

TEST(NeedleGuidance, TheGreaterErrorOfTheTipCounts) {
  NeedleGuide guide = guide_to({{0, 0, 0}, {100, 50, 0}});
  guide.errors = {.position_sd_mm = 0.5, .rotation_sd_deg = 0.0, .tip_sd_px = 4.0};
  NeedleFinding finding = seen_needle();
  const double steady = guidance_of(moment_at({}), finding, guide).deviation->depth_left_mm.sd;
  EXPECT_NEAR(steady, std::hypot(0.5, 0.4), 1e-6) << "3 pixels of a steady tip are not believed";
  finding.tip_sd_px = 12.0;
  EXPECT_NEAR(guidance_of(moment_at({}), finding, guide).deviation->depth_left_mm.sd, 1.3, 1e-6);
}

TEST(NeedleErrors, OfARegistrationAreThoseAtTheTarget) {
  BoneRegistration registration;
  for (std::size_t n = 0; n < 6; ++n) registration.covariance[n][n] = n < 3 ? 1e-4 : 0.09;
  const NeedleErrors near = errors_at(registration, {}), far = errors_at(registration, {100, 0, 0});
  EXPECT_NEAR(*near.position_sd_mm, 0.3, 1e-9);
  EXPECT_NEAR(*far.position_sd_mm, std::sqrt((3 * 0.09 + 2 * 1.0) / 3.0), 1e-9);
  EXPECT_NEAR(*near.rotation_sd_deg, 0.01 * 180.0 / std::numbers::pi, 1e-9);
  const NeedleErrors both = together(near, {.position_sd_mm = 0.4});
  EXPECT_NEAR(*both.position_sd_mm, 0.5, 1e-9);
  EXPECT_EQ(both.rotation_sd_deg, near.rotation_sd_deg);
  EXPECT_FALSE(together({}, {}).position_sd_mm);
}

}  // namespace
}  // namespace genu::ultrasound
