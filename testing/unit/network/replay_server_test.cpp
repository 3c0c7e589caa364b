// SPDX-License-Identifier: Apache-2.0
// Server and client on one machine: what is sent is received.
#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "replayed.h"

namespace genu::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ultrasound::FramePair;
using ultrasound::TrackedFrame;
using ultrasound::TrackedSequence;

/// Expects what was received to be what was sent, but for single precision.
void expect_equal(const TrackedFrame& got, const TrackedFrame& sent) {
  EXPECT_NEAR(got.time_s, sent.time_s, 1.2e-10 + 2.4e-16 * sent.time_s);
  EXPECT_EQ(got.shows_image(), sent.shows_image());
  if (sent.shows_image()) {
    EXPECT_EQ(got.image, sent.image);
    EXPECT_EQ(got.fields, sent.fields);
  }
  ASSERT_EQ(got.poses.size(), sent.poses.size());
  for (const auto& [frames, pose] : sent.poses) {
    double largest = 1.0;
    for (const double value : pose.rows)
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    expect_near(got.poses.at(frames), pose, 6e-8 * largest);
  }
}

TEST(ReplayServer, WhatIsSentIsReceived) {
  TrackedSequence sequence = sweep(6);
  sequence.frames[2].poses[{"Probe", "Tracker"}].status = "OUT_OF_VIEW";
  sequence.frames[3].image_status = "INVALID";
  sequence.frames[4].poses[{"Probe", "Tracker"}].rows[3] = std::numeric_limits<double>::quiet_NaN();
  for (const bool tracking_data : {false, true}) {
    ReplayOptions options = at_full_speed();
    options.tracking_data = tracking_data;
    const Heard heard = replayed(sequence, options);
    ASSERT_EQ(heard.frames.size(), sequence.frames.size());
    for (std::size_t f = 0; f < sequence.frames.size(); ++f)
      expect_equal(heard.frames[f].frame, sequence.frames[f]);
    EXPECT_THAT(heard.frames[3].missing, ElementsAre("image"));
    const auto statuses = heard.all<LiveStatus>();
    ASSERT_EQ(statuses.size(), 2U);
    EXPECT_EQ(statuses[0].text, "a recording of 6 frames");
    EXPECT_EQ(statuses[1].code, 19);
    EXPECT_EQ(heard.all<LiveLost>().at(0).why, "the server closed the connection");
    EXPECT_EQ(heard.report.refused, 0U);
  }
}

TEST(ReplayServer, ColourImagesAndPosesWithoutImagesAreReceived) {
  TrackedSequence colour = sweep(3);
  for (TrackedFrame& frame : colour.frames) frame.image = picture(16, 12, 3);
  TrackedSequence poses = sweep(3);
  for (TrackedFrame& frame : poses.frames) {
    frame.image = {};
    frame.image_status = "INVALID";
  }
  for (const TrackedSequence& sequence : {colour, poses}) {
    const Heard heard = replayed(sequence, at_full_speed());
    ASSERT_EQ(heard.frames.size(), 3U);
    for (std::size_t f = 0; f < 3; ++f) expect_equal(heard.frames[f].frame, sequence.frames[f]);
  }
}

TEST(ReplayServer, Version1LeavesOutPosesThatAreNotSound) {
  TrackedSequence sequence = sweep(5);
  sequence.frames[2].poses[{"Probe", "Tracker"}].status = "MISSING";
  ReplayOptions options = at_full_speed();
  options.version = 1;
  const Heard heard = replayed(sequence, options);
  ASSERT_EQ(heard.frames.size(), 5U);
  EXPECT_THAT(heard.frames[2].missing, ElementsAre("ProbeToTracker"));
  EXPECT_EQ(heard.frames[2].frame.poses.at({"Probe", "Tracker"}).status, "MISSING");
}

// The transform in an image's message is that of a calibration and the poses of its moment.
TEST(ReplayServer, ImagesHoldTheTransformThatIsWanted) {
  TrackedSequence sequence = sweep(4);
  sequence.frames[1].poses[{"Probe", "Tracker"}].status = "INVALID";
  ReplayOptions options = at_full_speed();
  options.embedded = FramePair{"Image", "Reference"};
  options.always.set({"Image", "Probe"},
                     AffineTransform(Matrix3{{{{0.2, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}}}}, {5, 6, 7}));
  const Heard heard = replayed(sequence, options);
  ASSERT_EQ(heard.frames.size(), 4U);
  for (std::size_t f = 0; f < 4; ++f) {
    const auto& pose = heard.frames[f].frame.poses.at({"Image", "Reference"});
    const auto expected = at_moment(sequence.frames[f], options.always).find("Image", "Reference");
    ASSERT_EQ(pose.transform().has_value(), expected.has_value()) << f;
    if (!expected) {
      EXPECT_EQ(pose.status, "INVALID");
      continue;
    }
    for (const Point3& corner : {Point3{0, 0, 0}, Point3{39, 29, 0}})
      EXPECT_LT(length((*pose.transform())(corner) - (*expected)(corner)), 3e-4)
          << "single precision at 1.2 m";
  }
}

TEST(ReplayServer, SeveralClientsSeeTheSame) {
  ReplayOptions options = at_full_speed();
  options.clients = 2;
  const TrackedSequence sequence = sweep(60);
  const ReplayServer server(sequence, options);
  TrackingClient first({"127.0.0.1", server.port()}), second({"127.0.0.1", server.port()});
  const Heard a = listen(first), b = listen(second);
  for (const Heard& heard : {a, b}) {
    ASSERT_EQ(heard.frames.size(), 60U);
    for (std::size_t f = 0; f < 60; ++f) expect_equal(heard.frames[f].frame, sequence.frames[f]);
  }
  EXPECT_TRUE(server.wait(patience_s));
  EXPECT_EQ(server.report().clients, 2U);
  EXPECT_EQ(server.report().frames, 60U);
  EXPECT_EQ(server.report().skipped, 0U);
}

TEST(ReplayServer, PlaysInRoundsUntilItIsStoppedAndTimeGoesOn) {
  ReplayOptions options = at_full_speed();
  options.loop = true;
  ReplayServer server(sweep(3), options);
  TrackingClient client({"127.0.0.1", server.port()});
  const Heard heard = listen(client, {}, [](const Heard& so_far) { return so_far.frames.size() >= 8; });
  ASSERT_GE(heard.frames.size(), 8U);
  for (std::size_t f = 0; f < 8; ++f) EXPECT_NEAR(heard.frames[f].frame.time_s, 215.1 + f / 20.0, 1e-6);
  EXPECT_EQ(heard.report.clock_jumps, 0U);
  server.stop();
  EXPECT_TRUE(server.report().over);
  const Heard rest = listen(client);
  EXPECT_FALSE(rest.all<LiveLost>().empty());
}

TEST(ReplayServer, TimesCanBeThoseOfNow) {
  ReplayOptions options = at_full_speed();
  options.speed = 10.0;
  options.times = ReplayTimes::now;
  const Heard heard = replayed(sweep(6), options);
  ASSERT_EQ(heard.frames.size(), 6U);
  EXPECT_NEAR(heard.frames[0].frame.time_s, clock_s(), patience_s);
  EXPECT_NEAR(heard.frames[5].frame.time_s - heard.frames[0].frame.time_s, 5 / 20.0 / 10.0, 1e-6);
}

TEST(ReplayServer, FramesWithoutTimesAreSentWithoutTimes) {
  TrackedSequence sequence = sweep(3);
  for (TrackedFrame& frame : sequence.frames) frame.time_s = std::numeric_limits<double>::quiet_NaN();
  const Heard heard = replayed(sequence, at_full_speed());
  EXPECT_EQ(heard.frames.size(), 9U) << "nothing says what belongs together";
  for (const AssembledFrame& frame : heard.frames) EXPECT_TRUE(std::isnan(frame.frame.time_s));
}

TEST(ReplayServer, RefusesWhatItCannotPlay) {
  const auto refusal = [](TrackedSequence sequence, const ReplayOptions& options) -> std::string {
    try {
      const ReplayServer server(std::move(sequence), options);
    } catch (const Error& problem) {
      return problem.what();
    }
    return "not refused";
  };
  EXPECT_THAT(refusal({}, at_full_speed()), HasSubstr("no frames"));
  ReplayOptions options = at_full_speed();
  options.faults = {{FaultKind::drop, 3}};
  EXPECT_THAT(refusal(sweep(3), options), HasSubstr("frame 3"));
  options.faults = {{FaultKind::drop, 0}};
  EXPECT_THAT(refusal(sweep(1), options), HasSubstr("every frame is to be dropped"));
  options = at_full_speed();
  options.speed = -1.0;
  EXPECT_THAT(refusal(sweep(3), options), HasSubstr("speed"));
  TrackedSequence before = sweep(3);
  before.frames[1].time_s = -5.0;
  EXPECT_THAT(refusal(before, at_full_speed()), HasSubstr("-5.0"));
  const ReplayServer first(sweep(3), at_full_speed());
  options = at_full_speed();
  options.port = first.port();
  EXPECT_THAT(refusal(sweep(3), options), HasSubstr("in use"));
  EXPECT_EQ(fault_named("nan_pose"), FaultKind::nan_pose);
  EXPECT_EQ(fault_named("hang_up"), FaultKind::hang_up);
  EXPECT_THROW(fault_named("flood"), InvalidInput);
}

// In the second round its last time is more than OpenIGTLink can say.
TEST(ReplayServer, AFailureOnTheWayIsReported) {
  TrackedSequence sequence = sweep(2);
  sequence.frames[0].time_s = 0.0;
  sequence.frames[1].time_s = 4e9;
  ReplayOptions options = at_full_speed();
  options.loop = true;
  const ReplayServer server(sequence, options);
  TrackingClient client({"127.0.0.1", server.port()});
  const Heard heard = listen(client);
  EXPECT_FALSE(heard.all<LiveLost>().empty());
  EXPECT_TRUE(server.wait(patience_s));
  EXPECT_THAT(server.report().failure, HasSubstr("can't say the time"));
}

// MRI's axes are LPS here and RAS on the wire; both ends are Genu's, and nothing is turned between them.
TEST(ReplayServer, ImagesOfThePatientComeAsTheyWereSent) {
  const TrackedSequence sequence = sweep(3);
  ReplayOptions options = at_full_speed();
  options.embedded = FramePair{"Image", "Patient"};
  options.always.set({"Image", "Probe"},
                     AffineTransform(Matrix3{{{{0.2, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}}}}, {5, 6, 7}));
  options.always.set({"Reference", "Patient"},
                     AffineTransform(Matrix3{{{{0, 1, 0}, {-1, 0, 0}, {0, 0, 1}}}}, {1, 2, 3}));
  const Heard heard = replayed(sequence, options);
  ASSERT_EQ(heard.frames.size(), 3U);
  for (std::size_t f = 0; f < 3; ++f) {
    const auto expected = at_moment(sequence.frames[f], options.always).find("Image", "Patient");
    const auto got = heard.frames[f].frame.poses.at({"Image", "Patient"}).transform();
    ASSERT_TRUE(expected && got);
    for (const Point3& corner : {Point3{0, 0, 0}, Point3{39, 29, 0}})
      EXPECT_LT(length((*got)(corner) - (*expected)(corner)), 3e-4);
  }
}

TEST(ReplayServer, StopsWhileItPlaysAndWhileItWaits) {
  ReplayServer idle(sweep(3), at_full_speed());
  idle.stop();
  ReplayOptions slow = at_full_speed();
  slow.speed = 0.001;
  ReplayServer busy(sweep(3), slow);
  TrackingClient client({"127.0.0.1", busy.port()});
  EXPECT_TRUE(client.next(patience_s));
  busy.stop();
  EXPECT_TRUE(busy.report().over);
}

TEST(ReplayServer, ARealSweepSurvivesTheWireAndAFile) {
  GENU_REQUIRE_DATA(file, "ultrasound/tracked/SpinePhantomFreehand.igs.mha");
  const TrackedSequence sequence = io::read_tracked_sequence(file);
  const Heard heard = replayed(sequence, at_full_speed());
  ASSERT_EQ(heard.frames.size(), sequence.frames.size());
  SequenceRecorder recorder;
  for (const AssembledFrame& frame : heard.frames) recorder.add(frame.frame);
  const testing::ScratchFolder scratch;
  io::write_tracked_sequence(scratch / "recorded.igs.mha", recorder.take());
  const TrackedSequence back = io::read_tracked_sequence(scratch / "recorded.igs.mha");
  ASSERT_EQ(back.frames.size(), sequence.frames.size());
  for (std::size_t f = 0; f < back.frames.size(); ++f) expect_equal(back.frames[f], sequence.frames[f]);
  EXPECT_EQ(heard.report.refused + heard.report.stalls, 0U);
}

}  // namespace
}  // namespace genu::network
