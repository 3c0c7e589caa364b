// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <genu/ultrasound/needle_guidance.h>

#include "needle_inputs.h"

namespace genu::app {

/// How a session's pictures came out.
struct NeedleTally {
  std::size_t looked_at = 0;
  std::size_t stale = 0;     ///< Too old when they had been looked at; they count no further.
  std::size_t seen = 0;      ///< Show a needle.
  std::size_t measured = 0;  ///< ... whose place to the plan is known.
};

/// Looks for a needle in live pictures, in a thread of its own: whoever hands them in never waits. Of those
/// that come while it is busy only the newest is looked at.
class NeedleWatch {
 public:
  /// \param depth_mm imaging depth that the machine was set to, where pictures do not say theirs
  /// \param stale_s a picture older than this shows nothing that still holds
  /// \throws as read_guide
  NeedleWatch(const NeedleWords& words, io::TrackedSetup setup, const std::optional<double>& depth_mm,
              double stale_s);
  ~NeedleWatch();
  NeedleWatch(const NeedleWatch&) = delete;
  NeedleWatch& operator=(const NeedleWatch&) = delete;

  /// Returns the plan that needles are measured against, if there is one.
  const std::optional<io::NeedlePlanChosen>& plan() const { return plan_; }
  const io::TrackedSetup& setup() const { return setup_; }
  /// Takes a picture. \param taken_s when it was taken, by network::clock_s
  void add(ultrasound::TrackedFrame moment, double taken_s);
  /// Returns one line: the needle in the newest picture, or that what is known is stale.
  std::string line(double now_s);
  /// Returns the tally, once the last picture has been looked at.
  NeedleTally finish();

 private:
  struct Picture {
    ultrasound::TrackedFrame moment;
    double taken_s = 0.0;
  };
  struct Answer {
    double taken_s = 0.0;
    std::string words;
  };
  void work(const std::stop_token& stop);
  std::string look(const ultrasound::TrackedFrame& moment, NeedleTally& tally) const;

  io::TrackedSetup setup_;
  std::optional<io::NeedlePlanChosen> plan_;
  ultrasound::NeedleOptions finder_;
  std::optional<double> depth_mm_;
  double stale_s_;
  std::mutex lock_;  ///< Of all that follows.
  std::condition_variable_any changed_;
  std::optional<Picture> next_;
  std::optional<double> newest_s_;  ///< When the newest picture was taken.
  std::optional<Answer> answer_;
  bool busy_ = false;
  NeedleTally tally_;
  std::jthread worker_;
};

}  // namespace genu::app
