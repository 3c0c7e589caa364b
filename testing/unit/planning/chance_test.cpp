// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include <genu/core/error.h>
#include <genu/planning/chance.h>

#include "scene.h"

namespace genu::planning {
namespace {

using testing::add_sphere;
using testing::empty_limb;

const KneeFrame frame = patient_aligned_frame(Side::right, {3.0, -2.0, 5.0});
constexpr unsigned many = 40000;

/// Errors of the tip alone, alike along each axis.
ErrorModel isotropic(double sd_mm) {
  return {.segmentation_sd_mm = 0.0,
          .registration_sd_mm = 0.0,
          .hand_sd_mm = sd_mm,
          .hand_angle_sd_deg = 0.0,
          .samples = many};
}

Target sphere_at(const Vector3& at, double tolerance_mm) {
  return picked_target(testing::in_frame(frame, at), tolerance_mm);
}
Target disc_at(const Vector3& at, double tolerance_mm, const Vector3& normal) {
  Target target = sphere_at(at, tolerance_mm);
  target.normal = normal;
  return target;
}

/// What a share of `samples` draws may differ from its expectation: 4 standard deviations, 1 in 16000.
double sampling_error(double p) {
  return 4.0 * std::sqrt(p * (1.0 - p) / many) + 1e-9;
}

const Trajectory from_the_side{frame.at(50.0, 0.0, 0.0), frame.at(10.0, 0.0, 0.0)};

TEST(ChanceToHit, OfADiscAcrossTheNeedleHasAClosedForm) {
  const Anatomy anatomy = empty_limb(frame);
  const ClearanceField field(anatomy);
  for (const double sd : {0.5, 1.0, 2.0})
    for (const double radius : {1.0, 2.0, 3.0}) {
      const Target target = disc_at({10.0, 0.0, 0.0}, radius, frame.lateral);
      const double truth = 1.0 - std::exp(-0.5 * radius * radius / (sd * sd));
      const HitChance chance = chance_to_hit(field, target, from_the_side, isotropic(sd));
      EXPECT_NEAR(chance.probability, truth, sampling_error(truth)) << sd << " " << radius;
      EXPECT_LE(chance.low, chance.probability);
      EXPECT_GE(chance.high, chance.probability);
    }
}

TEST(ChanceToHit, OfASphereHasAClosedForm) {
  const Anatomy anatomy = empty_limb(frame);
  const ClearanceField field(anatomy);
  for (const double radius : {0.7, 1.5, 3.0}) {
    const double truth = std::erf(radius / std::numbers::sqrt2) -
                         std::sqrt(2.0 / std::numbers::pi) * radius * std::exp(-0.5 * radius * radius);
    const HitChance chance =
        chance_to_hit(field, sphere_at({10.0, 0.0, 0.0}, radius), from_the_side, isotropic(1.0));
    EXPECT_NEAR(chance.probability, truth, sampling_error(truth)) << radius;
  }
}

TEST(ChanceToHit, AddsTheErrorsOfImageHandAndAngle) {
  const Anatomy anatomy = empty_limb(frame);
  const ClearanceField field(anatomy);
  ErrorModel errors{.segmentation_sd_mm = 0.4,
                    .registration_sd_mm = 1.1,
                    .hand_sd_mm = 0.8,
                    .hand_angle_sd_deg = 2.0,
                    .samples = many};
  const double turn = 40.0 * std::tan(2.0 * std::numbers::pi / 180.0);
  const double variance = 0.4 * 0.4 + 1.1 * 1.1 + 0.8 * 0.8 + turn * turn;
  const double truth = 1.0 - std::exp(-0.5 * 9.0 / variance);
  const HitChance chance =
      chance_to_hit(field, disc_at({10.0, 0.0, 0.0}, 3.0, frame.lateral), from_the_side, errors);
  EXPECT_NEAR(chance.probability, truth, sampling_error(truth) + 0.003);  // The line tilts a little as well.
}

TEST(ChanceToHit, SpreadsOverADiscThatTheNeedleMeetsAtASlant) {
  const Anatomy anatomy = empty_limb(frame);
  const ClearanceField field(anatomy);
  const Vector3 slanted = normalized(frame.lateral + frame.proximal);
  // Across the needle the spread is 1, along the slope 1 / cos 45 degrees: integrated over the disc.
  double truth = 0.0;
  constexpr int steps = 800;
  const double radius = 2.0, along = std::numbers::sqrt2, cell = 2.0 * radius / steps;
  for (int i = 0; i < steps; ++i)
    for (int j = 0; j < steps; ++j) {
      const double x = -radius + (i + 0.5) * cell, y = -radius + (j + 0.5) * cell;
      if (x * x + y * y <= radius * radius)
        truth += std::exp(-0.5 * (x * x / (along * along) + y * y)) * cell * cell /
                 (2.0 * std::numbers::pi * along);
    }
  const HitChance chance =
      chance_to_hit(field, disc_at({10.0, 0.0, 0.0}, radius, slanted), from_the_side, isotropic(1.0));
  EXPECT_NEAR(chance.probability, truth, sampling_error(truth) + 0.002);
}

TEST(ChanceToHit, ConvergesAndIsTheSameAgain) {
  const Anatomy anatomy = empty_limb(frame);
  const ClearanceField field(anatomy);
  const Target target = disc_at({10.0, 0.0, 0.0}, 1.5, frame.lateral);
  const double truth = 1.0 - std::exp(-0.5 * 1.5 * 1.5);
  ErrorModel errors = isotropic(1.0);
  const HitChance chance = chance_to_hit(field, target, from_the_side, errors);
  ASSERT_EQ(chance.course.size(), 4u);
  EXPECT_EQ(chance.course.back(), chance.probability);
  EXPECT_EQ(chance.samples, many);
  EXPECT_NEAR(chance.course.front(), truth, 3.0 * sampling_error(truth));
  EXPECT_EQ(chance_to_hit(field, target, from_the_side, errors).course, chance.course);
  // Of 100 seeds, the 95 % interval holds the truth 95 times, give or take: 88 or fewer once in 500.
  errors.samples = 400;
  int holds = 0;
  for (errors.seed = 1; errors.seed <= 100; ++errors.seed) {
    const HitChance few = chance_to_hit(field, target, from_the_side, errors);
    holds += few.low <= truth && truth <= few.high;
  }
  EXPECT_GT(holds, 88);
}

TEST(ChanceToHit, IsStoppedByBoneInTheWay) {
  Anatomy anatomy = empty_limb(frame);
  const Target target = sphere_at({10.0, 0.0, 0.0}, 2.0);
  const HitChance free = chance_to_hit(ClearanceField(anatomy), target, from_the_side, isotropic(1.0));
  // Beside the needle's way, so that the half of the draws that err towards it meet it.
  add_sphere(anatomy, "patella", StructureKind::bone, {30.0, 10.2, 0.0}, 10.0, 5);
  ErrorModel errors = isotropic(1.0);
  errors.hand_sd_mm = 0.0;
  errors.registration_sd_mm = 1.0;
  const HitChance beside = chance_to_hit(ClearanceField(anatomy), target, from_the_side, errors);
  EXPECT_LT(beside.probability, 0.75 * free.probability);
  EXPECT_GT(beside.probability, 0.4 * free.probability);
  // Bone far off changes nothing, to the last draw.
  Anatomy far = empty_limb(frame);
  add_sphere(far, "patella", StructureKind::bone, {30.0, 30.0, 0.0}, 10.0, 4);
  EXPECT_EQ(chance_to_hit(ClearanceField(far), target, from_the_side, isotropic(1.0)).probability,
            free.probability);
}

TEST(ChanceToHit, CountsEveryPlaceInsideTheRecess) {
  Anatomy anatomy = empty_limb(frame);
  anatomy.recess = testing::icosphere(frame.at(10.0, 0.0, 0.0), 8.0, 4);
  Target target = sphere_at({10.0, 0.0, 0.0}, 1.0);
  const HitChance near = chance_to_hit(ClearanceField(anatomy), target, from_the_side, isotropic(2.0));
  target.kind = TargetKind::recess;
  const HitChance inside = chance_to_hit(ClearanceField(anatomy), target, from_the_side, isotropic(2.0));
  EXPECT_LT(near.probability, 0.1);
  const double truth = std::erf(4.0 / std::numbers::sqrt2) -
                       std::sqrt(2.0 / std::numbers::pi) * 4.0 * std::exp(-8.0);  // 8 mm in units of 2 mm
  EXPECT_NEAR(inside.probability, truth, 0.01);
  target.kind = TargetKind::point;
  target.points = {target.point, frame.at(10.0, 4.0, 0.0)};
  const HitChance two = chance_to_hit(ClearanceField(anatomy), target, from_the_side, isotropic(2.0));
  EXPECT_GT(two.probability, near.probability);
}

TEST(ChanceToHit, MovesAndMirrorsWithTheKnee) {
  const Target target = disc_at({10.0, 0.0, 0.0}, 1.5, frame.lateral);
  const Anatomy anatomy = empty_limb(frame);
  const double here = chance_to_hit(ClearanceField(anatomy), target, from_the_side).probability;
  const RigidTransform motion = testing::random_pose(4);
  Anatomy elsewhere;
  elsewhere.frame = {Side::right, motion(frame.origin), motion(frame.lateral), motion(frame.anterior),
                     motion(frame.proximal)};
  Target there = target;
  there.point = motion(target.point);
  there.normal = motion(*target.normal);
  EXPECT_NEAR(chance_to_hit(ClearanceField(elsewhere), there,
                            {motion(from_the_side.entry), motion(from_the_side.target)})
                  .probability,
              here, 1e-3);
  Anatomy left;
  left.frame = patient_aligned_frame(Side::left, {-3.0, -2.0, 5.0});
  there.point = left.frame.at(10.0, 0.0, 0.0);
  there.normal = left.frame.lateral;
  EXPECT_NEAR(chance_to_hit(ClearanceField(left), there,
                            {left.frame.at(50.0, 0.0, 0.0), left.frame.at(10.0, 0.0, 0.0)})
                  .probability,
              here, 1e-3);
}

TEST(ChanceToTouch, IsThatOfANormalErrorTowardsTheStructure) {
  const ErrorModel errors = isotropic(2.0);
  EXPECT_NEAR(chance_to_touch(0.0, 40.0, 0.0, errors), 0.5, 1e-12);
  EXPECT_NEAR(chance_to_touch(2.0, 40.0, 0.0, errors), 0.158655, 1e-5);
  EXPECT_NEAR(chance_to_touch(-2.0, 40.0, 0.0, errors), 0.841345, 1e-5);
  EXPECT_NEAR(chance_to_touch(5.0, 40.0, 1.5, errors), 0.022750, 1e-5);  // 2.5 mm together, twice that off
  EXPECT_EQ(chance_to_touch(0.1, 40.0, 0.0, isotropic(0.0)), 0.0);
  EXPECT_EQ(chance_to_touch(-0.1, 40.0, 0.0, isotropic(0.0)), 1.0);
}

TEST(ErrorModel, IsRefusedOutOfRange) {
  const auto refused = [](auto change) {
    ErrorModel errors;
    change(errors);
    EXPECT_THROW(check(errors), InvalidInput);
  };
  EXPECT_NO_THROW(check(ErrorModel{}));
  refused([](auto& e) { e.segmentation_sd_mm = -0.1; });
  refused([](auto& e) { e.registration_sd_mm = std::nan(""); });
  refused([](auto& e) { e.hand_sd_mm = -1.0; });
  refused([](auto& e) { e.hand_angle_sd_deg = 45.0; });
  refused([](auto& e) { e.samples = 0; });
}

}  // namespace
}  // namespace genu::planning
