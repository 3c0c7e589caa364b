// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <pthread.h>

#include <genu/core/error.h>
#include <genu/network/tracking_client.h>

#include "live_samples.h"
#include "raw_server.h"

namespace genu::network {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::byte>;
constexpr double patience_s = 5.0;

/// A server of any bytes, and a client that is connected to it.
struct Pair {
  RawServer server;
  TrackingClient client;

  explicit Pair(const ClientOptions& options = {}) : client({"127.0.0.1", server.port()}, options) {
    server.accept_one();
    EXPECT_TRUE(std::holds_alternative<LiveConnected>(next().content));
  }
  LiveMessage next() {
    auto message = client.next(patience_s);
    return message ? *std::move(message) : LiveMessage{};
  }
  template <typename Content>
  Content next_as() {
    const LiveMessage message = next();
    const auto* content = std::get_if<Content>(&message.content);
    EXPECT_TRUE(content) << "something else, number " << message.content.index();
    return content ? *content : Content{};
  }
};

Bytes a_transform(double time_s = 1.0) {
  return written(transform_at("ProbeToTracker", time_s, pose_at(0.1, 1, 2, 3)));
}

TEST(Address, IsReadFromWhatPeopleWrite) {
  EXPECT_EQ(address_in("localhost").host, "localhost");
  EXPECT_EQ(address_in("localhost").port, 18944);
  EXPECT_EQ(address_in("10.0.0.7:1234").port, 1234);
  EXPECT_EQ(address_in("[::1]:99").host, "::1");
  EXPECT_EQ(address_in("[::1]:99").port, 99);
  EXPECT_EQ(address_in("[::1]").port, 18944);
  for (const char* text : {"", ":1234", "host:", "host:0", "host:65536", "host:12x", "::1", "[::1]x"})
    EXPECT_THROW(address_in(text), InvalidInput) << text;
}

TEST(TrackingClient, AsksInVersion2SoThatPlusAnswersInIt) {
  Pair pair({.ask_tracking_data_ms = 50});
  const Bytes first = pair.server.receive(header_bytes);
  EXPECT_EQ(header_of(first).type, "GET_STATUS");
  EXPECT_EQ(header_of(first).version, 2);
  pair.server.receive(header_of(first).body_bytes);
  const Bytes second = pair.server.receive(header_bytes);
  EXPECT_EQ(header_of(second).type, "STT_TDATA");
  const Bytes body = pair.server.receive(header_of(second).body_bytes);
  EXPECT_EQ(body[12 + 3], std::byte{50});
  EXPECT_EQ(body.size(), 12U + 36U + 2U);
}

TEST(TrackingClient, TakesMessagesHoweverTheyAreCut) {
  Pair pair;
  Bytes all = a_transform(1.0);
  const LiveMessage image{
      .device = "Image_Image", .time_s = 2.0, .content = LiveImage{.image = picture(300, 200)}};
  const Bytes large = written(image);
  all.insert(all.end(), large.begin(), large.end());
  const Bytes last = a_transform(3.0);
  all.insert(all.end(), last.begin(), last.end());
  std::thread sender([&] {
    std::mt19937_64 random(3);
    std::span<const std::byte> rest(all);
    while (!rest.empty()) {
      const std::size_t count = std::min<std::size_t>(rest.size(), 1 + random() % 5000);
      pair.server.send(rest.first(count));
      rest = rest.subspan(count);
    }
  });
  EXPECT_EQ(pair.next().time_s, 1.0);
  EXPECT_EQ(pair.next_as<LiveImage>().image, picture(300, 200));
  const LiveMessage end = pair.next();
  EXPECT_EQ(end.time_s, 3.0);
  EXPECT_NEAR(end.received_s, clock_s(), 5.0);
  sender.join();
}

TEST(TrackingClient, RefusesADamagedMessageAndGoesOn) {
  Pair pair;
  Bytes damaged = a_transform();
  damaged.back() ^= std::byte{1};
  pair.server.send(damaged);
  pair.server.send(written("TRANSFORM", "ProbeToTracker", 1.0, Bytes(10), 1));
  pair.server.send(written("NONSENSE", "ProbeToTracker", 1.0, Bytes(10), 1));
  pair.server.send(a_transform(7.0));
  EXPECT_THAT(pair.next_as<LiveRefused>().why, HasSubstr("checksum"));
  EXPECT_THAT(pair.next_as<LiveRefused>().why, HasSubstr("10 bytes"));
  EXPECT_EQ(pair.next_as<LiveSkipped>().type, "NONSENSE");
  EXPECT_EQ(pair.next().time_s, 7.0);
}

TEST(TrackingClient, LeavesALinkOnWhichNothingCanBeToldApart) {
  for (const bool absurd : {false, true}) {
    Pair pair;
    Bytes bytes = a_transform();
    if (absurd)
      bytes[42] = std::byte{0x7F};
    else
      std::fill(bytes.begin(), bytes.end(), std::byte{'x'});
    pair.server.send(bytes);
    EXPECT_THAT(pair.next_as<LiveRefused>().why, HasSubstr(absurd ? "not believed" : "no OpenIGTLink"));
    EXPECT_EQ(pair.next_as<LiveLost>().retry_in_s, std::nullopt);
    EXPECT_FALSE(pair.client.open());
    EXPECT_FALSE(pair.client.next(patience_s)) << "at once";
  }
}

TEST(TrackingClient, SaysWhereAMessageWasCutOff) {
  const Bytes whole = a_transform();
  for (const auto& [count, words] :
       {std::pair<std::size_t, std::string>{30, "30 of 58 bytes of a header"},
        {header_bytes + 20,
         "20 of " + std::to_string(whole.size() - header_bytes) + " bytes of TRANSFORM ProbeToTracker"}}) {
    Pair pair;
    pair.server.send(std::span(whole).first(count));
    pair.server.finish();
    EXPECT_THAT(pair.next_as<LiveLost>().why, HasSubstr(words));
  }
  Pair pair;
  pair.server.finish();
  EXPECT_EQ(pair.next_as<LiveLost>().why, "the server closed the connection");
}

TEST(TrackingClient, GivesUpWaitingAndGoesOnWhereItWas) {
  Pair pair;
  const Bytes whole = a_transform(9.0);
  pair.server.send(std::span(whole).first(70));
  EXPECT_FALSE(pair.client.next(0.02));
  EXPECT_TRUE(pair.client.open());
  pair.server.send(std::span(whole).subspan(70));
  EXPECT_EQ(pair.next().time_s, 9.0);
}

TEST(TrackingClient, SaysWhyThereIsNoLink) {
  int port = 0;
  {
    const RawServer gone;
    port = gone.port();
  }
  try {
    const TrackingClient client({"127.0.0.1", port});
    ADD_FAILURE() << "not refused";
  } catch (const IoError& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("127.0.0.1:" + std::to_string(port) + ": Connection refused"));
  }
  EXPECT_THROW(TrackingClient({"no.such.host.invalid", 1}), IoError);
}

TEST(TrackingClient, ConnectsAgainIfAskedAndSaysSo) {
  Pair pair({.reconnect = true, .first_retry_s = 0.01});
  pair.server.send(a_transform(1.0));
  EXPECT_EQ(pair.next().time_s, 1.0);
  pair.server.hang_up();
  EXPECT_EQ(pair.next_as<LiveLost>().retry_in_s, 0.01);
  EXPECT_TRUE(pair.client.open());
  pair.next_as<LiveConnected>();
  pair.server.accept_one();
  pair.server.send(a_transform(2.0));
  EXPECT_EQ(pair.next().time_s, 2.0);
}

TEST(TrackingClient, WaitsLongerAfterEachAttemptThatFails) {
  Pair pair({.reconnect = true, .first_retry_s = 0.01, .longest_retry_s = 0.03});
  pair.server.stop_listening();
  pair.server.hang_up();
  for (const double wait : {0.01, 0.02, 0.03, 0.03}) EXPECT_EQ(pair.next_as<LiveLost>().retry_in_s, wait);
}

TEST(TrackingClient, CanBeStoppedFromAnotherThread) {
  const RawServer server;
  std::stop_source stop;
  TrackingClient client({"127.0.0.1", server.port()}, {}, stop.get_token());
  EXPECT_TRUE(client.next(patience_s));
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop.request_stop();
  });
  EXPECT_THROW(client.next(3600.0), Cancelled);
  stopper.join();
}

// A server whose queue is full leaves whoever connects waiting. A signal is no end of that; a stop is.
TEST(TrackingClient, ASignalWhileConnectingIsNoTimeOut) {
  const RawServer server;
  std::vector<std::unique_ptr<TrackingClient>> queue;
  // As many as its queue of four takes; one more says that it is full.
  for (int n = 0; n < 16; ++n) try {
      queue.push_back(std::make_unique<TrackingClient>(Address{"127.0.0.1", server.port()},
                                                       ClientOptions{.connect_timeout_s = 0.1}));
    } catch (const IoError&) {
      break;
    }
  ASSERT_LT(queue.size(), 16U);
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  struct sigaction before {};
  sigaction(SIGUSR1, &nothing, &before);
  std::stop_source stop;
  std::thread other([&stop, connecting = pthread_self()] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    pthread_kill(connecting, SIGUSR1);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  const double began_s = clock_s();
  EXPECT_THROW(TrackingClient({"127.0.0.1", server.port()}, {.connect_timeout_s = 20.0}, stop.get_token()),
               Cancelled);
  EXPECT_GT(clock_s() - began_s, 0.25);
  EXPECT_LT(clock_s() - began_s, 10.0);
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(TrackingClient, AnyBytesEndInAWordAndNotInACrash) {
  std::mt19937_64 random(11);
  for (int n = 0; n < 30; ++n) {
    Pair pair;
    Bytes bytes = a_transform();
    for (int copies = 0; copies < 3; ++copies) {
      const Bytes more = a_transform();
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    for (int changes = 0; changes < 12; ++changes)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    pair.server.send(bytes);
    pair.server.finish();
    bool lost = false;
    while (const auto message = pair.client.next(patience_s))
      lost = std::holds_alternative<LiveLost>(message->content);
    EXPECT_TRUE(lost) << "the last word";
  }
}

}  // namespace
}  // namespace genu::network
