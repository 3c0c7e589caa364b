// SPDX-License-Identifier: Apache-2.0
// Server and client on one machine: what is sent is received, and every fault is seen.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/tracked_files.h>
#include <genu/network/frame_assembly.h>
#include <genu/network/replay_server.h>
#include <genu/network/stream_health.h>
#include <genu/network/tracking_client.h>
#include <genu/testing/data.h>

#include "live_samples.h"

namespace genu::network {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ultrasound::FramePair;
using ultrasound::TrackedFrame;
using ultrasound::TrackedSequence;

constexpr double patience_s = 10.0;

/// What a client heard to the end.
struct Heard {
  std::vector<LiveMessage> messages;
  std::vector<AssembledFrame> frames;
  std::vector<HealthEvent> events;
  LinkReport report;

  std::size_t count(HealthChange change) const {
    return static_cast<std::size_t>(std::count_if(events.begin(), events.end(),
                                                  [&](const HealthEvent& e) { return e.change == change; }));
  }
  template <typename Content>
  std::vector<Content> all() const {
    std::vector<Content> found;
    for (const LiveMessage& message : messages)
      if (const auto* content = std::get_if<Content>(&message.content)) found.push_back(*content);
    return found;
  }
};

/// Listens until the link is lost for good, or `enough` says so.
Heard listen(TrackingClient& client, const HealthOptions& options = {},
             const std::function<bool(const Heard&)>& enough = {}) {
  Heard heard;
  FrameAssembler assembler;
  StreamHealth health(options);
  const double until = clock_s() + patience_s;
  const auto take = [&](std::vector<HealthEvent> events, std::vector<AssembledFrame> frames) {
    for (HealthEvent& event : events) heard.events.push_back(std::move(event));
    for (AssembledFrame& frame : frames) heard.frames.push_back(std::move(frame));
  };
  while (client.open() && clock_s() < until && !(enough && enough(heard))) {
    if (auto message = client.next(0.02)) {
      heard.messages.push_back(*message);
      std::vector<HealthEvent> events = health.note(*message);
      take(std::move(events), assembler.add(*std::move(message)));
    }
    take(health.look(clock_s()), assembler.look(clock_s()));
  }
  take({}, assembler.finish());
  heard.report = health.report(clock_s());
  EXPECT_LT(clock_s(), until) << "it did not end";
  return heard;
}

ReplayOptions at_full_speed() {
  ReplayOptions options;
  options.port = 0;
  options.speed = 0.0;
  return options;
}

Heard replayed(const TrackedSequence& sequence, const ReplayOptions& options,
               const HealthOptions& health = {}) {
  const ReplayServer server(sequence, options);
  TrackingClient client({"127.0.0.1", server.port()});
  return listen(client, health);
}

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

Heard with_fault(FaultKind kind, std::size_t frame, double seconds = 1.0, double speed = 0.0,
                 const HealthOptions& health = {}) {
  ReplayOptions options = at_full_speed();
  options.speed = speed;
  options.faults = {{kind, frame, seconds}};
  return replayed(sweep(20), options, health);
}

// As a network does it: silence, and then all at once, late.
TEST(ReplayServer, AStallIsSeenAsSilenceAndThenAsLateness) {
  const Heard heard = with_fault(FaultKind::stall, 10, 0.7, 10.0, {.stall_s = 0.45, .late_s = 0.3});
  EXPECT_EQ(heard.report.stalls, 1U);
  EXPECT_GT(heard.report.stalled_s, 0.6);
  EXPECT_EQ(heard.count(HealthChange::stalled), 1U) << "of the link, not of each stream";
  EXPECT_EQ(heard.count(HealthChange::resumed), 1U);
  EXPECT_GT(heard.report.streams.at(0).late, 0U);
  EXPECT_EQ(heard.report.streams.at(0).dropped, 0U);
  EXPECT_EQ(heard.frames.size(), 20U) << "nothing is lost";
}

TEST(ReplayServer, ADroppedFrameIsSeen) {
  const Heard heard = with_fault(FaultKind::drop, 12);
  EXPECT_EQ(heard.frames.size(), 19U);
  for (const StreamReport& stream : heard.report.streams) EXPECT_EQ(stream.dropped, 1U) << stream.name;
}

TEST(ReplayServer, FramesInAnotherOrderAreSeen) {
  const Heard heard = with_fault(FaultKind::swap, 12);
  EXPECT_EQ(heard.frames.size(), 20U);
  EXPECT_TRUE(heard.frames[13].out_of_order);
  for (const StreamReport& stream : heard.report.streams) {
    EXPECT_EQ(stream.out_of_order, 1U) << stream.name;
    EXPECT_EQ(stream.dropped, 0U) << stream.name;
  }
}

TEST(ReplayServer, PosesThatAreNotSoundAreSeen) {
  const Heard invalid = with_fault(FaultKind::invalid_pose, 12);
  EXPECT_EQ(invalid.frames[12].frame.poses.at({"Probe", "Tracker"}).status, "INVALID");
  EXPECT_EQ(invalid.count(HealthChange::pose_lost), 2U) << "one a pose";
  EXPECT_EQ(invalid.count(HealthChange::pose_found), 2U);
  const Heard broken = with_fault(FaultKind::nan_pose, 12);
  EXPECT_FALSE(broken.frames[12].frame.poses.at({"Probe", "Tracker"}).transform());
  EXPECT_EQ(broken.report.streams.at(1).unsound.at("NO_TRANSFORM"), 1U);
}

TEST(ReplayServer, AMessageThatMakesNoSenseIsRefusedAndItsFrameLacksIt) {
  for (const auto& [kind, words] :
       {std::pair<FaultKind, std::string>{FaultKind::wrong_checksum, "checksum is wrong"},
        {FaultKind::wrong_scalar_type, "scalar type 5"}}) {
    const Heard heard = with_fault(kind, 12);
    ASSERT_EQ(heard.all<LiveRefused>().size(), 1U);
    EXPECT_THAT(heard.all<LiveRefused>()[0].why, HasSubstr(words));
    ASSERT_EQ(heard.frames.size(), 20U);
    EXPECT_THAT(heard.frames[12].missing, ElementsAre("image"));
    EXPECT_EQ(heard.report.losses, 1U) << "at the end alone";
  }
  const Heard unknown = with_fault(FaultKind::unknown_type, 12);
  EXPECT_EQ(unknown.report.skipped.at("NONSENSE"), 1U);
  EXPECT_EQ(unknown.frames.size(), 20U);
}

TEST(ReplayServer, ABrokenLinkIsSeen) {
  const Heard absurd = with_fault(FaultKind::absurd_size, 12);
  EXPECT_EQ(absurd.frames.size(), 12U);
  EXPECT_THAT(absurd.all<LiveRefused>().at(0).why, HasSubstr("not believed"));
  const Heard cut = with_fault(FaultKind::truncated, 12);
  EXPECT_EQ(cut.frames.size(), 12U);
  EXPECT_THAT(cut.all<LiveLost>().at(0).why, HasSubstr("in the middle of a message"));
  const Heard ended = with_fault(FaultKind::hang_up, 12);
  EXPECT_EQ(ended.frames.size(), 12U);
  EXPECT_EQ(ended.all<LiveLost>().at(0).why, "the server closed the connection");
}

TEST(ReplayServer, AClientThatComesAgainSeesTheRest) {
  ReplayOptions options = at_full_speed();
  options.faults = {{FaultKind::truncated, 5, 0.0}};
  const ReplayServer server(sweep(20), options);
  TrackingClient client({"127.0.0.1", server.port()}, {.reconnect = true, .first_retry_s = 0.01});
  const Heard heard = listen(client, {}, [](const Heard& so_far) {
    return !so_far.frames.empty() && so_far.frames.back().frame.time_s > 216.0;
  });
  EXPECT_EQ(heard.report.connections, 2U);
  EXPECT_EQ(heard.frames.size(), 19U) << "all but the one that was cut off";
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
