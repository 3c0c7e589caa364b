// SPDX-License-Identifier: Apache-2.0
// What is remembered of a stream's last seconds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace genu::network {

inline double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The last few values of something.
class Recent {
 public:
  void add(double value, std::size_t most) {
    values_.push_back(value);
    if (values_.size() > most) values_.pop_front();
  }
  void clear() { values_.clear(); }
  std::size_t size() const { return values_.size(); }
  double median_value() const { return median({values_.begin(), values_.end()}); }
  double first() const { return values_.front(); }
  double last() const { return values_.back(); }

 private:
  std::deque<double> values_;
};

/// The least of the values of the last seconds.
class LeastLately {
 public:
  void add(double at_s, double value, double window_s) {
    while (!kept_.empty() && kept_.back().second >= value) kept_.pop_back();
    kept_.emplace_back(at_s, value);
    while (kept_.front().first < at_s - window_s) kept_.pop_front();
  }
  void clear() { kept_.clear(); }
  double value() const {
    return kept_.empty() ? std::numeric_limits<double>::quiet_NaN() : kept_.front().second;
  }

 private:
  std::deque<std::pair<double, double>> kept_;  // values grow from front to back
};

/// How long something has been silent.
struct Silence {
  double last_s = std::numeric_limits<double>::quiet_NaN();
  bool now = false;
  bool said = false;  // and not only part of a silence of the whole link
  std::size_t count = 0;
  double total_s = 0.0;

  bool begins(double now_s, double limit_s) const { return !now && now_s - last_s > limit_s; }
  void begin() {
    now = true;
    ++count;
  }
  double lasting_s(double now_s) const { return total_s + (now ? now_s - last_s : 0.0); }
  /// Something came; returns how long a stall lasted, or nothing.
  std::optional<double> end(double at_s) {
    std::optional<double> lasted;
    if (now) lasted = at_s - last_s;
    total_s += lasted.value_or(0.0);
    now = said = false;
    last_s = at_s;
    return lasted;
  }
};

}  // namespace genu::network
