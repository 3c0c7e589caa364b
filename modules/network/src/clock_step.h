// SPDX-License-Identifier: Apache-2.0
// A sender's clock that was put back by less than is told at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>

namespace genu::network {

/// Times that went back once in a stream that was on time, and then on from there. It is another clock if
/// from then on every message of every stream is late by at least as much as they went back, in order, until
/// they have passed what was the latest: behind what was only held back comes something on time. Where most
/// of those times were there before, the same is sent again, and is as old as it says.
class ClockStep {
 public:
  bool suspected() const { return !streams_.empty(); }
  double least_difference_s() const { return least_s_; }

  /// Begins with a message whose time is older by `back_s` than the latest of its stream, `latest_s`.
  void suspect(const std::string& stream, double back_s, double latest_s) {
    *this = {};
    first_ = stream;
    back_s_ = back_s;
    latest_s_ = latest_s;
    streams_[stream];
  }
  void dismiss() { *this = {}; }

  /// Takes every message from the first one on; dismisses the suspicion if one speaks against it.
  /// \param difference_s received less sent; `delay_s` is by the clock until then
  /// \param sent_before that its stream has had this very time before
  void take(const std::string& stream, double time_s, double difference_s, double delay_s, double late_s,
            bool sent_before) {
    After& after = streams_[stream];
    if (time_s == after.time_s) return;
    if (delay_s <= late_s || delay_s < back_s_ || time_s < after.time_s) return dismiss();
    after.time_s = time_s;
    again_ += sent_before ? 1U : 0U;
    all_ += time_s < latest_s_ ? 1U : 0U;
    if (stream == first_ && time_s > latest_s_ && 2 * again_ > all_) return dismiss();
    ++after.count;
    least_s_ = std::min(least_s_, difference_s);
  }

  /// Returns true if enough has come of a stream, and the first one has passed what was the latest.
  bool goes_on(const std::string& stream) const {
    constexpr std::size_t enough = 8;
    const auto found = streams_.find(stream);
    return found != streams_.end() && found->second.count >= enough &&
           (stream != first_ || found->second.time_s > latest_s_);
  }

 private:
  struct After {
    double time_s = std::numeric_limits<double>::quiet_NaN();
    std::size_t count = 0;
  };
  std::string first_;
  double back_s_ = 0.0, latest_s_ = 0.0;
  double least_s_ = std::numeric_limits<double>::infinity();
  std::size_t again_ = 0, all_ = 0;  // of the times up to the latest: there before, and all
  std::map<std::string, After> streams_;
};

}  // namespace genu::network
