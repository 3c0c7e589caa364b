// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include <genu/app/progress_bar.h>

namespace genu::app {

ProgressBar::ProgressBar(std::ostream& out, Options options)
    : out_(out), options_(std::move(options)), started_(options_.now()) {}

ProgressBar::~ProgressBar() {
  clear();
}

void ProgressBar::show(std::string_view what, double fraction) {
  if (!options_.terminal) return;
  const auto now = options_.now();
  if (now - started_ < options_.shown_after) return;
  if (visible_ && now - drawn_ < options_.redrawn_every) return;

  constexpr int bar_width = 24;
  const double done = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
  const int filled = static_cast<int>(done * bar_width);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - started_).count();
  std::string line = "[" + std::string(static_cast<std::size_t>(filled), '#') +
                     std::string(static_cast<std::size_t>(bar_width - filled), '.') + "] " +
                     std::to_string(static_cast<int>(done * 100.0)) + " %  " + std::to_string(seconds) +
                     " s  ";
  line += what;
  // A line that wraps could not be overwritten; the last column is left free for the same reason.
  const auto room = static_cast<std::size_t>(std::max(options_.columns - 1, 20));
  if (line.size() > room) line.resize(room);
  out_ << "\r\x1b[K" << line << std::flush;
  drawn_ = now;
  visible_ = true;
}

void ProgressBar::clear() {
  if (!visible_) return;
  out_ << "\r\x1b[K" << std::flush;
  visible_ = false;
}

ProgressBar::Options bar_on_stderr() {
  ProgressBar::Options options;
  const char* terminal_type = std::getenv("TERM");
  options.terminal = isatty(STDERR_FILENO) == 1 && terminal_type && std::string_view(terminal_type) != "dumb";
  winsize size{};
  if (options.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    options.columns = size.ws_col;
  return options;
}

}  // namespace genu::app
