// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include <genu/network/frame_assembly.h>
#include <genu/network/replay_server.h>
#include <genu/network/stream_health.h>
#include <genu/network/tracking_client.h>

#include "live_samples.h"

namespace genu::network {

inline constexpr double patience_s = 10.0;

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
inline Heard listen(TrackingClient& client, const HealthOptions& options = {},
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

inline ReplayOptions at_full_speed() {
  ReplayOptions options;
  options.port = 0;
  options.speed = 0.0;
  return options;
}

/// Plays a recording to one client.
inline Heard replayed(const ultrasound::TrackedSequence& sequence, const ReplayOptions& options,
                      const HealthOptions& health = {}) {
  const ReplayServer server(sequence, options);
  TrackingClient client({"127.0.0.1", server.port()});
  return listen(client, health);
}

}  // namespace genu::network
