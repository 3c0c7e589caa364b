// SPDX-License-Identifier: Apache-2.0
// POSIX sockets, since those of OpenIGTLink's library can neither be stopped nor given a time to connect in,
// nor listen on one address alone.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace genu::network {

/// An open file descriptor, closed at its end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

/// Ends a wait from another thread.
class Wake {
 public:
  Wake();
  int number() const { return event_.number(); }
  void set() const;

 private:
  Descriptor event_;
};

/// Returns text like "Connection refused".
std::string system_message(int error);

/// Connects within a time, or until `wake` is set: then it returns nothing. The socket does not block.
/// \throws IoError saying host, port and why
std::optional<Descriptor> connect_to(const std::string& host, int port, double timeout_s, const Wake& wake);

/// Listens; port 0 takes any that is free. \throws IoError saying address, port and why
Descriptor listen_on(const std::string& address, int port);
int port_of(const Descriptor& listener);
/// Returns the next one who wants to connect, or nothing; the socket does not block.
std::optional<Descriptor> accept_from(const Descriptor& listener);

/// How a transfer went.
struct Transfer {
  std::size_t bytes = 0;
  bool closed = false;   ///< The other side is gone.
  std::string why = {};  ///< Of `closed`; empty if it closed in order.
};
/// Takes what is there, up to the size of `into`.
Transfer receive(const Descriptor& socket, std::span<std::byte> into);
/// Gives what fits.
Transfer send(const Descriptor& socket, std::span<const std::byte> from);
/// Says that nothing more will be sent.
void finish_sending(const Descriptor& socket);

enum class Ready { nothing, socket, woken };
/// Waits until there is something to receive.
Ready wait_for_bytes(const Descriptor& socket, const Wake& wake, double timeout_s);

}  // namespace genu::network
