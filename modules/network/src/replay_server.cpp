// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

#include "replay_script.h"
#include "sockets.h"

namespace genu::network {
namespace {

constexpr std::size_t patient_bytes = 1U << 20U;  // a client with more to take is waited for at full speed
constexpr std::size_t slow_bytes =
    64U << 20U;                    // a client with more to take misses frames at the recording's pace
constexpr double goodbye_s = 2.0;  // for clients to take what is left at the end

/// One who listens.
struct Client {
  Descriptor socket;
  std::deque<std::shared_ptr<const Bytes>> queue;
  std::size_t sent_of_first = 0, queued_bytes = 0;
  bool ending = false;    // is closed once it has taken what is queued
  bool finished = false;  // was told that nothing more comes

  void give(const std::shared_ptr<const Bytes>& message) {
    queue.push_back(message);
    queued_bytes += message->size();
  }
  /// Sends what fits; returns the number of bytes.
  std::size_t push() {
    std::size_t total = 0;
    while (socket.open() && !queue.empty()) {
      const Transfer sent = send(socket, std::span(*queue.front()).subspan(sent_of_first));
      if (sent.closed) {
        socket.close();
        break;
      }
      if (sent.bytes == 0) break;
      total += sent.bytes;
      sent_of_first += sent.bytes;
      if (sent_of_first < queue.front()->size()) continue;
      queued_bytes -= queue.front()->size();
      queue.pop_front();
      sent_of_first = 0;
    }
    if (socket.open() && ending && queue.empty() && !finished) {
      finish_sending(socket);
      finished = true;
    }
    return total;
  }
  /// Takes what it says, which nobody reads: bytes that lie unread at the end would break the connection off.
  void drain() {
    std::array<std::byte, 4096> ignored{};
    const Transfer got = receive(socket, ignored);
    if (got.closed) socket.close();
  }
};

}  // namespace

class ReplayServer::Service {
 public:
  Service(ultrasound::TrackedSequence sequence, const ReplayOptions& options)
      : speed_(options.speed),
        loop_(options.loop),
        awaited_(options.clients),
        script_(std::move(sequence), options),
        listener_(listen_on(options.address, options.port)),
        port_(port_of(listener_)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  int port() const { return port_; }

  void stop() {
    thread_.request_stop();
    wake_.set();
    if (thread_.joinable()) thread_.join();
  }

  bool wait(double timeout_s) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::duration<double>(timeout_s), [this] { return report_.over; });
  }

  ReplayReport report() const {
    const std::lock_guard lock(mutex_);
    return report_;
  }

 private:
  void run(const std::stop_token& stop) {
    std::string failure;
    try {
      while (!stop.stop_requested() && !(over_ && clients_.empty())) {
        wait_for_something();
        welcome();
        if (!over_) play();
        if (over_ && clock_s() > over_at_s_ + goodbye_s) clients_.clear();
      }
    } catch (const std::exception& problem) {
      failure = problem.what();  // nobody above this thread could catch it
    }
    clients_.clear();
    listener_.close();
    const std::lock_guard lock(mutex_);
    report_.failure = failure;
    report_.over = true;
    changed_.notify_all();
  }

  /// Waits for a client, for room to send to one, or for the next step.
  void wait_for_something() {
    std::vector<pollfd> all{{wake_.number(), POLLIN, 0}, {listener_.number(), POLLIN, 0}};
    all.reserve(clients_.size() + 2);
    for (const Client& client : clients_) {
      const bool more = !client.queue.empty();
      all.push_back({client.socket.number(), static_cast<short>(more ? POLLIN | POLLOUT : POLLIN), 0});
    }
    timespec time{};
    const double left = seconds_to_wait();
    time.tv_sec = static_cast<time_t>(left);
    time.tv_nsec = static_cast<long>((left - std::floor(left)) * 1e9);
    if (ppoll(all.data(), all.size(), &time, nullptr) <= 0) return;
    std::size_t n = 2;
    std::size_t sent = 0;
    for (Client& client : clients_) {
      const auto ready = all[n++].revents;
      if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) client.drain();
      if ((ready & POLLOUT) != 0) sent += client.push();
    }
    forget_closed();
    count_bytes(sent);
  }

  double seconds_to_wait() const {
    constexpr double long_s = 0.5;
    if (over_ || !playing_) return long_s;
    if (clock_s() < silent_until_s_) return std::min(silent_until_s_ - clock_s(), long_s);
    if (speed_ == 0.0) return somebody_is_busy() ? long_s : 0.0;
    return std::clamp(started_s_ + script_.due_s(round_, step_) - clock_s(), 0.0, long_s);
  }

  bool somebody_is_busy() const {
    const bool nobody =
        std::all_of(clients_.begin(), clients_.end(), [](const Client& c) { return c.ending; });
    return nobody || std::any_of(clients_.begin(), clients_.end(),
                                 [](const Client& c) { return c.queued_bytes > patient_bytes; });
  }

  void welcome() {
    while (auto socket = over_ ? std::nullopt : accept_from(listener_)) {
      Client& client = clients_.emplace_back();
      client.socket = std::move(*socket);
      const LiveStatus status{.code = 1,
                              .text = "a recording of " + std::to_string(script_.frames()) + " frames"};
      client.give(
          std::make_shared<const Bytes>(written({.device = "Genu", .time_s = clock_s(), .content = status})));
      count_bytes(client.push());
      if (!playing_ && clients_.size() >= awaited_) {
        started_s_ = clock_s();
        playing_ = true;
      }
      const std::lock_guard lock(mutex_);
      ++report_.clients;
    }
  }

  /// Sends the steps that are due.
  void play() {
    while (playing_ && !over_ && clock_s() >= silent_until_s_) {
      if (speed_ == 0.0 ? somebody_is_busy() : clock_s() < started_s_ + script_.due_s(round_, step_)) return;
      const ReplayStep step = script_.step(round_, step_, started_s_);
      if (step.stall_s > 0.0 && !stalled_) {
        silent_until_s_ = clock_s() + step.stall_s;
        stalled_ = true;
        return;
      }
      stalled_ = false;
      send_step(step);
      if (++step_ < script_.steps()) continue;
      step_ = 0;
      ++round_;
      if (!loop_) end();
    }
  }

  void send_step(const ReplayStep& step) {
    if (step.hang_up_before) end_connections();
    std::size_t skipped = 0, sent = 0;
    for (Client& client : clients_) {
      if (client.ending) continue;
      if (client.queued_bytes > slow_bytes) {
        ++skipped;
        continue;
      }
      for (const auto& message : step.messages) client.give(message);
      client.ending = step.hang_up_after;
      sent += client.push();
    }
    forget_closed();
    count_bytes(sent);
    const std::lock_guard lock(mutex_);
    ++report_.frames;
    report_.skipped += skipped;
  }

  void end_connections() {
    for (Client& client : clients_) {
      client.ending = true;
      client.push();
    }
  }

  void end() {
    const LiveStatus status{.code = 19, .text = "the recording is over"};
    const auto message =
        std::make_shared<const Bytes>(written({.device = "Genu", .time_s = clock_s(), .content = status}));
    for (Client& client : clients_)
      if (!client.ending) client.give(message);
    end_connections();
    over_ = true;
    over_at_s_ = clock_s();
    listener_.close();
  }

  void forget_closed() {
    clients_.remove_if([](const Client& client) { return !client.socket.open(); });
  }

  void count_bytes(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    report_.bytes += bytes;
  }

  double speed_;
  bool loop_;
  std::size_t awaited_;
  ReplayScript script_;
  Descriptor listener_;
  int port_;
  Wake wake_;
  std::list<Client> clients_;
  bool playing_ = false, over_ = false, stalled_ = false;
  double started_s_ = 0.0, silent_until_s_ = 0.0, over_at_s_ = 0.0;
  std::size_t round_ = 0, step_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  ReplayReport report_;
  std::jthread thread_;  // last: it uses all others
};

ReplayServer::ReplayServer(ultrasound::TrackedSequence sequence, const ReplayOptions& options)
    : service_(std::make_unique<Service>(std::move(sequence), options)) {}
ReplayServer::~ReplayServer() = default;
ReplayServer::ReplayServer(ReplayServer&&) noexcept = default;
ReplayServer& ReplayServer::operator=(ReplayServer&&) noexcept = default;

int ReplayServer::port() const {
  return service_->port();
}
void ReplayServer::stop() {
  service_->stop();
}
bool ReplayServer::wait(double timeout_s) const {
  return service_->wait(timeout_s);
}
ReplayReport ReplayServer::report() const {
  return service_->report();
}

}  // namespace genu::network
