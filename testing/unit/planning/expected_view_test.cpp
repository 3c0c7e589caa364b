// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/planning/expected_view.h>
#include <genu/testing/bodies.h>

namespace genu::planning {
namespace {

/// A needle that comes from the left of a probe in front of a sphere of bone.
class ExpectedViewOfASphere : public ::testing::Test {
 protected:
  const Point3 centre_{11.0, -7.0, 5.0};
  const LabelMap labels_ =
      testing::concentric_spheres(testing::oblique_grid({.centre = centre_}), centre_, 8.0, 10.0);
  const ultrasound::EchoBody body_{labels_};
  RankedTrajectory trajectory() const {
    RankedTrajectory t;
    t.path = {centre_ + Vector3{-14, -22, 0}, centre_ + Vector3{2, -13, 0}};
    Needle needle;
    needle.diameter_mm = 0.9;
    t.card.needle = needle;
    t.card.view =
        ProbeView{.pose = {.face = centre_ + Vector3{0, -22, 0}, .axis = {1, 0, 0}, .beam = {0, 1, 0}},
                  .length_mm = 25.0,
                  .width_mm = 9.0,
                  .image_depth_mm = 30.0};
    return t;
  }
};

TEST_F(ExpectedViewOfASphere, ShowsBoneAndNeedleWhereThePlanHasThem) {
  const auto view = expected_view(body_, trajectory(), {.pixel_mm = 0.2});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->frame.image.width, 125);
  EXPECT_EQ(view->frame.image.height, 150);
  ASSERT_EQ(view->frame.truth.needles.size(), 1u);
  const ultrasound::SimulatedNeedle& needle = view->frame.truth.needles[0];
  EXPECT_LT(needle.entry.x, needle.tip.x);
  EXPECT_NEAR(needle.tip.x, 62.0 + 10.0, 1e-6);
  EXPECT_NEAR(needle.tip.y, 45.0, 1e-6);
  EXPECT_EQ(needle.diameter_mm, 0.9);
  EXPECT_NEAR(view->frame.truth.bone_px[62] * 0.2, 14.0, 0.25);
  EXPECT_LT(distance(view->patient_from_image(Point3{62.0, 0.0, 0.0}), trajectory().card.view->pose.face),
            1e-9);
}

TEST_F(ExpectedViewOfASphere, ShowsTheTargetWithItsTolerance) {
  const auto view = expected_view(body_, trajectory(), {.pixel_mm = 0.2, .tolerance_mm = 3.0});
  ASSERT_TRUE(view);
  EXPECT_NEAR(view->path.target.x, 72.0, 1e-6);
  EXPECT_NEAR(view->path.target.y, 45.0, 1e-6);
  EXPECT_LT(view->path.entry.x, 0.0);  // Beside the probe.
  EXPECT_NEAR(view->path.tolerance_radius_mm, 3.0, 1e-6);
}

TEST_F(ExpectedViewOfASphere, PartsTheBonesLineWhereItJumps) {
  ExpectedView view;
  view.frame.truth.pixel = {0.1, 0.1};
  view.frame.truth.bone_px = {50.0, 52.0, 120.0, 119.0};
  const std::vector<PixelPoint> line = bone_in_view(view);
  ASSERT_EQ(line.size(), 5u);
  EXPECT_EQ(line[1].y, 52.0);
  EXPECT_TRUE(std::isnan(line[2].y));
  EXPECT_EQ(line[3], (PixelPoint{2.0, 120.0}));
}

TEST_F(ExpectedViewOfASphere, NamesWhatCanBeSeen) {
  const auto view = expected_view(body_, trajectory(), {.pixel_mm = 0.2});
  ASSERT_TRUE(view);
  const std::vector<TissueInView> seen = tissues_in_view(*view, labels_);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].tissue, Tissue::femur);
  // On top of the ball of bone, and in the shell of cartilage that lies on it: not below the bone.
  EXPECT_NEAR(seen[0].at.x, 62.0, 4.0);
  EXPECT_NEAR(seen[0].at.y * 0.2, 14.0, 0.5);
  EXPECT_EQ(seen[1].tissue, Tissue::femoral_cartilage);
  EXPECT_LT(seen[1].at.y * 0.2, 22.0);
  const Point3 there = view->patient_from_image(Point3{seen[1].at.x, seen[1].at.y, 0.0});
  EXPECT_NEAR(distance(there, centre_), 9.0, 1.6);
}

TEST_F(ExpectedViewOfASphere, IsNamedByTheBoneAMarrowLesionIsIn) {
  LabelMap ill = labels_;
  for (Tissue& tissue : ill.voxels())
    if (tissue == Tissue::femur) tissue = Tissue::femoral_bone_lesion;
  const auto view = expected_view(ultrasound::EchoBody(ill), trajectory(), {.pixel_mm = 0.2});
  ASSERT_TRUE(view);
  EXPECT_EQ(tissues_in_view(*view, ill).at(0).tissue, Tissue::femur);
}

TEST_F(ExpectedViewOfASphere, NamesStandInTheirTissueAndBelowTheSurfaceOfBone) {
  const auto view = expected_view(body_, trajectory(), {.pixel_mm = 0.2});
  ASSERT_TRUE(view);
  const std::vector<TissueInView> seen = tissues_in_view(*view, labels_);
  const std::vector<NameInView> names = names_in_view(*view, labels_);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0].tissue, Tissue::femur);
  EXPECT_TRUE(names[0].below);
  EXPECT_EQ(names[0].at.x, seen[0].at.x);
  EXPECT_NEAR((names[0].at.y - seen[0].at.y) * 0.2, 1.2, 1e-9);
  EXPECT_EQ(names[1].tissue, Tissue::femoral_cartilage);
  EXPECT_FALSE(names[1].below);
  EXPECT_EQ(names[1].at, seen[1].at);
}

TEST_F(ExpectedViewOfASphere, EveryBoneIsNamedBelowItsSurfaceAndWhatIsEverywhereNotAtAll) {
  for (const Tissue bone : {Tissue::femur, Tissue::tibia, Tissue::patella, Tissue::fibula})
    for (const Tissue around : {Tissue::skin, Tissue::fat, Tissue::muscle, Tissue::joint_fluid}) {
      LabelMap limb = labels_;
      for (Tissue& tissue : limb.voxels()) tissue = tissue == Tissue::femur ? bone : around;
      const auto view = expected_view(ultrasound::EchoBody(limb), trajectory(), {.pixel_mm = 0.2});
      ASSERT_TRUE(view);
      ASSERT_EQ(tissues_in_view(*view, limb).size(), 2u) << bone << " in " << around;
      const std::vector<NameInView> names = names_in_view(*view, limb);
      ASSERT_EQ(names.size(), around == Tissue::joint_fluid ? 2u : 1u) << bone << " in " << around;
      EXPECT_EQ(names[0].tissue, bone);
      EXPECT_TRUE(names[0].below) << bone;
    }
}

TEST_F(ExpectedViewOfASphere, SaysWhyThereIsNone) {
  EXPECT_EQ(no_expected_view(&labels_, trajectory()), "");
  EXPECT_THAT(no_expected_view(nullptr, trajectory()), ::testing::HasSubstr("no labels"));
  LabelMap blank = labels_;
  std::fill(blank.voxels().begin(), blank.voxels().end(), Tissue::background);
  EXPECT_THAT(no_expected_view(&blank, trajectory()), ::testing::HasSubstr("nothing is labelled"));
  RankedTrajectory unseen = trajectory();
  unseen.card.view.reset();
  EXPECT_THAT(no_expected_view(&labels_, unseen), ::testing::HasSubstr("no place for the probe"));
}

TEST_F(ExpectedViewOfASphere, IsNothingWhereNoPlaceForTheProbeServes) {
  RankedTrajectory unseen = trajectory();
  unseen.card.view.reset();
  EXPECT_FALSE(expected_view(body_, unseen));
}

}  // namespace
}  // namespace genu::planning
