// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <genu/network/stream_health.h>
#include <genu/network/tracking_client.h>
#include <genu/ultrasound/tracked.h>

namespace genu::viewer {

/// A live stream, received and watched in a thread of its own. A link that is lost is made again.
class LiveLink {
 public:
  explicit LiveLink(const network::Address& address);
  /// Ends the link.
  ~LiveLink();
  LiveLink(const LiveLink&) = delete;
  LiveLink& operator=(const LiveLink&) = delete;

  struct News {
    /// The last moment with an image since it was asked before; null if there was none.
    std::shared_ptr<const ultrasound::TrackedFrame> moment;
    /// When the last moment with an image came, and when it was taken, by network::clock_s.
    double received_s = std::numeric_limits<double>::quiet_NaN();
    double taken_s = std::numeric_limits<double>::quiet_NaN();
    network::LinkReport report;
    std::vector<network::HealthEvent> events;  ///< The last ones, oldest first.
    bool connected = false;
    std::string trouble;  ///< Why there is no link; empty while there is one.
  };
  /// Returns what is new. Never waits for the network.
  News take();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace genu::viewer
