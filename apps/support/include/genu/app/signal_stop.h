// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace genu::app {

/// Turns SIGINT, SIGTERM and SIGHUP (unless nohup has it ignored) into a stop request for as long as it
/// lives; there may be one at a time.
///
/// The first signal asks for an orderly end. A second one that comes a second or more later, because the work
/// does not listen, calls `last_act` and ends the process at once with code 130.
class SignalStop {
 public:
  /// \throws Error if the signals can't be caught.
  explicit SignalStop(std::function<void()> last_act = {});
  ~SignalStop();
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread listener_;
};

}  // namespace genu::app
