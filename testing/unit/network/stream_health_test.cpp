// SPDX-License-Identifier: Apache-2.0
// No clock runs here: every time is said.
#include <limits>

#include <gmock/gmock.h>

#include <genu/network/stream_health.h>

#include "live_samples.h"

namespace genu::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double clocks_apart_s = 1000.0;  // the receiver's less the sender's
constexpr double travel_s = 0.01;

/// A link whose messages are noted one after the other.
struct Link {
  StreamHealth health;
  std::vector<HealthEvent> events;

  explicit Link(const HealthOptions& options = {}) : health(options) {
    note({.received_s = clocks_apart_s, .content = LiveConnected{"probe:18944"}});
    events.clear();
  }
  void note(const LiveMessage& message) {
    for (HealthEvent& event : health.note(message)) events.push_back(std::move(event));
  }
  void look(double sent_s) {
    for (HealthEvent& event : health.look(sent_s + clocks_apart_s)) events.push_back(std::move(event));
  }
  void pose(double sent_s, double on_its_way_s = travel_s,
            const ultrasound::TrackedPose& pose = pose_at(1, 2, 3, 4),
            const std::string& name = "ProbeToTracker") {
    LiveMessage message = transform_at(name, sent_s, pose);
    message.received_s = sent_s + clocks_apart_s + on_its_way_s;
    note(message);
  }
  /// Poses at 20 Hz.
  void steady(int from, int to) {
    for (int n = from; n < to; ++n) pose(n / 20.0);
  }
  std::vector<HealthChange> changes() const {
    std::vector<HealthChange> all;
    for (const HealthEvent& event : events) all.push_back(event.change);
    return all;
  }
  LinkReport report(double sent_s) const { return health.report(sent_s + clocks_apart_s); }
  StreamReport stream(double sent_s = 0.0) const { return report(sent_s).streams.at(0); }
};

TEST(StreamHealth, ASteadyStreamHasItsRateAndNothingToSay) {
  Link link;
  link.steady(1, 100);
  EXPECT_THAT(link.events, IsEmpty());
  const StreamReport stream = link.stream();
  EXPECT_EQ(stream.name, "ProbeToTracker");
  EXPECT_EQ(stream.status, "OK");
  EXPECT_EQ(stream.messages, 99U);
  EXPECT_NEAR(stream.rate_hz, 20.0, 1e-6);
  EXPECT_NEAR(stream.period_s, 0.05, 1e-9);
  EXPECT_NEAR(stream.delay_s, 0.0, 1e-9) << "over the fastest";
  EXPECT_NEAR(link.report(5.0).clock_offset_s, clocks_apart_s + travel_s, 1e-9);
  EXPECT_EQ(stream.dropped + stream.late + stream.out_of_order + stream.repeated + stream.stalls, 0U);
}

TEST(StreamHealth, SilenceIsToldWhileItLastsAndWhenItEnds) {
  Link link;
  link.steady(1, 20);
  link.look(1.5);
  EXPECT_THAT(link.events, IsEmpty());
  link.look(2.1);
  link.look(2.5);
  ASSERT_THAT(link.changes(), ElementsAre(HealthChange::stalled)) << "once";
  EXPECT_EQ(link.events[0].stream, "") << "of the whole link";
  EXPECT_TRUE(link.stream(2.5).stalled_now);
  EXPECT_NEAR(link.report(2.5).stalled_s, 2.5 - 0.96, 1e-6);
  link.pose(3.0);
  EXPECT_EQ(link.events[1].change, HealthChange::resumed);
  EXPECT_THAT(link.events[1].text, HasSubstr("2.05 s"));
  link.steady(61, 80);
  EXPECT_EQ(link.report(4.0).stalls, 1U);
  EXPECT_NEAR(link.report(4.0).stalled_s, 2.05, 1e-6);
  EXPECT_EQ(link.stream(4.0).stalls, 1U);
  EXPECT_FALSE(link.stream(4.0).stalled_now);
}

TEST(StreamHealth, AStallIsToldEvenIfNobodyLooked) {
  Link link;
  link.steady(1, 20);
  link.pose(5.0);
  EXPECT_THAT(link.changes(),
              ElementsAre(HealthChange::stalled, HealthChange::resumed, HealthChange::dropped));
}

// PLUS leaves out the poses of a tool that it has lost, while images go on.
TEST(StreamHealth, OneStreamMayStallWhileAnotherGoesOn) {
  Link link;
  for (int n = 1; n < 60; ++n) {
    link.pose(n / 20.0);
    if (n < 20 || n > 50) link.pose(n / 20.0, travel_s, pose_at(0, 1, 1, 1), "StylusToTracker");
    link.look(n / 20.0 + 0.02);
  }
  ASSERT_THAT(link.changes(),
              ElementsAre(HealthChange::stalled, HealthChange::resumed, HealthChange::dropped));
  EXPECT_EQ(link.events[0].stream, "StylusToTracker");
  EXPECT_EQ(link.report(3.0).stalls, 0U);
  EXPECT_EQ(link.report(3.0).streams[0].stalls, 0U);
  EXPECT_EQ(link.report(3.0).streams[1].stalls, 1U);
}

TEST(StreamHealth, ASlowStreamIsNotAStall) {
  Link link;
  for (int n = 1; n < 12; ++n) {
    link.pose(2.0 * n);
    link.look(2.0 * n + 1.9);
  }
  EXPECT_EQ(link.stream().messages, 11U);
  EXPECT_EQ(link.report(24.0).stalls, 2U) << "until its period is known";
  const std::size_t before = link.events.size();
  link.look(22.0 + 5.9);
  EXPECT_EQ(link.events.size(), before);
  link.look(22.0 + 6.2);
  EXPECT_EQ(link.events.back().change, HealthChange::stalled);
}

TEST(StreamHealth, MissingMessagesAreCountedByTheGapTheyLeave) {
  Link link;
  for (int n = 1; n < 60; ++n)
    if (n != 30 && n != 40 && n != 41 && n != 42) link.pose(n / 20.0);
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::dropped, HealthChange::dropped));
  EXPECT_EQ(link.events[1].text, "3 are missing: a gap of 200 ms where 50 ms are usual");
  EXPECT_EQ(link.stream().dropped, 4U);
}

TEST(StreamHealth, LateMessagesAreToldByTheFastestOne) {
  Link link;
  link.steady(1, 20);
  for (int n = 20; n < 25; ++n) link.pose(n / 20.0, 0.5 - 0.05 * (n - 20));
  link.steady(25, 40);
  ASSERT_THAT(link.changes(), ElementsAre(HealthChange::late, HealthChange::on_time));
  EXPECT_EQ(link.events[0].text, "by 490 ms");
  EXPECT_EQ(link.events[1].text, "after 5 that were late");
  EXPECT_EQ(link.stream().late, 5U);
  // Less what clocks may drift from one message to the next, 0.05 s and the delay later.
  EXPECT_NEAR(link.stream().longest_delay_s, 0.49 - 0.54 * HealthOptions{}.clock_drift, 1e-9);
}

// Old pictures must not pass for fresh ones because all of the last minute are old.
TEST(StreamHealth, ASteadyDelayStaysOneAndItsEndIsNoOtherClock) {
  constexpr double delay_s = 3.0;
  Link link;
  link.steady(1, 100);
  for (int n = 100; n < 1900; ++n) link.pose(n / 20.0, delay_s);
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::stalled, HealthChange::resumed, HealthChange::late));
  EXPECT_EQ(link.stream().late, 1800U);
  EXPECT_NEAR(link.stream().delay_s, delay_s, 0.03);
  const double offset_s = link.report(98.0).clock_offset_s;
  EXPECT_NEAR(clocks_apart_s + delay_s - offset_s, delay_s, 0.03) << "the age of a picture";
  link.events.clear();
  link.pose(97.96, 0.02);
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::dropped, HealthChange::on_time));
  EXPECT_EQ(link.report(98.0).clock_jumps, 0U);
}

TEST(StreamHealth, ABacklogFromTheBeginningThatComesAtOnceIsNoOtherClock) {
  Link link;
  for (int n = 1; n < 100; ++n) link.pose(n / 20.0, 3.0);
  for (int n = 100; n < 160; ++n) link.pose(n / 20.0, 8.0 - n / 20.0);
  // The first three seconds were silent; that the rest came at once says nothing of clocks.
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::stalled, HealthChange::resumed));
  EXPECT_NEAR(link.report(8.0).clock_offset_s, clocks_apart_s + 0.05, 1e-6);
}

TEST(StreamHealth, ClocksThatDriftApartMakeNoMessageLate) {
  constexpr double drift = 5e-5;  // 0.36 s in two hours
  Link link;
  for (int n = 1; n < 14400; ++n) link.pose(n / 2.0, travel_s + drift * n / 2.0);
  EXPECT_THAT(link.events, IsEmpty());
  EXPECT_NEAR(link.stream().longest_delay_s, 0.0, 1e-3);
}

TEST(StreamHealth, OrderAndRepetitionAreTold) {
  Link link;
  link.steady(1, 10);
  link.pose(11 / 20.0);
  link.pose(10 / 20.0, 0.07);
  link.pose(12 / 20.0);
  link.pose(12 / 20.0);
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::dropped, HealthChange::out_of_order));
  EXPECT_EQ(link.stream().out_of_order, 1U);
  EXPECT_EQ(link.stream().dropped, 0U) << "it came after all";
  EXPECT_EQ(link.stream().repeated, 1U);
}

TEST(StreamHealth, AClockThatGoesBackIsAnotherClock) {
  Link link;
  link.steady(100, 120);
  link.events.clear();
  LiveMessage again = transform_at("ProbeToTracker", 1.0, pose_at(1, 2, 3, 4));
  again.received_s = clocks_apart_s + 6.05;
  link.note(again);
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::clock_jumped));
  EXPECT_NEAR(link.report(7.0).clock_offset_s, again.received_s - 1.0, 1e-9);
  EXPECT_EQ(link.stream().out_of_order, 0U);
  EXPECT_EQ(link.stream().late, 0U);
}

// An hour ahead at 20 Hz would be 71999 messages that are missing.
TEST(StreamHealth, AClockThatGoesAheadIsAnotherClock) {
  Link link;
  link.steady(1, 40);
  LiveMessage ahead = transform_at("ProbeToTracker", 2.0 + 3600.0, pose_at(1, 2, 3, 4));
  ahead.received_s = clocks_apart_s + 2.01;
  link.note(ahead);
  ASSERT_THAT(link.changes(), ElementsAre(HealthChange::clock_jumped));
  EXPECT_THAT(link.events[0].text, HasSubstr("ahead by 3600.00 s"));
  EXPECT_EQ(link.stream().dropped, 0U);
  EXPECT_EQ(link.report(2.0).clock_jumps, 1U);
}

// Whoever took messages too slowly may get a gap and what comes after it at once.
TEST(StreamHealth, AGapBehindABacklogIsNoOtherClock) {
  Link link;
  link.steady(1, 40);
  for (int n = 40; n < 60; ++n) link.pose(n / 20.0, 7.0 - n / 20.0);
  link.events.clear();
  link.pose(6.98, 0.02);
  EXPECT_EQ(link.report(7.0).clock_jumps, 0U);
  EXPECT_GT(link.stream().dropped, 70U);
}

TEST(StreamHealth, OnlyAMessageThatFitsAGapIsTakenBack) {
  Link link;
  for (int n = 1; n < 60; ++n)
    if (n < 20 || n > 24) link.pose(n / 20.0);
  EXPECT_EQ(link.stream().dropped, 5U);
  // The sender's clock goes back a little, over times that have all come.
  for (int n = 49; n < 59; ++n) link.pose(n / 20.0 + 0.001, 0.5);
  EXPECT_EQ(link.stream().out_of_order, 10U);
  EXPECT_EQ(link.stream().dropped, 5U);
  link.pose(58.5 / 20.0, 0.6);
  link.pose(22 / 20.0 + 1.0, 0.9);
  EXPECT_EQ(link.stream().dropped, 5U);
}

// A sender that counts milliseconds as seconds says periods of 50 s.
TEST(StreamHealth, AStallIsToldByTheClockHere) {
  Link link;
  for (int n = 1; n < 20; ++n) {
    LiveMessage message = transform_at("ProbeToTracker", 50.0 * n, pose_at(1, 2, 3, 4));
    message.received_s = clocks_apart_s + n / 20.0;
    link.note(message);
  }
  link.events.clear();
  link.look(2.5);
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::stalled));
}

TEST(StreamHealth, StreamsWithoutEndAreNotAllWatched) {
  Link link;
  for (int n = 0; n < 300; ++n)
    link.pose(0.1 + n / 1000.0, travel_s, pose_at(1, 2, 3, 4), "Tool" + std::to_string(n) + "ToTracker");
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::skipped)) << "once";
  EXPECT_EQ(link.report(2.0).streams.size(), 256U);
  EXPECT_EQ(link.report(2.0).not_watched, 44U);
  ultrasound::TrackedPose odd = pose_at(1, 2, 3, 4);
  for (int n = 0; n < 300; ++n) {
    odd.status = "STATUS_" + std::to_string(n);
    link.pose(2.0 + n / 1000.0, travel_s, odd, "Tool0ToTracker");
    link.note({.device = "D", .received_s = 1002.0, .content = LiveSkipped{"T" + std::to_string(n), 1}});
  }
  EXPECT_EQ(link.stream().unsound.size(), 65U);
  EXPECT_EQ(link.stream().unsound.at("others"), 236U);
  EXPECT_EQ(link.report(3.0).skipped.size(), 65U);
}

TEST(StreamHealth, PosesThatAreNotSoundAreCountedByTheirStatus) {
  Link link;
  link.steady(1, 10);
  ultrasound::TrackedPose lost = pose_at(1, 2, 3, 4);
  lost.status = "OUT_OF_VIEW";
  for (int n = 10; n < 15; ++n) link.pose(n / 20.0, travel_s, lost);
  ultrasound::TrackedPose broken;
  broken.rows[3] = std::numeric_limits<double>::quiet_NaN();
  link.pose(15 / 20.0, travel_s, broken);
  link.steady(16, 20);
  EXPECT_THAT(link.changes(),
              ElementsAre(HealthChange::pose_lost, HealthChange::pose_lost, HealthChange::pose_found));
  EXPECT_EQ(link.events[0].text, "its status is OUT_OF_VIEW");
  EXPECT_EQ(link.stream().unsound,
            (std::map<std::string, std::size_t>{{"OUT_OF_VIEW", 5}, {"NO_TRANSFORM", 1}}));
}

TEST(StreamHealth, ImagesAndTheirEmbeddedPosesAreStreams) {
  Link link;
  LiveImage live{.image = picture(2, 2)};
  live.embedded = {"Image_Reference", ultrasound::FramePair{"Image", "Reference"}, {}};
  live.embedded.pose.status = "INVALID";
  live.poses = {{"ProbeToTracker", ultrasound::FramePair{"Probe", "Tracker"}, {}}};
  link.note({.device = "Image_Reference", .time_s = 1.0, .received_s = 1001.0, .content = live});
  const auto streams = link.report(1.0).streams;
  ASSERT_EQ(streams.size(), 3U);
  EXPECT_EQ(streams[0].name, "IMAGE Image_Reference");
  EXPECT_EQ(streams[1].name, "ImageToReference");
  EXPECT_EQ(streams[1].unsound.at("INVALID"), 1U);
  EXPECT_EQ(streams[2].name, "ProbeToTracker");
}

TEST(StreamHealth, WhatIsRefusedSkippedOrSaidOfTheServerIsTold) {
  Link link;
  const auto note = [&](LiveContent content) {
    link.note({.device = "Plus", .received_s = 1001.0, .content = std::move(content)});
  };
  note(LiveRefused{"IMAGE Probe: its checksum is wrong"});
  note(LiveSkipped{"VIDEO", 10});
  note(LiveSkipped{"VIDEO", 10});
  note(LiveStatus{.code = 13, .text = "warming up"});
  note(LiveStatus{.code = 13, .text = "warming up"});
  note(LiveLost{"the server closed the connection", 0.5});
  EXPECT_THAT(link.changes(), ElementsAre(HealthChange::refused, HealthChange::skipped, HealthChange::status,
                                          HealthChange::lost));
  EXPECT_EQ(link.events[2].text, "not ready: warming up");
  EXPECT_EQ(link.events[3].text, "the server closed the connection; trying again in 500 ms");
  const LinkReport report = link.report(2.0);
  EXPECT_EQ(report.refused, 1U);
  EXPECT_EQ(report.skipped.at("VIDEO"), 2U);
  EXPECT_EQ(report.losses, 1U);
  link.look(100.0);
  EXPECT_EQ(link.events.size(), 4U) << "a lost link does not stall";
}

TEST(StreamHealth, MessagesWithoutATimeHaveARateAndNoDelay) {
  Link link;
  for (int n = 0; n < 10; ++n) {
    LiveMessage message =
        transform_at("ProbeToTracker", std::numeric_limits<double>::quiet_NaN(), pose_at(1, 2, 3, 4));
    message.received_s = 1000.0 + n / 10.0;
    link.note(message);
  }
  EXPECT_NEAR(link.stream().rate_hz, 10.0, 1e-6);
  EXPECT_TRUE(std::isnan(link.stream().delay_s));
  EXPECT_TRUE(std::isnan(link.report(1.0).clock_offset_s));
  EXPECT_THAT(link.events, IsEmpty());
}

TEST(StreamHealth, EveryChangeHasItsName) {
  EXPECT_EQ(name_of(HealthChange::connected), "connected");
  EXPECT_EQ(name_of(HealthChange::out_of_order), "out of order");
  EXPECT_EQ(name_of(HealthChange::refused), "refused");
  EXPECT_EQ(name_of(HealthChange::status), "status");
}

}  // namespace
}  // namespace genu::network
