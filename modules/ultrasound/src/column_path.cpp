// SPDX-License-Identifier: Apache-2.0
#include "column_path.h"

#include <algorithm>
#include <cmath>

namespace genu::ultrasound::working {
namespace {

constexpr int none = -1;

/// The best sums up to one column, and where they came from.
struct Column {
  std::vector<double> sum;
  double sum_without = 0.0;
};

}  // namespace

std::vector<int> best_path(const cv::Mat_<float>& score, const PathOptions& options) {
  const int rows = score.rows, columns = score.cols;
  if (rows == 0 || columns == 0) return {};
  const bool may_be_none = std::isfinite(options.without);
  const double impossible = -std::numeric_limits<double>::infinity();
  Column now;
  now.sum.resize(static_cast<std::size_t>(rows));
  for (int y = 0; y < rows; ++y) now.sum[static_cast<std::size_t>(y)] = score(y, 0);
  now.sum_without = may_be_none ? options.without : impossible;
  cv::Mat_<int> from(rows, columns, none);
  std::vector<int> from_without(static_cast<std::size_t>(columns), none);
  for (int x = 1; x < columns; ++x) {
    Column next;
    next.sum.resize(static_cast<std::size_t>(rows));
    for (int y = 0; y < rows; ++y) {
      double best = now.sum_without - options.switch_cost;
      int origin = none;
      for (int p = std::max(0, y - options.max_step); p <= std::min(rows - 1, y + options.max_step); ++p) {
        const double sum = now.sum[static_cast<std::size_t>(p)] - options.step_cost * (y - p) * (y - p);
        if (sum > best) {
          best = sum;
          origin = p;
        }
      }
      from(y, x) = origin;
      next.sum[static_cast<std::size_t>(y)] = best + score(y, x);
    }
    const auto top = std::max_element(now.sum.begin(), now.sum.end());
    const double ended = *top - options.switch_cost;
    if (ended > now.sum_without)
      from_without[static_cast<std::size_t>(x)] = static_cast<int>(top - now.sum.begin());
    next.sum_without = may_be_none ? std::max(now.sum_without, ended) + options.without : impossible;
    now = std::move(next);
  }
  const auto top = std::max_element(now.sum.begin(), now.sum.end());
  int state = *top > now.sum_without ? static_cast<int>(top - now.sum.begin()) : none;
  std::vector<int> path(static_cast<std::size_t>(columns), none);
  for (int x = columns - 1; x >= 0; --x) {
    path[static_cast<std::size_t>(x)] = state;
    if (x > 0) state = state == none ? from_without[static_cast<std::size_t>(x)] : from(state, x);
  }
  return path;
}

}  // namespace genu::ultrasound::working
