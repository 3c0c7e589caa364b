// SPDX-License-Identifier: Apache-2.0
// Server and client on one machine: every fault that is played is seen.
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "replayed.h"

namespace genu::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace genu::network
