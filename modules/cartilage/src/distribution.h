// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace genu::cartilage {

/// A value and the area that it stands for.
struct Sample {
  double value;
  double area_mm2;
};

/// Values from least to greatest, each with its area; NaN where there are none.
class Distribution {
 public:
  explicit Distribution(std::vector<Sample> samples) : samples_(std::move(samples)) {
    std::sort(samples_.begin(), samples_.end(),
              [](const Sample& a, const Sample& b) { return a.value < b.value; });
    for (const Sample& s : samples_) total_ += s.area_mm2;
  }
  /// Returns the value that this part of the area lies below; between two samples, their mean.
  double at(double part) const {
    if (samples_.empty()) return unknown;
    double below = 0.0;
    for (std::size_t n = 0; n < samples_.size(); ++n) {
      below += samples_[n].area_mm2;
      if (below > part * total_) return samples_[n].value;
      if (below == part * total_ && n + 1 < samples_.size())
        return 0.5 * (samples_[n].value + samples_[n + 1].value);
    }
    return samples_.back().value;
  }
  double least() const { return samples_.empty() ? unknown : samples_.front().value; }
  double most() const { return samples_.empty() ? unknown : samples_.back().value; }

 private:
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::vector<Sample> samples_;
  double total_ = 0.0;
};

}  // namespace genu::cartilage
