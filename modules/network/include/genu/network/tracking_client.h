// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <genu/network/live_message.h>
#include <genu/network/openigtlink.h>

namespace genu::network {

/// Where a server listens.
struct Address {
  std::string host = "127.0.0.1";
  int port = 18944;  ///< OpenIGTLink's own.
};

/// Returns the address in "host:port", "host" or "[::1]:18944".
/// \throws InvalidInput if it is none
Address address_in(const std::string& text);

struct ClientOptions {
  double connect_timeout_s = 5.0;
  bool reconnect = false;       ///< Try again when the link is lost or can't be made, and say so.
  double first_retry_s = 0.25;  ///< Doubled after each attempt that fails, up to the next.
  double longest_retry_s = 5.0;
  /// Asks for TDATA at such intervals; trackers that wait to be asked send none otherwise.
  std::optional<int> ask_tracking_data_ms = {};
  ReadingOptions reading = {};
};

/// A link to an OpenIGTLink server, as PLUS is one. Not for two threads at once.
///
/// It begins with a GET_STATUS of header version 2, which makes PLUS answer in that version: only there it
/// says which poses are lost. What it reads waits in the system's buffers until it is asked for, so that
/// whoever is slow sees messages late, and `received_s` tells.
class TrackingClient {
 public:
  /// \throws IoError saying host, port and why if there is no link and `reconnect` is not set; Cancelled
  explicit TrackingClient(const Address& address, const ClientOptions& options = {},
                          const std::stop_token& stop = {});
  ~TrackingClient();
  TrackingClient(TrackingClient&&) noexcept;
  TrackingClient& operator=(TrackingClient&&) noexcept;

  /// Returns what happens next, a message or a change of the link; nothing if that takes longer, or at once
  /// if the link is lost for good. A message that makes no sense is told (LiveRefused) and passed over; one
  /// that leaves no way to find the next costs the link. An attempt to connect again may take its own time
  /// longer. \throws Cancelled if a stop was requested
  std::optional<LiveMessage> next(double timeout_s);
  /// Returns false once the link is lost for good.
  bool open() const;

 private:
  class Link;
  std::unique_ptr<Link> link_;
};

}  // namespace genu::network
