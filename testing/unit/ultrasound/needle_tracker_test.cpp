// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/ultrasound/needle_tracker.h>

#include "needle_scenes.h"

namespace genu::ultrasound {
namespace {

using namespace scenes;

/// A needle that goes in by 0.3 mm a frame.
Scene frame_number(int number, bool needle = true) {
  return needle_scene({.angle_deg = 30.0,
                       .tip_depth_mm = 10.0 + 0.15 * number,
                       .needle = needle,
                       .seed = 500U + static_cast<unsigned>(number)});
}

TEST(NeedleTrack, FollowsANeedleThatGoesIn) {
  NeedleTrack track;
  for (int n = 0; n < 12; ++n) {
    const Scene scene = frame_number(n);
    track = follow(std::move(track), scene.frame);
    ASSERT_EQ(track.state, NeedleState::seen) << n;
    EXPECT_LT(distance_px(track.needle.tip, scene.needle.tip), 14.0) << n;
  }
  EXPECT_EQ(track.frames, 12);
  EXPECT_LT(track.tip_sd_px, 3.0);
  // 0.15 mm deeper a frame, at 30 degrees: 1.5 pixels down, and to the right if the tip moves so.
  EXPECT_NEAR(track.tip_speed_px[1], 1.5, 0.8);
}

TEST(NeedleTrack, SaysThatItOnlyPredictsAndLosesInTheEnd) {
  NeedleTrack track;
  for (int n = 0; n < 6; ++n) track = follow(std::move(track), frame_number(n).frame);
  ASSERT_EQ(track.state, NeedleState::seen);
  const double sd = track.tip_sd_px, confidence = track.needle.confidence;
  for (int n = 6; n < 13; ++n) {
    track = follow(std::move(track), frame_number(n, false).frame);
    ASSERT_EQ(track.state, NeedleState::predicted) << n;
    EXPECT_FALSE(track.found);
    EXPECT_EQ(track.unseen, n - 5);
  }
  EXPECT_GT(track.tip_sd_px, sd);
  EXPECT_LT(track.needle.confidence, confidence);
  track = follow(std::move(track), frame_number(13, false).frame);
  EXPECT_EQ(track.state, NeedleState::none);
  track = follow(std::move(track), frame_number(14).frame);
  EXPECT_EQ(track.state, NeedleState::seen);
  EXPECT_EQ(track.frames, 1);
}

TEST(NeedleTrack, ComesBackAfterAGapWithoutStartingAnew) {
  NeedleTrack track;
  for (int n = 0; n < 10; ++n) track = follow(std::move(track), frame_number(n, n < 5 || n > 7).frame);
  EXPECT_EQ(track.state, NeedleState::seen);
  EXPECT_EQ(track.frames, 10);
  EXPECT_EQ(track.unseen, 0);
}

TEST(NeedleTrack, StaysWhereItIsBesideALineThatIsHardlySurer) {
  NeedleTrack track;
  for (int n = 0; n < 12; ++n) {
    Frame frame =
        needle_scene({.needle = false, .seed = 800U + static_cast<unsigned>(n), .texture = 0.2}).frame;
    // The same on both sides: speckle decides from picture to picture which is the surer one.
    draw_soft(frame, 170.0, [](double t) { return PixelPoint{t * 0.866, 40.0 + t * 0.5}; });
    if (n > 1)
      draw_soft(frame, 175.0, [](double t) { return PixelPoint{419.0 - t * 0.866, 40.0 + t * 0.5}; });
    track = follow(std::move(track), frame);
    ASSERT_EQ(track.state, NeedleState::seen) << n;
    EXPECT_LT(track.needle.tip.x, 200.0) << n;
  }
  EXPECT_EQ(track.frames, 12);
}

/// A short line, and from the fourth picture on a long one that is surer.
Frame two_lines(int number) {
  Frame frame =
      needle_scene({.needle = false, .seed = 700U + static_cast<unsigned>(number), .texture = 0.2}).frame;
  draw_soft(
      frame, 75.0,
      [](double t) {
        return PixelPoint{419.0 - t * 0.8, 120.0 + t * 0.6};
      },
      160.0);
  if (number > 3) draw_soft(frame, 200.0, [](double t) { return PixelPoint{t * 0.866, 40.0 + t * 0.5}; });
  return frame;
}

TEST(NeedleTrack, LeavesALineForASurerOneThoughItWasThereFirst) {
  NeedleTrack track;
  for (int n = 0; n < 4; ++n) track = follow(std::move(track), two_lines(n));
  ASSERT_EQ(track.state, NeedleState::seen);
  EXPECT_GT(track.needle.tip.x, 300.0);
  const auto lines = needle_candidates(two_lines(4));
  ASSERT_GT(track.needle.confidence, lines.front().confidence) << "what follows a line makes it surer";
  for (int n = 4; n < 9; ++n) track = follow(std::move(track), two_lines(n));
  ASSERT_EQ(track.state, NeedleState::seen);
  EXPECT_LT(track.needle.tip.x, 220.0);
}

/// Draws a line of a drawn mark over a picture.
void draw_mark(Frame& frame) {
  for (int n = 0; n < 200; ++n)
    for (int wide = 0; wide < 3; ++wide)
      frame.pixels[static_cast<std::size_t>(30 + n / 2 + wide) * static_cast<std::size_t>(frame.width) +
                   static_cast<std::size_t>(20 + n)] = 250;
}

TEST(NeedleTrack, AMarkThatNeverChangesStopsBeingANeedle) {
  NeedleTrack track;
  bool taken_at_first = false;
  for (int n = 0; n < 34; ++n) {
    Frame frame = frame_number(n % 26, false).frame;
    draw_mark(frame);
    track = follow(std::move(track), frame);
    taken_at_first |= track.state == NeedleState::seen;
  }
  EXPECT_TRUE(taken_at_first);
  EXPECT_EQ(track.state, NeedleState::none);
}

TEST(NeedleTrack, AClipThatStandsStillKeepsItsNeedle) {
  const Frame frame = frame_number(20).frame;
  NeedleTrack track;
  for (int n = 0; n < 20; ++n) track = follow(std::move(track), frame);
  EXPECT_EQ(track.state, NeedleState::seen);
}

TEST(NeedleTrack, IsAValue) {
  NeedleTrack before;
  for (int n = 0; n < 3; ++n) before = follow(std::move(before), frame_number(n).frame);
  const Frame next = frame_number(3).frame;
  const NeedleTrack one = follow(before, next), two = follow(before, next);
  EXPECT_EQ(one.needle.tip, two.needle.tip);
  EXPECT_EQ(before.frames, 3);
}

TEST(NeedleTrack, RefusesAnEmptyPicture) {
  EXPECT_THROW(follow({}, Frame{}), InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
