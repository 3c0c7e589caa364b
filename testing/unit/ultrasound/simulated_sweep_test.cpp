// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/testing/bodies.h>
#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/simulated_sweep.h>

namespace genu::ultrasound {
namespace {

using namespace genu::testing;
const PixelSize pixel{0.2, 0.1};

TEST(ImagePose, PutsTheMiddleOfTheFaceOnTheContactAndTheBeamsIntoTheBody) {
  const Point3 contact{3, -40, 12};
  const AffineTransform pose = image_pose(contact, {0, 2, 0}, {5, 1, 0}, pixel, 101);
  EXPECT_NEAR(distance(pose(Point3{50, 0, 0}), contact), 0.0, 1e-12);
  EXPECT_NEAR(distance(pose(Point3{50, 100, 0}), contact + Vector3{0, 10, 0}), 0.0, 1e-12);
  EXPECT_NEAR(distance(pose(Point3{60, 0, 0}), contact + Vector3{2, 0, 0}), 0.0, 1e-12);
  EXPECT_GT(pose.linear().determinant(), 0.0);
}

TEST(ImagePose, RefusesDirectionsThatAreNone) {
  EXPECT_THROW(image_pose({}, {0, 1, 0}, {0, -3, 0}, pixel, 10), InvalidInput);
  EXPECT_THROW(image_pose({}, {0, 0, 0}, {0, 1, 0}, pixel, 10), InvalidInput);
  EXPECT_THROW(image_pose({}, {0, 1, std::nan("")}, {1, 0, 0}, pixel, 10), InvalidInput);
  EXPECT_THROW(linear_probe_from_image({0.0, 0.1}, 10), InvalidInput);
  EXPECT_THROW(linear_probe_from_image({0.1, 0.1}, 0), InvalidInput);
}

TEST(PosesBetween, GoEvenlyFromTheFirstToTheLast) {
  const RigidTransform first = random_pose(1);
  for (const double turn_deg : {0.0, 35.0, 180.0}) {
    const RigidTransform last = RigidTransform::translation_by({10, 0, 5}) * first *
                                RigidTransform::rotation_about({}, {1, 2, 3}, turn_deg);
    const auto poses = poses_between(first, last, 5);
    ASSERT_EQ(poses.size(), 5u);
    for (const Point3& p : {Point3{}, Point3{10, 0, 0}, Point3{0, 10, 0}}) {
      EXPECT_NEAR(distance(poses.front()(p), first(p)), 0.0, 1e-6) << turn_deg;
      EXPECT_NEAR(distance(poses.back()(p), last(p)), 0.0, 1e-6) << turn_deg;
    }
    for (std::size_t n = 1; n < 5; ++n) {
      const RigidTransform step = poses[n - 1].inverse() * poses[n];
      EXPECT_NEAR(angle_deg(Vector3{3, -1.5, 0}, step(Vector3{3, -1.5, 0})), turn_deg / 4.0, 1e-5);
    }
  }
  EXPECT_THROW(poses_between(first, first, 1), InvalidInput);
}

class Sweep : public ::testing::Test {
 protected:
  const Point3 centre_{11.0, -7.0, 5.0};
  const LabelMap labels_ =
      concentric_spheres(oblique_grid({.centre = centre_, .extent_mm = {36, 36, 36}}), centre_, 12.0, 14.0);
  const EchoBody body_{labels_};
  const RigidTransform patient_from_tracker_ = random_pose(3);
  const AffineTransform probe_from_image_ =
      AffineTransform(random_pose(4)) * linear_probe_from_image(pixel, 60);

  std::vector<RigidTransform> poses() const {
    std::vector<RigidTransform> tracker_from_probe;
    for (const double z : {-4.0, -2.0, 0.0, 2.0, 4.0}) {
      const RigidTransform patient_from_face = probe_pose(centre_ + Vector3{0, -20, z}, {0, 1, 0}, {1, 0, 0});
      tracker_from_probe.push_back(patient_from_tracker_.inverse() * patient_from_face *
                                   random_pose(4).inverse());
    }
    return tracker_from_probe;
  }
  SimulatedSweep sweep(const SweepOptions& options) const {
    return simulate_sweep(body_, patient_from_tracker_, probe_from_image_, poses(), 60, 150, {}, options);
  }
};

TEST_F(Sweep, WithoutErrorsCarriesEveryBonePixelOntoTheBone) {
  const SimulatedSweep s = sweep({});
  CoordinateFrames always;
  always.set({"Image", "Probe"}, s.probe_from_image);
  ASSERT_EQ(s.recording.frames.size(), 5u);
  for (std::size_t n = 0; n < 5; ++n) {
    const auto tracker_from_image = at_moment(s.recording.frames[n], always).find("Image", "Tracker");
    ASSERT_TRUE(tracker_from_image);
    const double row = s.truth.frames[n].bone_px[30];
    const Point3 on_bone = patient_from_tracker_((*tracker_from_image)(Point3{30.0, row, 0.0}));
    EXPECT_NEAR(distance(on_bone, centre_), 12.0, 0.15) << n;
  }
  EXPECT_EQ(s.recording.frames[2].time_s, 0.1);
  ASSERT_TRUE(image_setup_of(s.recording).depth_mm);
  EXPECT_NEAR(*image_setup_of(s.recording).depth_mm, 150 * pixel.y_mm, 0.051);
}

TEST_F(Sweep, ErrorsAreAsLargeAsAskedForAndTheImagesDoNotKnowThem) {
  const SimulatedSweep good = sweep({}),
                       bad = sweep({.tracker_position_sd_mm = 0.5, .calibration_position_sd_mm = 1.0});
  double squares = 0.0;
  for (std::size_t n = 0; n < 5; ++n) {
    EXPECT_EQ(good.recording.frames[n].image, bad.recording.frames[n].image);
    const auto told = bad.recording.frames[n].poses.at({"Probe", "Tracker"}).transform();
    ASSERT_TRUE(told);
    squares += squared_length(told->translation() - bad.truth.tracker_from_probe[n].translation());
  }
  EXPECT_NEAR(std::sqrt(squares / 15.0), 0.5, 0.25);
  const double calibration_off = distance(bad.probe_from_image(Point3{}), probe_from_image_(Point3{}));
  EXPECT_GT(calibration_off, 0.2);
  EXPECT_LT(calibration_off, 4.0);
  EXPECT_EQ(sweep({.tracker_position_sd_mm = 0.5, .seed = 9}).recording.frames[1].image,
            good.recording.frames[1].image);
}

TEST_F(Sweep, LostPosesAreMissing) {
  const SimulatedSweep s = sweep({.lost_fraction = 1.0});
  for (const TrackedFrame& frame : s.recording.frames) {
    EXPECT_FALSE(frame.poses.at({"Probe", "Tracker"}).transform());
    EXPECT_TRUE(frame.shows_image());
  }
}

TEST_F(Sweep, RefusesWhatMakesNoSense) {
  EXPECT_THROW(sweep({.frames_per_second = 0.0}), InvalidInput);
  EXPECT_THROW(sweep({.tracker_position_sd_mm = -1.0}), InvalidInput);
  EXPECT_THROW(sweep({.calibration_scale_sd = std::nan("")}), InvalidInput);
  EXPECT_THROW(simulate_sweep(body_, {}, probe_from_image_, {}, 60, 150), InvalidInput);
}

TEST_F(Sweep, ANeedleGoesInFromFrameToFrame) {
  const PlacedNeedle needle{
      .entry = centre_ + Vector3{0, -30, 0}, .tip = centre_, .first_tip = centre_ + Vector3{0, -20, 0}};
  const SimulatedSweep s = simulate_sweep(body_, patient_from_tracker_, probe_from_image_, poses(), 60, 150,
                                          {}, {}, std::array{needle});
  for (std::size_t n = 0; n < 5; ++n) {
    const AffineTransform patient_from_image =
        AffineTransform(patient_from_tracker_ * s.truth.tracker_from_probe[n]) * probe_from_image_;
    const PixelPoint& tip = s.truth.frames[n].needles.at(0).tip;
    const Point3 at = patient_from_image(Point3{tip.x, tip.y, 0});
    EXPECT_NEAR(at.y, centre_.y - 20.0 + 5.0 * static_cast<double>(n), 1e-6) << n;
  }
}

}  // namespace
}  // namespace genu::ultrasound
