// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {
namespace {

using ::testing::ElementsAre;

TEST(FramePair, IsReadFromItsName) {
  EXPECT_EQ(frames_named("ProbeToTracker"), (FramePair{"Probe", "Tracker"}));
  EXPECT_EQ(frames_named("StylusTipToStylus"), (FramePair{"StylusTip", "Stylus"}));
  EXPECT_EQ(name_of({"Image", "Probe"}), "ImageToProbe");
  for (const char* name : {"", "Probe", "ToTracker", "ProbeTo", "ProbeTotal", "AToBToC", "probeToTracker"})
    EXPECT_EQ(frames_named(name), std::nullopt) << name;
}

TEST(TrackedPose, IsATransformOnlyIfItIsSound) {
  TrackedPose pose;
  pose.rows[3] = 7.0;
  ASSERT_TRUE(pose.transform());
  EXPECT_EQ((*pose.transform())(Point3{1, 2, 3}), (Point3{8, 2, 3}));
  TrackedPose lost = pose;
  lost.status = "MISSING";
  EXPECT_FALSE(lost.transform());
  for (const auto& [place, value] : {std::pair<std::size_t, double>{0, 0.0},
                                     {5, std::numeric_limits<double>::quiet_NaN()},
                                     {15, 0.0},
                                     {12, 0.5},
                                     {11, std::numeric_limits<double>::infinity()}}) {
    TrackedPose bad = pose;
    bad.rows[place] = value;
    EXPECT_FALSE(bad.transform()) << place;
  }
}

AffineTransform shifted(double x) {
  return RigidTransform::translation_by({x, 0.0, 0.0});
}

TEST(CoordinateFrames, FindTheirWayAlongChainsInBothDirections) {
  CoordinateFrames frames;
  frames.set({"Image", "Probe"}, shifted(1.0));
  frames.set({"Probe", "Tracker"}, shifted(10.0));
  frames.set({"Reference", "Tracker"}, shifted(100.0));
  EXPECT_EQ((*frames.find("Image", "Reference"))(Point3{}), (Point3{-89.0, 0.0, 0.0}));
  EXPECT_EQ((*frames.find("Reference", "Image"))(Point3{}), (Point3{89.0, 0.0, 0.0}));
  EXPECT_EQ((*frames.find("Probe", "Probe"))(Point3{5, 6, 7}), (Point3{5, 6, 7}));
  EXPECT_FALSE(frames.find("Image", "Stylus"));
  EXPECT_THAT(frames.names(), ElementsAre("Image", "Probe", "Reference", "Tracker"));
}

TEST(CoordinateFrames, ANewTransformTakesThePlaceOfTheOldInEitherDirection) {
  CoordinateFrames frames;
  frames.set({"A", "B"}, shifted(1.0));
  frames.set({"B", "A"}, shifted(5.0));
  EXPECT_EQ((*frames.find("A", "B"))(Point3{}), (Point3{-5.0, 0.0, 0.0}));
  EXPECT_THROW(frames.set({"A", "A"}, shifted(1.0)), InvalidInput);
}

TEST(CoordinateFrames, AChainBeyondWhatADoubleHoldsLeadsNowhere) {
  CoordinateFrames frames;
  frames.set({"Probe", "Tracker"}, shifted(1.5e308));
  frames.set({"Reference", "Tracker"}, shifted(-1.5e308));
  EXPECT_TRUE(frames.find("Probe", "Tracker"));
  EXPECT_EQ(frames.find("Probe", "Reference").has_value(), false);
}

TEST(AtMoment, APoseThatIsNotSoundIsNeverBridged) {
  CoordinateFrames always;
  always.set({"Image", "Probe"}, shifted(1.0));
  always.set({"Probe", "Tracker"}, shifted(99.0));  // An old pose must not stand in for a lost one.
  TrackedFrame frame;
  frame.poses[{"Probe", "Tracker"}] = {.status = "OUT_OF_VIEW"};
  frame.poses[{"Reference", "Tracker"}] = {};
  EXPECT_FALSE(at_moment(frame, always).find("Image", "Reference"));
  frame.poses[{"Probe", "Tracker"}].status = "OK";
  ASSERT_TRUE(at_moment(frame, always).find("Image", "Reference"));
  EXPECT_EQ((*at_moment(frame, always).find("Image", "Reference"))(Point3{}), (Point3{1.0, 0.0, 0.0}));
}

TEST(AtMoment, APoseFromAFrameToItselfSaysNothing) {
  TrackedFrame frame;
  frame.poses[{"Probe", "Tracker"}] = {};
  frame.poses[{"Tracker", "Tracker"}] = {};
  const CoordinateFrames all = at_moment(frame, {});
  EXPECT_TRUE(all.find("Probe", "Tracker"));
  EXPECT_THAT(all.names(), ElementsAre("Probe", "Tracker"));
}

}  // namespace
}  // namespace genu::ultrasound
