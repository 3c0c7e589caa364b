// SPDX-License-Identifier: Apache-2.0
#include "ultrasound_playback.h"

#include <algorithm>
#include <cmath>

namespace genu::viewer {
namespace {

constexpr double unknown_step_s = 0.1;

bool are_known(const std::vector<double>& times_s) {
  if (!std::all_of(times_s.begin(), times_s.end(), [](double t) { return std::isfinite(t); })) return false;
  for (std::size_t f = 1; f < times_s.size(); ++f)
    if (times_s[f] <= times_s[f - 1]) return false;
  return !times_s.empty();
}

double median_step(const std::vector<double>& times_s) {
  if (times_s.size() < 2) return unknown_step_s;
  std::vector<double> steps;
  steps.reserve(times_s.size());
  for (std::size_t f = 1; f < times_s.size(); ++f) steps.push_back(times_s[f] - times_s[f - 1]);
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace

UltrasoundPlayback::UltrasoundPlayback(QObject* parent) : QObject(parent) {
  timer_.setTimerType(Qt::PreciseTimer);
  timer_.setInterval(10);
  connect(&timer_, &QTimer::timeout, this, [this] { tick(); });
}

void UltrasoundPlayback::set_times(const std::vector<double>& times_s) {
  play(false);
  times_known_ = are_known(times_s);
  starts_s_.clear();
  for (std::size_t f = 0; f < times_s.size(); ++f)
    starts_s_.push_back(times_known_ ? times_s[f] - times_s[0] : unknown_step_s * static_cast<double>(f));
  length_s_ = starts_s_.empty() ? 0.0 : starts_s_.back() + median_step(starts_s_);
  frame_ = 0;
}

int UltrasoundPlayback::frame_at(double elapsed_s) const {
  if (count() < 2) return 0;
  const double in_round = std::fmod(elapsed_s, length_s_);
  const auto next = std::upper_bound(starts_s_.begin(), starts_s_.end(), in_round);
  return std::max(0, static_cast<int>(next - starts_s_.begin()) - 1);
}

void UltrasoundPlayback::play(bool on) {
  if (on == playing() || (on && count() < 2)) return;
  if (on) {
    started_at_s_ = starts_s_[static_cast<std::size_t>(frame_)];
    since_.start();
    timer_.start();
  } else {
    timer_.stop();
  }
  emit played(on);
}

void UltrasoundPlayback::go_to(int frame) {
  if (count() == 0) return;
  frame = std::clamp(frame, 0, count() - 1);
  started_at_s_ = starts_s_[static_cast<std::size_t>(frame)];
  since_.start();
  if (frame == frame_) return;
  frame_ = frame;
  emit moved(frame);
}

void UltrasoundPlayback::tick() {
  const int due = frame_at(started_at_s_ + 1e-3 * static_cast<double>(since_.elapsed()));
  if (due == frame_) return;
  frame_ = due;
  emit moved(due);
}

}  // namespace genu::viewer
