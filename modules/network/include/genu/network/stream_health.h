// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <genu/network/live_message.h>

namespace genu::network {

struct HealthOptions {
  double stall_s = 1.0;      ///< Silence longer than this, and than three times what is usual, is a stall.
  double late_s = 0.2;       ///< A message that took so much longer than the fastest one is late.
  double gap_periods = 1.5;  ///< A step of the sender's times longer than so many periods misses messages.
  /// The sender's time going back by more, or ahead of the fastest message, is another clock: not another
  /// order, nor a gap. Going back by less is another clock once all streams have gone on from there, all
  /// late.
  double clock_jump_s = 1.0;
  /// Seconds by which two clocks may drift apart in a second. The fastest message since the link or the clock
  /// began stands for the clocks' offset, and only by this is it forgotten: a steady delay stays a delay.
  double clock_drift = 1e-4;
  std::size_t window = 32;  ///< Messages of a stream over which rate, period and delay are taken.
};

enum class HealthChange {
  connected,
  lost,
  stalled,
  resumed,
  late,
  on_time,
  dropped,
  out_of_order,
  clock_jumped,
  pose_lost,
  pose_found,
  refused,
  skipped,
  status
};

/// Returns "stalled", "pose lost" ...
std::string name_of(HealthChange change);

/// Something that whoever looks at a live picture must know.
struct HealthEvent {
  HealthChange change{};
  std::string stream;  ///< "IMAGE Image_Reference", "ProbeToTracker"; empty for the link itself.
  double at_s = 0.0;   ///< By `clock_s`.
  std::string text;    ///< A sentence without its stream.
};

/// One stream: images of one device, or poses of one name. Times that were not measured are NaN.
struct StreamReport {
  std::string name, status;  ///< Status of the last one: "OK", "MISSING" ...
  std::size_t messages = 0;
  double rate_hz = std::numeric_limits<double>::quiet_NaN();   ///< As received, lately.
  double period_s = std::numeric_limits<double>::quiet_NaN();  ///< Median step of the sender's times, lately.
  double delay_s =
      std::numeric_limits<double>::quiet_NaN();  ///< Median time over that of the fastest message, lately.
  double longest_delay_s = std::numeric_limits<double>::quiet_NaN();
  std::size_t late = 0, out_of_order = 0, repeated = 0;
  std::size_t dropped =
      0;  ///< As many as fit into the gaps of the sender's times, less those that came later.
  std::size_t stalls = 0;
  double stalled_s = 0.0;  ///< In all, with one that lasts.
  bool stalled_now = false;
  std::map<std::string, std::size_t> unsound;  ///< Poses or images that were not OK, by status.
};

struct LinkReport {
  std::size_t connections = 0, losses = 0, refused = 0, clock_jumps = 0;
  std::size_t stalls = 0;  ///< Of everything at once.
  double stalled_s = 0.0;
  std::size_t not_watched = 0;                 ///< Messages of streams beyond the first 256.
  std::map<std::string, std::size_t> skipped;  ///< Messages that Genu does not read, by type.
  /// The receiver's clock less the sender's, by the message that came fastest, with the drift since: its
  /// travel is part of it.
  double clock_offset_s = std::numeric_limits<double>::quiet_NaN();
  std::vector<StreamReport> streams;  ///< By name.
};

/// Watches what a link brings: rates, delays, stalls, messages that are late, lost, out of order, poses that
/// are not sound. It bridges nothing; it only says.
class StreamHealth {
 public:
  explicit StreamHealth(const HealthOptions& options = {});
  ~StreamHealth();
  StreamHealth(StreamHealth&&) noexcept;
  StreamHealth& operator=(StreamHealth&&) noexcept;

  /// Takes a message into account; returns what it changes.
  std::vector<HealthEvent> note(const LiveMessage& message);
  /// Returns what silence has changed by now. To be called while nothing comes.
  std::vector<HealthEvent> look(double now_s);
  LinkReport report(double now_s) const;
  /// Returns LinkReport::clock_offset_s alone; NaN before the first message that tells its time.
  double clock_offset_s() const;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace genu::network
