// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace genu::app {

/// A bar on a terminal for work that takes longer than a moment; silent everywhere else.
class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    bool terminal = false;  ///< Without one nothing is ever drawn.
    std::chrono::milliseconds shown_after{2000};
    std::chrono::milliseconds redrawn_every{100};
    int columns = 80;
    std::function<Clock::time_point()> now = [] { return Clock::now(); };
  };

  ProgressBar(std::ostream& out, Options options);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Shows what is being done and how much of it, 0 to 1.
  void show(std::string_view what, double fraction);
  /// Removes the bar from the terminal; the next `show` draws it again.
  void clear();

 private:
  std::ostream& out_;
  Options options_;
  Clock::time_point started_;
  Clock::time_point drawn_;
  bool visible_ = false;
};

/// Returns the options for the process's own stderr.
ProgressBar::Options bar_on_stderr();

}  // namespace genu::app
