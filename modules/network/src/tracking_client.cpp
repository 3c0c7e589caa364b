// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <utility>

#include <genu/core/error.h>
#include <genu/network/tracking_client.h>

#include "sockets.h"
#include "wire.h"

namespace genu::network {
namespace {

/// A message that is growing.
class Incoming {
 public:
  /// Returns where the next bytes go. Memory grows with what comes, not with what a header says.
  std::span<std::byte> room() {
    constexpr std::size_t step = 1U << 20U;
    const std::size_t wanted = std::min(needed(), have_ + step);
    if (bytes_.size() < wanted) bytes_.resize(wanted);
    return std::span(bytes_).subspan(have_, wanted - have_);
  }
  /// Counts bytes that came; returns true once the message is whole. \throws InvalidInput
  bool took(std::size_t count, const ReadingOptions& options) {
    have_ += count;
    if (!header_ && have_ == header_bytes)
      header_ = read_header(std::span<const std::byte, header_bytes>(bytes_.data(), header_bytes), options);
    return header_ && have_ == needed();
  }
  const MessageHeader& header() const { return *header_; }
  std::span<const std::byte> body() const {
    return std::span(bytes_).subspan(header_bytes, have_ - header_bytes);
  }
  /// Says how far it is; empty if nothing came.
  std::string progress() const {
    if (have_ == 0) return {};
    if (!header_) return std::to_string(have_) + " of " + std::to_string(header_bytes) + " bytes of a header";
    return std::to_string(have_ - header_bytes) + " of " + std::to_string(header_->body_bytes) +
           " bytes of " + header_->type + " " + header_->device;
  }
  void begin_again() {
    have_ = 0;
    header_.reset();
  }

 private:
  std::size_t needed() const {
    return header_ ? header_bytes + static_cast<std::size_t>(header_->body_bytes) : header_bytes;
  }

  std::vector<std::byte> bytes_;
  std::size_t have_ = 0;
  std::optional<MessageHeader> header_;
};

}  // namespace

Address address_in(const std::string& text) {
  Address address;
  std::string host = text, port;
  if (const std::size_t bracket = text.find(']'); text.starts_with('[') && bracket != std::string::npos) {
    host = text.substr(1, bracket - 1);
    port = text.substr(bracket + 1);
    if (!port.empty() && !port.starts_with(':')) throw InvalidInput("'" + text + "' is no host:port");
  } else if (const std::size_t colon = text.rfind(':'); colon != std::string::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (host.empty() || (!text.starts_with('[') && host.find(':') != std::string::npos))
    throw InvalidInput("'" + text + "' is no host:port");
  address.host = host;
  if (port.empty()) return address;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port < 1 || address.port > 65535)
    throw InvalidInput("'" + text + "' is no host:port: a port is a number from 1 to 65535");
  return address;
}

/// The link, and what is known of it.
class TrackingClient::Link {
 public:
  Link(Address address, const ClientOptions& options, const std::stop_token& stop)
      : address_(std::move(address)),
        options_(options),
        retry_s_(options.first_retry_s),
        stop_(stop),
        on_stop_(stop, [this] { wake_.set(); }) {
    try {
      connect();
    } catch (const IoError& problem) {
      if (!options_.reconnect) throw;
      lose(problem.what());
    }
  }

  bool open() const { return socket_.open() || retry_at_s_ || !told_.empty(); }

  std::optional<LiveMessage> next(double timeout_s) {
    const double until = clock_s() + timeout_s;
    while (true) {
      if (stop_.stop_requested()) throw Cancelled("listening to " + peer() + " was stopped");
      if (!told_.empty()) {
        LiveMessage first = std::move(told_.front());
        told_.pop_front();
        return first;
      }
      const double left = until - clock_s();
      if (socket_.open()) {
        if (wait_for_bytes(socket_, wake_, left) == Ready::socket)
          take_bytes();
        else if (clock_s() >= until)
          return std::nullopt;
      } else if (!retry_at_s_ || !retry_within(until)) {
        return std::nullopt;
      }
    }
  }

 private:
  std::string peer() const { return address_.host + ":" + std::to_string(address_.port); }

  void tell(LiveContent content) {
    const double now = clock_s();
    told_.push_back({.received_s = now, .content = std::move(content)});
  }

  void connect() {
    auto socket = connect_to(address_.host, address_.port, options_.connect_timeout_s, wake_);
    if (!socket) throw Cancelled("connecting to " + peer() + " was stopped");
    socket_ = std::move(*socket);
    incoming_.begin_again();
    retry_at_s_.reset();
    tell(LiveConnected{peer()});
    ask();
  }

  /// Asks for what needs to be asked for. It fits into the buffers of a new connection.
  void ask() {
    std::vector<std::byte> request = written("GET_STATUS", "Genu", clock_s(), {}, 2);
    if (options_.ask_tracking_data_ms) {
      constexpr std::size_t frame_letters = 32;
      WireWriter content;
      content.number(static_cast<std::uint32_t>(*options_.ask_tracking_data_ms));
      content.text("", frame_letters);
      const auto start = written("STT_TDATA", "Genu", clock_s(), content.bytes(), 2);
      request.insert(request.end(), start.begin(), start.end());
    }
    if (const Transfer sent = send(socket_, request); sent.closed) lose(sent.why);
  }

  void lose(const std::string& why) {
    socket_.close();
    LiveLost lost{why, std::nullopt};
    if (options_.reconnect) {
      lost.retry_in_s = retry_s_;
      retry_at_s_ = clock_s() + retry_s_;
      retry_s_ = std::min(2.0 * retry_s_, options_.longest_retry_s);
    }
    tell(std::move(lost));
  }

  /// Waits until it is time to connect, and tries; returns false if that is later than `until`.
  bool retry_within(double until) {
    const double at = *retry_at_s_;
    const Descriptor none;
    wait_for_bytes(none, wake_, std::min(at, until) - clock_s());
    if (clock_s() < at) return clock_s() < until;
    try {
      if (!stop_.stop_requested()) connect();
    } catch (const IoError& problem) {
      lose(problem.what());
    }
    return true;
  }

  void take_bytes() {
    const Transfer got = receive(socket_, incoming_.room());
    if (got.closed) {
      const std::string cut = incoming_.progress();
      std::string why = got.why.empty() ? "the server closed the connection" : got.why;
      if (!cut.empty()) why += " in the middle of a message, after " + cut;
      lose(why);
      return;
    }
    try {
      if (incoming_.took(got.bytes, options_.reading)) take_message();
    } catch (const InvalidInput& problem) {
      tell(LiveRefused{problem.what()});
      lose("what follows can't be told from the rest");
    }
  }

  void take_message() {
    const MessageHeader& header = incoming_.header();
    LiveMessage message{.device = header.device, .time_s = header.time_s, .content = LiveRefused{}};
    try {
      message.content = read_body(header, incoming_.body(), options_.reading);
      retry_s_ = options_.first_retry_s;
    } catch (const InvalidInput& problem) {
      message.content = LiveRefused{problem.what()};
    }
    message.received_s = clock_s();
    told_.push_back(std::move(message));
    incoming_.begin_again();
  }

  Address address_;
  ClientOptions options_;
  Wake wake_;
  Descriptor socket_;
  Incoming incoming_;
  std::deque<LiveMessage> told_;
  double retry_s_;
  std::optional<double> retry_at_s_;
  std::stop_token stop_;
  std::stop_callback<std::function<void()>> on_stop_;
};

TrackingClient::TrackingClient(const Address& address, const ClientOptions& options,
                               const std::stop_token& stop)
    : link_(std::make_unique<Link>(address, options, stop)) {}
TrackingClient::~TrackingClient() = default;
TrackingClient::TrackingClient(TrackingClient&&) noexcept = default;
TrackingClient& TrackingClient::operator=(TrackingClient&&) noexcept = default;

std::optional<LiveMessage> TrackingClient::next(double timeout_s) {
  return link_->next(timeout_s);
}

bool TrackingClient::open() const {
  return link_->open();
}

}  // namespace genu::network
