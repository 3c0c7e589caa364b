// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <random>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/pivot_calibration.h>

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

const Vector3 tip{109.6, 6.7, 2.8};

/// Poses of a stylus turned in a cone about a point.
std::vector<RigidTransform> turned_about(const Point3& pivot, int count, double cone_deg, double noise_mm,
                                         unsigned seed, bool one_axis = false) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.0, noise_mm);
  std::vector<RigidTransform> poses;
  for (int n = 0; n < count; ++n) {
    const double phase = 0.2 * n;
    const Vector3 axis = one_axis ? Vector3{0, 1, 0} : Vector3{0, std::cos(phase), std::sin(phase)};
    const double angle = one_axis ? cone_deg * std::sin(phase) : cone_deg;
    const RigidTransform turn = RigidTransform::rotation_about({}, axis, angle) *
                                RigidTransform::rotation_about({}, {0.2, 0.5, -0.4}, 40.0);
    const Vector3 noise{normal(random), normal(random), normal(random)};
    poses.emplace_back(turn.rotation(), pivot - turn(Point3{} + tip) + noise);
  }
  return poses;
}

std::string refusal(const std::vector<RigidTransform>& poses) {
  try {
    calibrate_pivot(poses);
  } catch (const InvalidInput& e) {
    return e.what();
  }
  return "not refused";
}

TEST(PivotCalibration, RecoversTheTipExactly) {
  const PivotCalibration c = calibrate_pivot(turned_about({42, -13, 295}, 120, 25.0, 0.0, 1));
  EXPECT_LT(length(c.tip_in_stylus - tip), 1e-8);
  ASSERT_EQ(c.pivots.size(), 1U);
  EXPECT_LT(distance(c.pivots[0], Point3{42, -13, 295}), 1e-8);
  EXPECT_LT(c.left_out.max_mm, 1e-8);
  EXPECT_EQ(c.poses, 120U);
}

TEST(PivotCalibration, ItsErrorIsThatOfItsTip) {
  double squares = 0.0, said = 0.0;
  constexpr int runs = 40;
  for (unsigned seed = 0; seed < runs; ++seed) {
    const PivotCalibration c = calibrate_pivot(turned_about({0, 5, 9}, 100, 20.0, 0.3, seed));
    squares += squared_length(c.tip_in_stylus - tip);
    said += c.tip_sd_mm * c.tip_sd_mm;
  }
  EXPECT_NEAR(std::sqrt(said / squares), 1.0, 0.25);
}

TEST(PivotCalibration, TakesSeveralPointsOneAfterTheOther) {
  std::vector<RigidTransform> poses;
  const std::vector<Point3> pivots{{0, 0, 130}, {1, 40, 129}, {21, -45, 128}};
  for (std::size_t p = 0; p < pivots.size(); ++p) {
    const auto here = turned_about(pivots[p], 50, 22.0, 0.2, static_cast<unsigned>(p));
    poses.insert(poses.end(), here.begin(), here.end());
    // On the way, the tip is nowhere.
    for (int n = 1; n < 9; ++n)
      poses.push_back(RigidTransform::translation_by({12.0 * n, 5.0 * n, -9.0 * n}) * here.back());
  }
  const PivotCalibration c = calibrate_pivot(poses);
  EXPECT_LT(length(c.tip_in_stylus - tip), 0.2);
  ASSERT_EQ(c.pivots.size(), 3U);
  for (std::size_t p = 0; p < pivots.size(); ++p) EXPECT_LT(distance(c.pivots[p], pivots[p]), 0.3) << p;
  EXPECT_EQ(c.others, 24U);
  EXPECT_EQ(c.left_out.count, 150U) << "nobody knows where the tip was on the way";
  EXPECT_LT(c.left_out.max_mm, 1.5);
}

TEST(PivotCalibration, OfWhatIsLeftOutAllCount) {
  auto poses = turned_about({42, -13, 295}, 120, 25.0, 0.1, 1);
  for (const std::size_t off : {25U, 50U, 75U, 100U})
    poses[off] = RigidTransform::translation_by({3, 0, 4}) * poses[off];
  const PivotCalibration c = calibrate_pivot(poses);
  EXPECT_LT(length(c.tip_in_stylus - tip), 0.1);
  EXPECT_EQ(c.others, 4U);
  EXPECT_LT(c.fitted.max_mm, 2.0) << "none of them is fitted";
  EXPECT_EQ(c.left_out.count, 120U);
  EXPECT_NEAR(c.left_out.max_mm, 5.0, 0.5);
  EXPECT_NEAR(c.left_out.mean_mm, c.fitted.mean_mm + 4 * 5.0 / 120, 0.05);
}

TEST(PivotCalibration, TheShortestRecordingHasALeftOutErrorToo) {
  EXPECT_EQ(calibrate_pivot(turned_about({42, -13, 295}, 20, 25.0, 0.1, 1)).left_out.count, 20U);
}

/// A stylus that lies still.
std::vector<RigidTransform> at_rest(const RigidTransform& pose, int count) {
  std::mt19937 random(9);
  std::normal_distribution<double> normal(0.0, 0.02);
  std::vector<RigidTransform> poses;
  for (int n = 0; n < count; ++n)
    poses.push_back(RigidTransform::translation_by({normal(random), normal(random), normal(random)}) * pose);
  return poses;
}

RigidTransform laid_down() {
  return RigidTransform::translation_by({-90, 200, 40}) *
         RigidTransform::rotation_about({}, {0.3, 1, 0.1}, 100.0);
}

TEST(PivotCalibration, CountsNoRests) {
  const auto turned = turned_about({42, -13, 295}, 60, 25.0, 0.4, 1);
  auto poses = turned;
  const auto rest = at_rest(laid_down(), 200);
  poses.insert(poses.end(), rest.begin(), rest.end());
  const PivotCalibration alone = calibrate_pivot(turned), c = calibrate_pivot(poses);
  // Poses at rest fit any tip: they would shrink the residual and be told as a pivot.
  EXPECT_EQ(c.pivots.size(), 1U);
  EXPECT_EQ(c.poses, 60U);
  EXPECT_EQ(c.others, 200U);
  EXPECT_DOUBLE_EQ(c.left_out.mean_mm, alone.left_out.mean_mm);
  EXPECT_DOUBLE_EQ(c.rotation_deg, alone.rotation_deg);
}

TEST(PivotCalibration, LayingTheStylusDownIsNoTurnOnAPivot) {
  auto poses = turned_about({42, -13, 295}, 100, 8.0, 0.05, 1);
  EXPECT_THAT(refusal(poses), HasSubstr("degrees; it takes 20"));
  const auto rest = at_rest(laid_down(), 30);
  poses.insert(poses.end(), rest.begin(), rest.end());
  EXPECT_THAT(refusal(poses), HasSubstr("degrees on one pivot; it takes 20"));
}

TEST(PivotCalibration, RefusesWhatLeavesTheTipOpen) {
  EXPECT_THAT(refusal({}), HasSubstr("0 sound poses"));
  EXPECT_THAT(refusal(turned_about({}, 12, 25.0, 0.0, 1)), HasSubstr("12 sound poses"));
  // The identity again and again fits any tip with no error.
  EXPECT_THAT(refusal(std::vector<RigidTransform>(200)), HasSubstr("turned by 0.0 degrees"));
  EXPECT_THAT(refusal(turned_about({}, 100, 4.0, 0.1, 1)), HasSubstr("degrees; it takes 20"));
  EXPECT_THAT(refusal(turned_about({}, 100, 25.0, 0.0, 1, true)), HasSubstr("about one axis"));
  EXPECT_THAT(refusal(turned_about({}, 100, 25.0, 8.0, 1)), HasSubstr("stayed in place"));
}

TEST(PivotCalibration, TakesSoundAndRigidPosesAlone) {
  TrackedSequence recording;
  recording.frames.resize(4);
  for (auto& frame : recording.frames) frame.poses[{"Stylus", "Reference"}].rows[3] = 7.0;
  recording.frames[1].poses.begin()->second.status = "OUT_OF_VIEW";
  recording.frames[2].poses.begin()->second.rows[0] = 1.3;
  recording.frames[3].poses.clear();
  const auto poses = rigid_poses(recording, "Stylus", "Reference");
  ASSERT_EQ(poses.size(), 1U);
  EXPECT_EQ(poses[0].translation(), (Vector3{7, 0, 0}));
}

}  // namespace
}  // namespace genu::ultrasound
