// SPDX-License-Identifier: Apache-2.0
#include "sockets.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <genu/core/error.h>
#include <genu/network/live_message.h>

namespace genu::network {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

std::string place(const std::string& host, int port) {
  return host + ":" + std::to_string(port);
}

Addresses addresses_of(const std::string& host, int port, bool to_listen) {
  if (port < 0 || port > 65535) throw IoError("there is no port " + std::to_string(port));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) throw IoError("the host '" + host + "' is not known: " + gai_strerror(error));
  return {found, &freeaddrinfo};
}

int milliseconds(double seconds) {
  constexpr double most = 3600.0;
  return static_cast<int>(std::ceil(1000.0 * std::min(std::max(seconds, 0.0), most)));
}

void set_option(int socket, int level, int name, int value) {
  setsockopt(socket, level, name, &value, sizeof value);
}

/// Small messages leave at once, and a dead line is noticed: after 5 s of silence, by 3 questions 2 s apart.
void prepare(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

/// Polls for one event on a socket; returns what poll says of socket and wake. A signal ends no wait: whoever
/// wants to stop wakes it.
std::array<short, 2> poll_both(int socket, short events, const Wake& wake, double timeout_s) {
  const double until = clock_s() + timeout_s;
  std::array<pollfd, 2> both{pollfd{socket, events, 0}, pollfd{wake.number(), POLLIN, 0}};
  int ready = 0;
  do ready = poll(both.data(), both.size(), milliseconds(until - clock_s()));
  while (ready < 0 && errno == EINTR);
  if (ready <= 0) return {0, 0};
  return {both[0].revents, both[1].revents};
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Wake::Wake() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.open()) throw Error("no event can be made: " + system_message(errno));
}

void Wake::set() const {
  const std::uint64_t one = 1;
  // It fails only if it is set already.
  if (write(event_.number(), &one, sizeof one) < 0) return;
}

std::string system_message(int error) {
  return std::generic_category().message(error);
}

std::optional<Descriptor> connect_to(const std::string& host, int port, double timeout_s, const Wake& wake) {
  const Addresses addresses = addresses_of(host, port, false);
  const double until = clock_s() + timeout_s;
  std::string why = "it has no address";
  for (const addrinfo* one = addresses.get(); one; one = one->ai_next) {
    Descriptor socket(
        ::socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, one->ai_protocol));
    if (!socket.open()) {
      why = system_message(errno);
      continue;
    }
    int error = connect(socket.number(), one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      const auto [ready, woken] = poll_both(socket.number(), POLLOUT, wake, until - clock_s());
      if (woken != 0) return std::nullopt;
      socklen_t size = sizeof error;
      if (ready == 0)
        error = ETIMEDOUT;
      else
        getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) {
      prepare(socket.number());
      return socket;
    }
    why = system_message(error);
  }
  throw IoError("cannot connect to " + place(host, port) + ": " + why);
}

Descriptor listen_on(const std::string& address, int port) {
  const Addresses addresses = addresses_of(address, port, true);
  std::string why = "it has no address";
  for (const addrinfo* one = addresses.get(); one; one = one->ai_next) {
    Descriptor socket(
        ::socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, one->ai_protocol));
    constexpr int waiting = 8;
    if (socket.open()) set_option(socket.number(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (socket.open() && bind(socket.number(), one->ai_addr, one->ai_addrlen) == 0 &&
        listen(socket.number(), waiting) == 0)
      return socket;
    why = system_message(errno);
  }
  throw IoError("cannot listen on " + place(address, port) + ": " + why);
}

int port_of(const Descriptor& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(listener.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw IoError("a socket does not know its port: " + system_message(errno));
  const bool six = address.ss_family == AF_INET6;
  return ntohs(six ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::optional<Descriptor> accept_from(const Descriptor& listener) {
  Descriptor socket(accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.open()) return std::nullopt;
  prepare(socket.number());
  return socket;
}

Transfer receive(const Descriptor& socket, std::span<std::byte> into) {
  const ssize_t count = recv(socket.number(), into.data(), into.size(), 0);
  if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
  if (count == 0) return {.closed = true};
  if (errno == EAGAIN || errno == EINTR) return {};
  return {.closed = true, .why = system_message(errno)};
}

Transfer send(const Descriptor& socket, std::span<const std::byte> from) {
  const ssize_t count = ::send(socket.number(), from.data(), from.size(), MSG_NOSIGNAL);
  if (count >= 0) return {.bytes = static_cast<std::size_t>(count)};
  if (errno == EAGAIN || errno == EINTR) return {};
  return {.closed = true, .why = system_message(errno)};
}

void finish_sending(const Descriptor& socket) {
  shutdown(socket.number(), SHUT_WR);
}

Ready wait_for_bytes(const Descriptor& socket, const Wake& wake, double timeout_s) {
  const auto [ready, woken] = poll_both(socket.number(), POLLIN, wake, timeout_s);
  if (woken != 0) return Ready::woken;
  return ready != 0 ? Ready::socket : Ready::nothing;
}

}  // namespace genu::network
