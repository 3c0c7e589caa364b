// SPDX-License-Identifier: Apache-2.0
#include "recording_gaps.h"

#include <algorithm>
#include <cstddef>

namespace genu::ultrasound {

double longest_step_s(const std::vector<double>& times_s, double at_least_s) {
  std::vector<double> periods;
  for (std::size_t n = 1; n < times_s.size(); ++n)
    if (const double period = times_s[n] - times_s[n - 1]; period > 0.0) periods.push_back(period);
  if (periods.empty()) return at_least_s;
  const auto middle = periods.begin() + static_cast<std::ptrdiff_t>(periods.size() / 2);
  std::nth_element(periods.begin(), middle, periods.end());
  constexpr double periods_in_step = 3.0;
  return std::max(at_least_s, periods_in_step * *middle);
}

}  // namespace genu::ultrasound
