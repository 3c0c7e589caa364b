// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>

#include <genu/io/tracked_files.h>
#include <genu/network/frame_assembly.h>
#include <genu/network/stream_health.h>
#include <genu/testing/data.h>

#include "live_samples.h"

namespace genu::network {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

LiveMessage image_at(double time_s, int seed = 0, const std::string& device = "Image_Image") {
  return {.device = device, .time_s = time_s, .content = LiveImage{.image = picture(4, 3, 1, seed)}};
}

/// An assembler that is given messages at times of its own.
struct Assembly {
  FrameAssembler assembler;
  std::vector<AssembledFrame> frames;

  explicit Assembly(const AssemblyOptions& options = {}) : assembler(options) {}
  void add(LiveMessage message, double received_s = 0.0) {
    message.received_s = received_s;
    take(assembler.add(std::move(message)));
  }
  void take(std::vector<AssembledFrame> more) {
    for (AssembledFrame& frame : more) frames.push_back(std::move(frame));
  }
  void add_pose(double time_s, const std::string& name = "ProbeToTracker", double received_s = 0.0) {
    add(transform_at(name, time_s, pose_at(time_s, 1, 2, 3)), received_s);
  }
};

/// Returns how old a frame was when it came.
double frame_age_s(const AssembledFrame& frame, const StreamHealth& health) {
  return frame.begun_s - taken_s(frame, health.clock_offset_s());
}

AssembledFrame frame_of(double sent_s, double begun_s, double received_s) {
  AssembledFrame frame{.frame = {}, .begun_s = begun_s, .received_s = received_s};
  frame.frame.time_s = sent_s;
  return frame;
}

/// Returns when the moment of a message was that is the next one of a link.
double taken_after(StreamHealth& health, double sent_s, double received_s) {
  LiveMessage message = transform_at("ProbeToTracker", sent_s, pose_at(1, 2, 3, 4));
  message.received_s = received_s;
  health.note(message);
  return taken_s(frame_of(sent_s, received_s, received_s), health.clock_offset_s());
}

constexpr double clocks_apart_s = 1000.0, travel_s = 0.01;

// The clocks are compared by the message that came fastest.
TEST(TakenAt, APictureOfASteadyDelayIsAsOldAsItsSenderSays) {
  StreamHealth health;
  double sent_s = 5.0;
  const auto age_s = [&](double delay_s) {
    sent_s += 0.05;
    const double received_s = sent_s + clocks_apart_s + delay_s;
    return received_s - taken_after(health, sent_s, received_s);
  };
  for (int n = 0; n < 20; ++n) EXPECT_NEAR(age_s(travel_s), 0.0, 1e-9);
  for (int n = 0; n < 1800; ++n) EXPECT_NEAR(age_s(3.0 + travel_s), 3.0, 0.03) << n;
  EXPECT_NEAR(age_s(travel_s), 0.0, 1e-9);
}

TEST(TakenAt, WithoutASendersTimeItIsWhenItCame) {
  StreamHealth health;
  EXPECT_EQ(taken_after(health, nan, 1005.0), 1005.0);
  EXPECT_EQ(taken_after(health, 5.1, 1005.1), 1005.1);
  EXPECT_EQ(taken_after(health, nan, 1005.2), 1005.2) << "though the clocks have been compared";
  EXPECT_EQ(taken_s(frame_of(5.3, 1005.3, 1005.4), nan), 1005.3);
}

TEST(TakenAt, ASendersClockThatJumpsMakesNoPictureOldNorOneOfTheFuture) {
  StreamHealth health;
  double received_s = 1005.0;
  for (const double jump_s : {0.0, 3600.0, -7200.0})
    for (int n = 0; n < 20; ++n) {
      received_s += 0.05;
      const double taken = taken_after(health, received_s + 10000.0 + jump_s, received_s);
      EXPECT_NEAR(taken, received_s, 1e-6) << jump_s << ", " << n;
      EXPECT_LE(taken, received_s);
    }
}

TEST(TakenAt, NoPartOfAPictureCameBeforeItWasTaken) {
  const AssembledFrame frame = frame_of(5.0, 1005.0, 1005.2);
  EXPECT_EQ(taken_s(frame, 1000.1), 1005.0);
  EXPECT_EQ(taken_s(frame, 997.0), 1002.0);
}

TEST(FrameAssembler, PutsTogetherWhatHasOneTimeAndGivesItOutAtOnce) {
  Assembly assembly;
  for (int n = 1; n <= 5; ++n) {
    assembly.add(image_at(n, n));
    assembly.add_pose(n);
    assembly.add_pose(n, "ReferenceToTracker");
    // What belongs to a moment is learnt from the first one, which is over when the second begins.
    EXPECT_EQ(assembly.frames.size(), n == 1 ? 0U : static_cast<std::size_t>(n));
  }
  for (int n = 1; n <= 5; ++n) {
    const AssembledFrame& frame = assembly.frames[static_cast<std::size_t>(n - 1)];
    EXPECT_EQ(frame.frame.time_s, n);
    EXPECT_EQ(frame.frame.image, picture(4, 3, 1, n));
    EXPECT_EQ(frame.frame.image_status, "OK");
    EXPECT_EQ(frame.frame.poses.at({"Probe", "Tracker"}), pose_at(n, 1, 2, 3));
    EXPECT_EQ(frame.frame.poses.size(), 2U);
    EXPECT_THAT(frame.missing, IsEmpty());
    EXPECT_FALSE(frame.out_of_order);
  }
}

TEST(FrameAssembler, MarksWhatDidNotCome) {
  Assembly assembly;
  for (int n = 1; n <= 6; ++n) {
    if (n != 3) assembly.add(image_at(n));
    if (n != 4) assembly.add_pose(n);
  }
  assembly.take(assembly.assembler.finish());
  ASSERT_EQ(assembly.frames.size(), 6U);
  const auto at = [&](double time) {
    for (const AssembledFrame& frame : assembly.frames)
      if (frame.frame.time_s == time) return frame;
    return AssembledFrame{};
  };
  EXPECT_THAT(at(3).missing, ElementsAre("image"));
  EXPECT_TRUE(at(3).frame.image.empty());
  EXPECT_EQ(at(3).frame.image_status, "MISSING");
  EXPECT_THAT(at(4).missing, ElementsAre("ProbeToTracker"));
  EXPECT_EQ(at(4).frame.poses.at({"Probe", "Tracker"}).status, "MISSING");
  EXPECT_FALSE(at(4).frame.poses.at({"Probe", "Tracker"}).transform());
  EXPECT_THAT(at(5).missing, IsEmpty());
}

TEST(FrameAssembler, DoesNotWaitLongerThanItIsTold) {
  Assembly assembly({.hold_s = 0.2});
  for (int n = 1; n <= 2; ++n) {
    assembly.add(image_at(n), n);
    assembly.add_pose(n, "ProbeToTracker", n);
  }
  assembly.add(image_at(3), 3.0);
  assembly.take(assembly.assembler.look(3.15));
  EXPECT_EQ(assembly.frames.size(), 2U);
  assembly.take(assembly.assembler.look(3.25));
  ASSERT_EQ(assembly.frames.size(), 3U);
  EXPECT_THAT(assembly.frames[2].missing, ElementsAre("ProbeToTracker"));
}

// Otherwise each moment would be late for as long as a tool is out of sight.
TEST(FrameAssembler, AToolThatStaysAwayIsMarkedAndNotWaitedFor) {
  Assembly assembly({.patience = 3});
  for (int n = 1; n <= 2; ++n) {
    assembly.add(image_at(n));
    assembly.add_pose(n);
  }
  for (int n = 3; n <= 9; ++n) assembly.add(image_at(n));
  ASSERT_EQ(assembly.frames.size(), 9U) << "the last one is there at once";
  EXPECT_THAT(assembly.frames.back().missing, ElementsAre("ProbeToTracker"));
  EXPECT_EQ(assembly.frames.back().frame.poses.at({"Probe", "Tracker"}).status, "MISSING");
  assembly.add(image_at(10));
  assembly.add_pose(10);
  EXPECT_EQ(assembly.assembler.too_late(), 1U) << "it is back, after its moment was given out";
  assembly.add(image_at(11));
  EXPECT_EQ(assembly.frames.size(), 10U) << "and is waited for again";
  assembly.add_pose(11);
  EXPECT_EQ(assembly.frames.size(), 11U);
  EXPECT_THAT(assembly.frames.back().missing, IsEmpty());
}

TEST(FrameAssembler, TellsWhenMomentsComeInAnotherOrder) {
  Assembly assembly;
  for (const double n : {1.0, 2.0, 4.0, 3.0, 5.0}) {
    assembly.add(image_at(n));
    assembly.add_pose(n);
  }
  ASSERT_EQ(assembly.frames.size(), 5U);
  for (std::size_t f = 0; f < 5; ++f) {
    EXPECT_EQ(assembly.frames[f].out_of_order, f == 3) << f;
    EXPECT_THAT(assembly.frames[f].missing, IsEmpty()) << f;
  }
}

TEST(FrameAssembler, MomentsMayOverlap) {
  Assembly assembly;
  for (const double n : {1.0, 2.0}) {
    assembly.add(image_at(n));
    assembly.add_pose(n);
  }
  assembly.add_pose(3);
  assembly.add_pose(4);
  assembly.add(image_at(3));
  assembly.add(image_at(4));
  ASSERT_EQ(assembly.frames.size(), 4U);
  EXPECT_THAT(assembly.frames[2].missing, IsEmpty());
  EXPECT_THAT(assembly.frames[3].missing, IsEmpty());
}

TEST(FrameAssembler, WhatHasNoTimeBelongsToNothingElse) {
  Assembly assembly;
  assembly.add(image_at(nan));
  assembly.add_pose(nan);
  ASSERT_EQ(assembly.frames.size(), 2U);
  EXPECT_THAT(assembly.frames[1].missing, ElementsAre("image"));
  EXPECT_TRUE(std::isnan(assembly.frames[1].frame.time_s));
}

TEST(FrameAssembler, TakesPosesOfAllKindsAndTheImagesOfOneDevice) {
  Assembly assembly;
  LiveImage live{.image = picture(4, 3), .fields = {{"Depth", "45"}}};
  live.status = "INVALID";
  live.embedded = {"Image_Reference", ultrasound::FramePair{"Image", "Reference"}, pose_at(1, 2, 3, 4)};
  live.poses = {{"ProbeToTracker", ultrasound::FramePair{"Probe", "Tracker"}, pose_at(5, 6, 7, 8)}};
  assembly.add({.device = "Image_Reference", .time_s = 1.0, .content = live});
  assembly.add(image_at(1.0, 5, "Other_Reference"));
  LiveMessage nameless = transform_at("Gimbal", 1.0, pose_at(0, 0, 0, 1));
  assembly.add(nameless);
  assembly.take(assembly.assembler.finish());
  ASSERT_EQ(assembly.frames.size(), 1U);
  const auto& frame = assembly.frames[0].frame;
  EXPECT_EQ(frame.image, picture(4, 3));
  EXPECT_FALSE(frame.shows_image()) << "its status came with it";
  EXPECT_EQ(frame.fields, live.fields);
  EXPECT_EQ(frame.poses.size(), 2U);
  EXPECT_EQ(frame.poses.at({"Image", "Reference"}), pose_at(1, 2, 3, 4));
}

TEST(FrameAssembler, ALostLinkEndsWhatWasHeld) {
  Assembly assembly;
  for (const double n : {1.0, 2.0}) {
    assembly.add(image_at(n));
    assembly.add_pose(n);
  }
  assembly.add(image_at(3));
  assembly.add({.content = LiveLost{"gone", std::nullopt}});
  ASSERT_EQ(assembly.frames.size(), 3U);
  EXPECT_THAT(assembly.frames[2].missing, ElementsAre("ProbeToTracker"));
}

// A recording that is played again and again with the times that it was recorded at.
TEST(FrameAssembler, TimesThatGoBackByMoreThanASecondBeginAnew) {
  Assembly assembly;
  constexpr int rounds = 3, count = 50;
  for (int n = 0; n < rounds * count; ++n) {
    const double time_s = 100.0 + 0.05 * (n % count);
    assembly.add(image_at(time_s, n), 0.05 * n);
    assembly.add_pose(time_s, "ProbeToTracker", 0.05 * n);
  }
  ASSERT_EQ(assembly.frames.size(), static_cast<std::size_t>(rounds * count));
  for (int n = 0; n < rounds * count; ++n) {
    const AssembledFrame& frame = assembly.frames[static_cast<std::size_t>(n)];
    EXPECT_EQ(frame.frame.image, picture(4, 3, 1, n)) << n;
    EXPECT_THAT(frame.missing, IsEmpty()) << n;
    EXPECT_FALSE(frame.out_of_order) << n;
  }
  EXPECT_EQ(assembly.assembler.too_late(), 0U);
}

TEST(FrameAssembler, GivesOutWhatItHoldsBeforeItBeginsAnew) {
  Assembly assembly;
  for (const double n : {5.0, 6.0}) {
    assembly.add(image_at(n));
    assembly.add_pose(n);
  }
  assembly.add(image_at(7));
  assembly.add(image_at(5));
  ASSERT_EQ(assembly.frames.size(), 3U);
  EXPECT_EQ(assembly.frames[2].frame.time_s, 7.0);
  EXPECT_THAT(assembly.frames[2].missing, ElementsAre("ProbeToTracker"));
  assembly.add_pose(5);
  ASSERT_EQ(assembly.frames.size(), 4U);
  EXPECT_THAT(assembly.frames[3].missing, IsEmpty());
}

TEST(FrameAssembler, APartThatIsLateBesideOthersBeginsNothingAnew) {
  Assembly assembly({.patience = 2});
  constexpr int count = 60;
  for (int n = 0; n < count; ++n) {
    const double time_s = 100.0 + 0.05 * n;
    assembly.add(image_at(time_s, n), time_s);
    assembly.add_pose(time_s, "ProbeToTracker", time_s);
    if (n >= 40) assembly.add_pose(time_s - 1.5, "ReferenceToTracker", time_s);
    assembly.take(assembly.assembler.look(time_s + 0.5));
  }
  EXPECT_EQ(assembly.frames.size(), static_cast<std::size_t>(count)) << "no moment is given out twice";
  EXPECT_EQ(assembly.assembler.too_late(), 20U);
}

// Each is as old as its sender says: a picture that is sent again must not pass for a fresh one.
TEST(FrameAssembler, AnImageWhoseTimeStandsStillIsAMomentOfItsOwn) {
  Assembly assembly;
  StreamHealth health;
  constexpr int count = 200;
  for (int n = 0; n < count; ++n) {
    const double received_s = 1000.0 + 0.05 * n;
    LiveMessage message = image_at(5.0, n);
    std::get<LiveImage>(message.content).poses = {
        {"ProbeToTracker", ultrasound::FramePair{"Probe", "Tracker"}, pose_at(n, 1, 2, 3)}};
    message.received_s = received_s;
    health.note(message);
    assembly.add(std::move(message), received_s);
    assembly.add_pose(5.0, "ReferenceToTracker", received_s);
  }
  assembly.take(assembly.assembler.finish());
  ASSERT_EQ(assembly.frames.size(), static_cast<std::size_t>(count));
  for (int n = 0; n < count; ++n) {
    const AssembledFrame& frame = assembly.frames[static_cast<std::size_t>(n)];
    EXPECT_EQ(frame.frame.image, picture(4, 3, 1, n)) << n;
    EXPECT_EQ(frame.frame.poses.at({"Probe", "Tracker"}), pose_at(n, 1, 2, 3)) << n;
    EXPECT_EQ(frame.missing.empty(), n == 0) << "what came beside it may be of any of them";
    EXPECT_FALSE(frame.out_of_order);
  }
  EXPECT_NEAR(frame_age_s(assembly.frames.back(), health), 0.05 * (count - 1), 0.01);
}

TEST(FrameAssembler, AnImageThatComesAfterItsMomentIsTooLateOnce) {
  Assembly assembly({.patience = 1});
  for (const double n : {1.0, 2.0}) {
    assembly.add(image_at(n));
    assembly.add_pose(n);
  }
  for (const double n : {3.0, 3.1, 3.2}) assembly.add_pose(n);
  ASSERT_EQ(assembly.frames.size(), 5U);
  assembly.add(image_at(3.2));
  EXPECT_EQ(assembly.frames.size(), 5U);
  EXPECT_EQ(assembly.assembler.too_late(), 1U);
}

TEST(FrameAssembler, NamesWithoutEndAreNotAllKept) {
  Assembly assembly;
  for (int n = 0; n < 300; ++n) assembly.add_pose(1.0, "Tool" + std::to_string(n) + "ToTracker");
  assembly.take(assembly.assembler.finish());
  ASSERT_EQ(assembly.frames.size(), 1U);
  EXPECT_EQ(assembly.frames[0].frame.poses.size(), 256U);
  EXPECT_EQ(assembly.assembler.left_out(), 44U);
}

TEST(SequenceRecorder, ARecordingInColourSaysSo) {
  SequenceRecorder recorder;
  ultrasound::TrackedFrame frame;
  frame.image = picture(4, 3, 3);
  recorder.add(frame);
  EXPECT_EQ(recorder.take().image_type, "RGB_COLOR");
  frame.image = picture(4, 3, 1);
  recorder.add(frame);
  EXPECT_EQ(recorder.take().image_type, "BRIGHTNESS");
}

TEST(SequenceRecorder, TheNextRecordingBeginsEmpty) {
  SequenceRecorder recorder;
  ultrasound::TrackedFrame frame, without;
  const auto record = [&](const Frame& first, const Frame& other) {
    for (const Frame& image : {first, other}) {
      frame.image = image;
      recorder.add(frame);
    }
    recorder.add(without);
    EXPECT_EQ(recorder.left_out(), 1U);
    return recorder.take();
  };
  record(picture(4, 3, 1), picture(6, 5, 3));
  EXPECT_EQ(recorder.left_out(), 0U);
  const auto second = record(picture(6, 5, 3), picture(4, 3, 1));
  EXPECT_EQ(second.image_type, "RGB_COLOR");
  EXPECT_EQ(second.frames[0].image, picture(6, 5, 3));
  for (const std::size_t f : {1U, 2U}) {
    EXPECT_EQ(second.frames[f].image_status, "INVALID");
    EXPECT_EQ(second.frames[f].image, (Frame{6, 5, 3, std::vector<std::uint8_t>(6 * 5 * 3)}));
  }
}

TEST(SequenceRecorder, MakesAFileOfWhateverCame) {
  SequenceRecorder recorder;
  ultrasound::TrackedFrame without;
  without.poses[{"Probe", "Tracker"}] = pose_at(1, 2, 3, 4);
  without.poses[{"Probe", "Tracker"}].rows[3] = nan;
  ultrasound::TrackedFrame with = without;
  with.image = picture(4, 3);
  with.time_s = 2.0;
  ultrasound::TrackedFrame larger = with;
  larger.image = picture(5, 3);
  for (const auto& frame : {without, with, larger}) recorder.add(frame);
  EXPECT_EQ(recorder.frames(), 3U);
  EXPECT_EQ(recorder.left_out(), 1U);
  const testing::ScratchFolder scratch;
  io::write_tracked_sequence(scratch / "a.igs.mha", recorder.take());
  const auto back = io::read_tracked_sequence(scratch / "a.igs.mha");
  ASSERT_EQ(back.frames.size(), 3U);
  EXPECT_FALSE(back.frames[0].shows_image());
  EXPECT_EQ(back.frames[1].image, with.image);
  EXPECT_TRUE(back.frames[1].shows_image());
  EXPECT_FALSE(back.frames[2].shows_image());
  EXPECT_FALSE(back.frames[1].poses.at({"Probe", "Tracker"}).transform());
  EXPECT_EQ(recorder.frames(), 0U);
}

}  // namespace
}  // namespace genu::network
