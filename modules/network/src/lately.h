// SPDX-License-Identifier: Apache-2.0
// What is remembered of a stream: its last values, its fastest message, its silence.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <optional>
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
  bool holds(double value) const { return std::find(values_.begin(), values_.end(), value) != values_.end(); }

 private:
  std::deque<double> values_;
};

/// The least of all values, which rises only as two clocks may drift apart: what is late for long stays late.
class LeastButDrift {
 public:
  /// Takes a value; since the one before it the least may have risen by `drift` seconds a second.
  void add(double at_s, double value, double drift) {
    const double risen = least_ + drift * std::max(0.0, at_s - last_s_);
    least_ = risen <= value ? risen : value;  // the first one too, before which it is NaN
    last_s_ = at_s;
  }
  void clear() { *this = {}; }
  double value() const { return least_; }

 private:
  double least_ = std::numeric_limits<double>::quiet_NaN();
  double last_s_ = std::numeric_limits<double>::quiet_NaN();
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
