// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/rigid_transform.h>
#include <genu/ultrasound/plan_in_image.h>

namespace genu::ultrasound {
namespace {

/// Pixels of 0.1 x 0.2 mm, seen obliquely; `lean` is how far a step out of the plane leans along x.
AffineTransform oblique_image(double lean = 0.0) {
  const RigidTransform pose = RigidTransform::translation_by({12.0, -7.0, 31.0}) *
                              RigidTransform::rotation_about({}, {0.3, -0.8, 0.5}, 37.0);
  return AffineTransform(pose) *
         AffineTransform(Matrix3::from_columns({0.1, 0, 0}, {0, 0.2, 0}, {lean, 0, 0.1}), {});
}

/// A place in the picture and so far out of it.
Point3 place(double x, double y, double off_mm) {
  const AffineTransform to_patient = oblique_image();
  return to_patient(Point3{x, y, 0}) + off_mm * normalized(to_patient(Vector3{0, 0, 1}));
}

TEST(PlanInImage, APathInThePictureIsThereFromEntryToTarget) {
  const PlanInImage shown = plan_in_image({place(30, 40, 0), place(200, 90, 0)}, oblique_image());
  EXPECT_NEAR(shown.entry.x, 30, 1e-9);
  EXPECT_NEAR(shown.entry.y, 40, 1e-9);
  EXPECT_NEAR(shown.target.x, 200, 1e-9);
  EXPECT_NEAR(shown.target.y, 90, 1e-9);
  EXPECT_NEAR(shown.at(0.5).x, 115, 1e-9);
  ASSERT_TRUE(shown.in_picture);
  EXPECT_EQ((*shown.in_picture)[0], 0.0);
  EXPECT_EQ((*shown.in_picture)[1], 1.0);
}

TEST(PlanInImage, APathThroughThePictureIsInItWithinTheSlice) {
  const PlanInImage shown =
      plan_in_image({place(30, 40, -10), place(200, 90, 30)}, oblique_image(), {.slice_mm = 2.0});
  EXPECT_NEAR(shown.entry_off_mm, -10, 1e-9);
  EXPECT_NEAR(shown.target_off_mm, 30, 1e-9);
  ASSERT_TRUE(shown.in_picture);
  EXPECT_NEAR((*shown.in_picture)[0], 8.0 / 40.0, 1e-9);
  EXPECT_NEAR((*shown.in_picture)[1], 12.0 / 40.0, 1e-9);
}

TEST(PlanInImage, APathBesideThePictureIsNowhereInIt) {
  EXPECT_FALSE(plan_in_image({place(30, 40, 2.5), place(200, 90, 2.5)}, oblique_image()).in_picture);
  EXPECT_FALSE(plan_in_image({place(30, 40, 9), place(200, 90, 3)}, oblique_image()).in_picture);
  EXPECT_TRUE(plan_in_image({place(30, 40, 1.5), place(200, 90, 1.5)}, oblique_image()).in_picture);
}

TEST(PlanInImage, ToleranceIsTheCircleThatThePictureCutsOutOfTheBall) {
  const auto radius = [](double off_mm) {
    return plan_in_image({place(30, 40, 0), place(200, 90, off_mm)}, oblique_image(), {.tolerance_mm = 5.0})
        .tolerance_radius_mm;
  };
  EXPECT_NEAR(radius(0.0), 5.0, 1e-9);
  EXPECT_NEAR(radius(-3.0), 4.0, 1e-9);
  EXPECT_EQ(radius(5.5), 0.0);
}

// A calibration's third column need not stand upright on the picture.
TEST(PlanInImage, ProjectsAtRightAnglesWhateverTheTransformDoesOutOfThePlane) {
  const PlanInImage shown = plan_in_image({place(30, 40, 6), place(200, 90, -4)}, oblique_image(0.07));
  EXPECT_NEAR(shown.entry.x, 30, 1e-9);
  EXPECT_NEAR(shown.target.x, 200, 1e-9);
  EXPECT_NEAR(shown.target_off_mm, -4, 1e-9);
}

TEST(PlanInImage, RefusesNegativeLengths) {
  const Trajectory plan{place(30, 40, 0), place(200, 90, 0)};
  EXPECT_THROW(plan_in_image(plan, oblique_image(), {.slice_mm = -1.0}), InvalidInput);
  EXPECT_THROW(plan_in_image(plan, oblique_image(), {.tolerance_mm = std::nan("")}), InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
