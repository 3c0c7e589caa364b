// SPDX-License-Identifier: Apache-2.0
#include "column_values.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace genu::ultrasound::working {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::vector<double> median_filtered(const std::vector<double>& values, int half) {
  std::vector<double> result(values.size(), nan), near;
  const int n = static_cast<int>(values.size());
  for (int i = 0; i < n; ++i) {
    if (std::isnan(values[static_cast<std::size_t>(i)])) continue;
    near.clear();
    for (int k = std::max(0, i - half); k <= std::min(n - 1, i + half); ++k)
      if (!std::isnan(values[static_cast<std::size_t>(k)]))
        near.push_back(values[static_cast<std::size_t>(k)]);
    const auto middle = near.begin() + static_cast<std::ptrdiff_t>(near.size() / 2);
    std::nth_element(near.begin(), middle, near.end());
    result[static_cast<std::size_t>(i)] = *middle;
  }
  return result;
}

std::vector<double> line_filtered(const std::vector<double>& values, double sigma) {
  std::vector<double> result(values.size(), nan);
  const int n = static_cast<int>(values.size()), half = static_cast<int>(std::ceil(3.0 * sigma));
  for (int i = 0; i < n; ++i) {
    if (std::isnan(values[static_cast<std::size_t>(i)])) continue;
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, v0 = 0.0, v1 = 0.0;
    for (int k = std::max(0, i - half); k <= std::min(n - 1, i + half); ++k) {
      const double v = values[static_cast<std::size_t>(k)], d = k - i;
      if (std::isnan(v)) continue;
      const double w = std::exp(-0.5 * d * d / (sigma * sigma));
      s0 += w, s1 += w * d, s2 += w * d * d, v0 += w * v, v1 += w * d * v;
    }
    const double determinant = s0 * s2 - s1 * s1;
    result[static_cast<std::size_t>(i)] = determinant > 1e-9 ? (s2 * v0 - s1 * v1) / determinant : v0 / s0;
  }
  return result;
}

std::vector<double> gaps_filled(const std::vector<double>& values) {
  std::vector<double> result = values;
  std::size_t last = values.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    for (std::size_t k = last + 1; last < values.size() && k < i; ++k) {
      const double part = static_cast<double>(k - last) / static_cast<double>(i - last);
      result[k] = (1.0 - part) * values[last] + part * values[i];
    }
    last = i;
  }
  return result;
}

}  // namespace genu::ultrasound::working
