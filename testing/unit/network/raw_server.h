// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace genu::network {

/// A server on this machine that sends whatever bytes a test wants.
class RawServer {
 public:
  RawServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 4) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no server");
    port_ = ntohs(address.sin_port);
  }
  ~RawServer() {
    hang_up();
    stop_listening();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  void accept_one() {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, 5000) != 1) throw std::runtime_error("nobody came");
    client_ = accept(listener_, nullptr, nullptr);
  }
  void send(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("nobody listens");
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  /// Receives exactly so many bytes.
  std::vector<std::byte> receive(std::size_t count) const {
    std::vector<std::byte> bytes(count);
    if (recv(client_, bytes.data(), count, MSG_WAITALL) != static_cast<ssize_t>(count))
      throw std::runtime_error("cut short");
    return bytes;
  }
  /// Ends what it says, so that all of it arrives.
  void finish() const { shutdown(client_, SHUT_WR); }
  void hang_up() {
    if (client_ >= 0) close(client_);
    client_ = -1;
  }
  void stop_listening() {
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
  }

 private:
  int listener_ = -1, client_ = -1, port_ = 0;
};

}  // namespace genu::network
