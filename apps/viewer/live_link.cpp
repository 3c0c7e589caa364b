// SPDX-License-Identifier: Apache-2.0
#include "live_link.h"

#include <array>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <genu/core/error.h>
#include <genu/network/frame_assembly.h>

namespace genu::viewer {

/// What the receiving thread and the window share; lives as long as either.
struct LiveLink::Shared {
  std::mutex lock;
  std::condition_variable_any ended;
  bool over = false;
  News news;
  std::stop_source stop;
  std::thread receiver;

  void note(const network::LiveMessage& message) {
    const std::scoped_lock hold(lock);
    if (std::holds_alternative<network::LiveConnected>(message.content)) {
      news.connected = true;
      news.trouble.clear();
    } else if (const auto* lost = std::get_if<network::LiveLost>(&message.content)) {
      news.connected = false;
      news.trouble = lost->why;
      if (lost->retry_in_s) {
        std::array<char, 48> again{};
        std::snprintf(again.data(), again.size(), "; tried again in %.1f s", *lost->retry_in_s);
        news.trouble += again.data();
      }
    }
  }

  void keep(std::vector<network::AssembledFrame> frames, const network::StreamHealth& health) {
    for (network::AssembledFrame& assembled : frames) {
      if (assembled.frame.image.empty() || assembled.out_of_order) continue;
      const double taken_s = network::taken_s(assembled, health.clock_offset_s());
      auto moment = std::make_shared<const ultrasound::TrackedFrame>(std::move(assembled.frame));
      const std::scoped_lock hold(lock);
      news.moment = std::move(moment);
      news.received_s = assembled.received_s;
      news.taken_s = taken_s;
    }
  }

  void tell(std::vector<network::HealthEvent> events, network::LinkReport report) {
    constexpr std::size_t most = 6;  // as many as are worth reading beside a moving picture
    const std::scoped_lock hold(lock);
    for (network::HealthEvent& event : events) news.events.push_back(std::move(event));
    if (news.events.size() > most)
      news.events.erase(news.events.begin(), news.events.end() - static_cast<std::ptrdiff_t>(most));
    news.report = std::move(report);
  }

  void receive(const network::Address& address) {
    network::ClientOptions options;
    options.reconnect = true;
    network::TrackingClient client(address, options, stop.get_token());
    network::StreamHealth health;
    network::FrameAssembler assembler;
    double reported_s = 0.0;
    while (client.open()) {
      constexpr double often_s = 0.05;  // a stall is noticed so soon
      std::vector<network::HealthEvent> events;
      if (auto message = client.next(often_s)) {
        note(*message);
        events = health.note(*message);
        keep(assembler.add(*std::move(message)), health);
      }
      const double now = network::clock_s();
      for (network::HealthEvent& event : health.look(now)) events.push_back(std::move(event));
      keep(assembler.look(now), health);
      if (events.empty() && now - reported_s < often_s) continue;
      reported_s = now;
      tell(std::move(events), health.report(now));
    }
  }
};

LiveLink::LiveLink(const network::Address& address) : shared_(std::make_shared<Shared>()) {
  shared_->receiver = std::thread([shared = shared_, address] {
    std::string trouble;
    try {
      shared->receive(address);
    } catch (const Cancelled&) {
      trouble = "the link was closed";
    } catch (const std::exception& error) {
      trouble = describe(error);
    }
    const std::scoped_lock hold(shared->lock);
    shared->news.connected = false;
    if (!trouble.empty()) shared->news.trouble = trouble;
    shared->over = true;
    shared->ended.notify_all();
  });
}

// Looking up a host's name can't be stopped; a window must not wait for that, so the thread is left to
// itself.
LiveLink::~LiveLink() {
  shared_->stop.request_stop();
  std::unique_lock hold(shared_->lock);
  const bool over = shared_->ended.wait_for(hold, std::chrono::seconds(1), [this] { return shared_->over; });
  hold.unlock();
  if (over)
    shared_->receiver.join();
  else
    shared_->receiver.detach();
}

LiveLink::News LiveLink::take() {
  const std::scoped_lock hold(shared_->lock);
  News news = shared_->news;
  shared_->news.moment.reset();
  return news;
}

}  // namespace genu::viewer
