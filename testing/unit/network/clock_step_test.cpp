// SPDX-License-Identifier: Apache-2.0
// A sender's clock that is put back by less than a second, and what only looks like it. No clock runs here.
#include <algorithm>

#include <gmock/gmock.h>

#include <genu/network/stream_health.h>

#include "live_samples.h"

namespace genu::network {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double clocks_apart_s = 1000.0;  // the receiver's less the sender's
constexpr double travel_s = 0.01;
constexpr double put_back_s = 0.9137;

/// A link whose messages are noted one after the other.
struct Link {
  StreamHealth health;
  std::vector<HealthEvent> events;

  Link() { note({.received_s = clocks_apart_s, .content = LiveConnected{"probe:18944"}}); }
  void note(const LiveMessage& message) {
    for (HealthEvent& event : health.note(message)) events.push_back(std::move(event));
  }
  /// A pose that comes at `at_s`, by the sender's clock as it was at first, and is `old_s` by what it says.
  void pose(double at_s, double old_s = 0.0, const std::string& name = "ProbeToTracker") {
    LiveMessage message = transform_at(name, at_s - old_s, pose_at(1, 2, 3, 4));
    message.received_s = at_s + clocks_apart_s + travel_s;
    note(message);
  }
  /// Poses at 20 Hz.
  void steady(int from, int to, double old_s = 0.0, const std::string& name = "ProbeToTracker") {
    for (int n = from; n < to; ++n) pose(n / 20.0, old_s, name);
  }
  std::size_t count(HealthChange change) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [&](const HealthEvent& event) { return event.change == change; }));
  }
  LinkReport report() const { return health.report(clocks_apart_s + 1e4); }
  StreamReport stream(std::size_t n = 0) const { return report().streams.at(n); }
};

TEST(ClockStep, BackByLessThanASecondIsAnotherClockOnceAllGoesOn) {
  Link link;
  link.steady(1, 100);
  link.events.clear();
  link.steady(100, 300, put_back_s);
  ASSERT_EQ(link.count(HealthChange::clock_jumped), 1U);
  const auto jump = std::find_if(link.events.begin(), link.events.end(), [](const HealthEvent& event) {
    return event.change == HealthChange::clock_jumped;
  });
  EXPECT_THAT(jump->text, HasSubstr("went back by 91"));
  EXPECT_LT(jump->at_s, clocks_apart_s + 100 / 20.0 + put_back_s + 0.1) << "as the old time is passed";
  EXPECT_EQ(link.events.back().change, HealthChange::on_time);
  EXPECT_NEAR(link.report().clock_offset_s, clocks_apart_s + travel_s + put_back_s, 1e-3);
  EXPECT_NEAR(link.stream().delay_s, 0.0, 1e-3);
  EXPECT_LT(link.stream().late, 25U);
  EXPECT_EQ(link.stream().dropped, 0U);
  link.events.clear();
  link.steady(300, 2000, put_back_s);
  EXPECT_THAT(link.events, IsEmpty());
  for (int n = 2000; n < 2010; ++n) link.pose(n / 20.0, put_back_s + 0.4);
  EXPECT_EQ(link.count(HealthChange::late), 1U) << "by the new clock";
}

TEST(ClockStep, WaitsForEveryStreamThatSpeaks) {
  Link link;
  link.pose(0.04, 0.0, "RestToTracker");  // and no more: it does not speak
  for (int n = 1; n < 100; ++n) {
    link.pose(n / 20.0);
    if (n % 5 == 0) link.pose(n / 20.0 + 0.01, 0.0, "StylusToTracker");
  }
  link.events.clear();
  for (int n = 100; n < 100 + 5 * 7; ++n) {
    link.pose(n / 20.0, put_back_s);
    if (n % 5 == 0) link.pose(n / 20.0 + 0.01, put_back_s, "StylusToTracker");
  }
  EXPECT_EQ(link.report().clock_jumps, 0U) << "seven of the slower one";
  for (int n = 135; n < 200; ++n) {
    link.pose(n / 20.0, put_back_s);
    if (n % 5 == 0) link.pose(n / 20.0 + 0.01, put_back_s, "StylusToTracker");
  }
  EXPECT_EQ(link.report().clock_jumps, 1U);
  EXPECT_NEAR(link.stream(0).delay_s, 0.0, 1e-3);
  EXPECT_NEAR(link.stream(2).delay_s, 0.0, 1e-3);
}

TEST(ClockStep, OneStreamBehindTheOthersIsLate) {
  Link link;
  for (int n = 1; n < 400; ++n) {
    link.pose(n / 20.0);
    link.pose(n / 20.0 + 0.01, n < 100 ? 0.0 : put_back_s, "StylusToTracker");
  }
  EXPECT_EQ(link.report().clock_jumps, 0U);
  EXPECT_EQ(link.stream(0).late, 0U);
  EXPECT_EQ(link.stream(1).late, 300U);
}

TEST(ClockStep, MessagesHeldBackAreOutOfOrderAndNoClock) {
  Link link;
  for (int n = 1; n < 100; ++n)
    if (n < 80 || n > 95) link.pose(n / 20.0);
  for (int n = 80; n <= 95; ++n) link.pose(100 / 20.0 + (n - 80) / 1000.0, 100 / 20.0 - n / 20.0);
  link.steady(101, 400);
  EXPECT_EQ(link.report().clock_jumps, 0U);
  EXPECT_EQ(link.stream().out_of_order, 16U);
  EXPECT_EQ(link.stream().dropped, 1U);
  EXPECT_LE(link.stream().late, 16U);
}

// Lateness that begins with two messages in the wrong order is lateness.
TEST(ClockStep, LatenessStaysLate) {
  for (const double old_s : {0.3, 0.5, 0.9, 3.0}) {
    Link link;
    link.steady(1, 100);
    link.pose(5.0 + old_s, old_s);
    link.pose(5.0 + old_s, old_s + 0.07);
    for (int n = 101; n < 1000; ++n) link.pose(n / 20.0 + old_s, old_s);
    EXPECT_EQ(link.report().clock_jumps, 0U) << old_s;
    EXPECT_EQ(link.stream().late, 901U) << old_s;
  }
  // The one that is out of order is the first that is late.
  for (const double old_s : {0.22, 0.3, 0.5, 0.9}) {
    Link link;
    link.steady(1, 100);
    link.pose(4.95 + old_s, old_s + 0.06);
    for (int n = 100; n < 1000; ++n) link.pose(n / 20.0 + old_s, old_s);
    EXPECT_EQ(link.report().clock_jumps, 0U) << old_s;
    EXPECT_EQ(link.stream().late, 901U) << old_s;
  }
}

// Times that were there before: what a sender has kept is sent again, and is as old as it says.
TEST(ClockStep, WhatIsSentAgainIsOld) {
  Link link;
  link.steady(1, 100);
  for (int n = 100; n < 1000; ++n) {
    LiveMessage message = transform_at("ProbeToTracker", (n - 18) / 20.0, pose_at(1, 2, 3, 4));
    message.received_s = n / 20.0 + clocks_apart_s + travel_s;
    link.note(message);
  }
  EXPECT_EQ(link.report().clock_jumps, 0U);
  EXPECT_EQ(link.stream().late, 900U);
}

TEST(ClockStep, TwoSendersOfOneNameAreOutOfOrder) {
  Link link;
  for (int n = 1; n < 400; ++n) {
    link.pose(n / 20.0);
    if (n >= 100) link.pose(n / 20.0 + 0.02, put_back_s);
  }
  EXPECT_EQ(link.report().clock_jumps, 0U);
  EXPECT_EQ(link.stream().out_of_order, 300U);
  EXPECT_EQ(link.stream().late, 300U);
}

TEST(ClockStep, BelowWhatIsLateAddsToTheDelay) {
  Link link;
  link.steady(1, 100);
  link.steady(100, 300, 0.15);
  EXPECT_EQ(link.report().clock_jumps, 0U);
  EXPECT_EQ(link.stream().late, 0U);
  EXPECT_NEAR(link.stream().delay_s, 0.15, 2e-3);
}

TEST(ClockStep, ANewLinkForgetsWhatWasSuspected) {
  Link link;
  link.steady(1, 100);
  link.steady(100, 110, put_back_s);
  link.note({.received_s = clocks_apart_s + 5.6, .content = LiveConnected{"probe:18944"}});
  link.events.clear();
  link.steady(113, 300, put_back_s);
  EXPECT_EQ(link.report().clock_jumps, 0U);
  EXPECT_EQ(link.count(HealthChange::late), 0U);
}

}  // namespace
}  // namespace genu::network
