// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <genu/app/signal_stop.h>
#include <genu/core/error.h>

namespace genu::app {

namespace {

// A handler may do next to nothing; it wakes a thread through a pipe, and that thread may lock and free.
std::array<int, 2> wake_pipe{-1, -1};

struct Caught {
  int signal;
  struct sigaction previous;
};
std::array<Caught, 3> caught{{{SIGINT, {}}, {SIGTERM, {}}, {SIGHUP, {}}}};

void on_signal(int) {
  const int saved_errno = errno;
  const char wake = 's';
  // A full pipe means that the listener has much to read already.
  if (write(wake_pipe[1], &wake, 1) < 0) {
  }
  errno = saved_errno;
}

void listen(std::stop_source& stop, const std::function<void()>& last_act) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds impatience{1};  // sooner, and the key bounced or two senders meant one thing
  constexpr int interrupted_exit_code = 130;
  std::optional<Clock::time_point> first;
  while (true) {
    char woken = 0;
    const ssize_t n = read(wake_pipe[0], &woken, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    if (!first) {
      first = Clock::now();
      stop.request_stop();
    } else if (Clock::now() - *first > impatience) {
      if (last_act) last_act();
      _exit(interrupted_exit_code);
    }
  }
}

}  // namespace

SignalStop::SignalStop(std::function<void()> last_act) {
  if (pipe2(wake_pipe.data(), O_CLOEXEC) != 0)
    throw Error("signals can't be caught: " + std::string(std::strerror(errno)));
  listener_ = std::jthread([stop = source_, act = std::move(last_act)]() mutable { listen(stop, act); });
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (Caught& one : caught) {
    sigaction(one.signal, &action, &one.previous);
    // Under nohup the work goes on when its terminal goes.
    if (one.signal == SIGHUP && one.previous.sa_handler == SIG_IGN) sigaction(SIGHUP, &one.previous, nullptr);
  }
}

SignalStop::~SignalStop() {
  for (const Caught& one : caught) sigaction(one.signal, &one.previous, nullptr);
  close(wake_pipe[1]);  // the listener reads the end of the file and returns
  listener_.join();
  close(wake_pipe[0]);
  wake_pipe = {-1, -1};
}

}  // namespace genu::app
