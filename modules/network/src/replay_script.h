// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <genu/network/replay_server.h>

namespace genu::network {

using Bytes = std::vector<std::byte>;

/// What a server does at one moment.
struct ReplayStep {
  double due_s = 0.0;    ///< After the start, at the recording's own pace.
  double stall_s = 0.0;  ///< First says nothing for so long.
  std::vector<std::shared_ptr<const Bytes>> messages;
  bool hang_up_before = false, hang_up_after = false;
};

/// Makes a recording into steps, with the faults that are wanted.
class ReplayScript {
 public:
  ReplayScript(ultrasound::TrackedSequence sequence, ReplayOptions options);

  /// Returns how many steps a round has: frames without those dropped.
  std::size_t steps() const { return order_.size(); }
  /// Returns when a step is due, seconds after the start.
  double due_s(std::size_t round, std::size_t step) const;
  /// Makes a step. \param started_s by `clock_s`, for times that are now; as due if speed is 0
  ReplayStep step(std::size_t round, std::size_t step, double started_s) const;
  std::size_t frames() const { return sequence_.frames.size(); }

 private:
  bool has(FaultKind kind, std::size_t frame) const;
  double time_of(std::size_t round, std::size_t frame, double due_s, double started_s) const;
  std::vector<Bytes> messages_of(std::size_t frame, double time_s) const;

  ultrasound::TrackedSequence sequence_;
  ReplayOptions options_;
  std::vector<double> offsets_;  // when each frame is due in its round
  double round_s_ = 0.0;
  std::vector<std::size_t> order_;
};

}  // namespace genu::network
