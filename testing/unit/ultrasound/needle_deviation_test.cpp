// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/rigid_transform.h>
#include <genu/ultrasound/needle_deviation.h>

namespace genu::ultrasound {
namespace {

/// Pixels of 0.1 x 0.2 mm, seen obliquely; `mirror` shows the picture from behind.
AffineTransform oblique_image(bool mirror) {
  const RigidTransform pose = RigidTransform::translation_by({12.0, -7.0, 31.0}) *
                              RigidTransform::rotation_about({}, {0.3, -0.8, 0.5}, 37.0);
  const Matrix3 pixels = Matrix3::from_columns({mirror ? -0.1 : 0.1, 0, 0}, {0, 0.2, 0}, {0, 0, 0.1});
  return AffineTransform(pose) * AffineTransform(pixels, {});
}

/// A straight needle from (100, 50) to (300, 150): 20 mm and 20 mm, so at 45 degrees in the tissue.
NeedleInImage straight() {
  NeedleInImage needle;
  needle.tip = {300, 150};
  needle.far_end = {100, 50};
  return needle;
}

TEST(NeedleDeviation, ANeedleOnItsPlanHasNone) {
  for (const bool mirror : {false, true}) {
    const AffineTransform patient_from_image = oblique_image(mirror);
    const Point3 far = patient_from_image(Point3{100, 50, 0}), tip = patient_from_image(Point3{300, 150, 0});
    const Trajectory plan{far, tip + 0.5 * (tip - far)};
    const NeedleDeviation d = deviation_from_plan(straight(), patient_from_image, plan);
    EXPECT_NEAR(d.tip_to_target_mm.value, 0.5 * std::sqrt(800.0), 1e-9);
    EXPECT_NEAR(d.depth_left_mm.value, d.tip_to_target_mm.value, 1e-9);
    EXPECT_NEAR(d.lateral_mm.value, 0.0, 1e-9);
    EXPECT_NEAR(d.angle_deg.value, 0.0, 1e-5);
    EXPECT_NEAR(d.passes_target_mm.value, 0.0, 1e-9);
    EXPECT_NEAR(distance(d.tip, tip), 0.0, 1e-12);
  }
}

TEST(NeedleDeviation, ErrorsOfNoneAreNoErrorOfTheProgram) {
  const AffineTransform patient_from_image = oblique_image(false);
  const Point3 far = patient_from_image(Point3{100, 50, 0}), tip = patient_from_image(Point3{300, 150, 0});
  const NeedleDeviation d =
      deviation_from_plan(straight(), patient_from_image, {far, tip},
                          {.position_sd_mm = 0.0, .tip_sd_px = 0.0, .shaft_sd_px = 0.0});
  EXPECT_NEAR(d.tip_to_target_mm.value, 0.0, 1e-9);
  EXPECT_NEAR(d.tip_to_target_mm.sd, 0.0, 1e-9);
  EXPECT_NEAR(d.lateral_mm.sd, 0.0, 1e-9);
}

TEST(NeedleDeviation, SeesOffsetsOutOfThePictureTooAndTheMirrorToo) {
  for (const bool mirror : {false, true}) {
    const AffineTransform patient_from_image = oblique_image(mirror);
    const Point3 far = patient_from_image(Point3{100, 50, 0}), tip = patient_from_image(Point3{300, 150, 0});
    const Vector3 along = normalized(tip - far), out = normalized(patient_from_image(Vector3{0, 0, 1}));
    const Vector3 aside = cross(along, out);
    // The plan runs beside the needle: 3 mm out of the picture and 4 mm in it; its target is 12 mm ahead.
    const Vector3 shift = 3.0 * out + 4.0 * aside;
    const Trajectory plan{far + shift, tip + 12.0 * along + shift};
    const NeedleDeviation d = deviation_from_plan(straight(), patient_from_image, plan);
    EXPECT_NEAR(d.lateral_mm.value, 5.0, 1e-9);
    EXPECT_NEAR(d.depth_left_mm.value, 12.0, 1e-9);
    EXPECT_NEAR(d.tip_to_target_mm.value, 13.0, 1e-9);
    EXPECT_NEAR(d.passes_target_mm.value, 5.0, 1e-9);
    EXPECT_NEAR(d.angle_deg.value, 0.0, 1e-5);
  }
}

TEST(NeedleDeviation, MeasuresTheAngleInTheTissueAndNotInPixels) {
  const AffineTransform patient_from_image = oblique_image(false);
  const Point3 tip = patient_from_image(Point3{300, 150, 0});
  const Vector3 rows = normalized(patient_from_image(Vector3{1, 0, 0}));
  const NeedleDeviation d = deviation_from_plan(straight(), patient_from_image, {tip - 10.0 * rows, tip});
  EXPECT_NEAR(d.angle_deg.value, 45.0, 1e-6);
  EXPECT_NEAR(d.tip_to_target_mm.value, 0.0, 1e-9);
}

TEST(NeedleDeviation, PastTheTargetNoDepthIsLeft) {
  const AffineTransform patient_from_image = oblique_image(false);
  const Point3 far = patient_from_image(Point3{100, 50, 0}), tip = patient_from_image(Point3{300, 150, 0});
  const NeedleDeviation d =
      deviation_from_plan(straight(), patient_from_image, {far, tip - 2.0 * normalized(tip - far)});
  EXPECT_NEAR(d.depth_left_mm.value, -2.0, 1e-9);
}

TEST(NeedleDeviation, ABentNeedleHeadsAlongItsTip) {
  // A parabola of 200 pixels with a bow of 10 down: its slope at the ends is 4 * 10 / 200.
  NeedleInImage bent;
  bent.tip = {250, 100};
  bent.far_end = {50, 100};
  bent.bow_px = 10.0;
  EXPECT_NEAR(bent.at(0.5).y, 110.0, 1e-12);
  const AffineTransform patient_from_image(Matrix3{}, {});
  const NeedleDeviation d = deviation_from_plan(bent, patient_from_image, {{50, 100, 0}, {250, 100, 0}});
  EXPECT_NEAR(d.angle_deg.value, std::atan(0.2) * 180.0 / std::numbers::pi, 1e-9);
  EXPECT_LT(d.heading.y, 0.0);
}

TEST(NeedleDeviation, StatesErrorsOnlyWhereItKnowsThem) {
  const AffineTransform patient_from_image(Matrix3::from_columns({0.1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}), {});
  NeedleInImage needle;
  needle.tip = {300, 0};
  needle.far_end = {100, 0};
  const Trajectory plan{{0, 0, 0}, {50, 0, 0}};
  const NeedleDeviation unknown = deviation_from_plan(needle, patient_from_image, plan);
  EXPECT_TRUE(std::isnan(unknown.tip_to_target_mm.sd));
  EXPECT_TRUE(std::isnan(unknown.angle_deg.sd));
  const NeedleErrors errors{
      .position_sd_mm = 0.8, .rotation_sd_deg = 1.0, .tip_sd_px = 6.0, .shaft_sd_px = 2.0};
  const NeedleDeviation d = deviation_from_plan(needle, patient_from_image, plan, errors);
  // 6 pixels of 0.1 mm along the shaft beside 0.8 mm; across it 2 pixels at either end of 20 mm.
  EXPECT_NEAR(d.depth_left_mm.sd, 1.0, 1e-12);
  EXPECT_NEAR(d.tip_to_target_mm.sd, 1.0, 1e-12);
  const double shaft_deg = std::atan(std::sqrt(2.0) * 0.2 / 20.0) * 180.0 / std::numbers::pi;
  EXPECT_NEAR(d.angle_deg.sd, std::hypot(1.0, shaft_deg), 1e-12);
  EXPECT_GT(d.passes_target_mm.sd, d.lateral_mm.sd);
}

TEST(NeedleDeviation, RefusesWhatHasNoDirection) {
  const AffineTransform patient_from_image(Matrix3{}, {});
  NeedleInImage point;
  EXPECT_THROW(deviation_from_plan(point, patient_from_image, {{0, 0, 0}, {1, 0, 0}}), InvalidInput);
  EXPECT_THROW(deviation_from_plan(straight(), patient_from_image, {{1, 0, 0}, {1, 0, 0}}), InvalidInput);
  EXPECT_THROW(
      deviation_from_plan(straight(), patient_from_image, {{0, 0, 0}, {1, 0, 0}}, {.position_sd_mm = -1.0}),
      InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
