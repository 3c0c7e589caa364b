// SPDX-License-Identifier: Apache-2.0
// The best line through a picture from its first to its last column, by dynamic programming.
#pragma once

#include <limits>
#include <vector>

#include <opencv2/core.hpp>

namespace genu::ultrasound::working {

struct PathOptions {
  double step_cost = 0.02;  ///< Times the square of the rows between neighbouring columns.
  int max_step = 3;         ///< Rows between neighbouring columns.
  /// A column without a line gains this; at its default there is a line in every column.
  double without = -std::numeric_limits<double>::infinity();
  double switch_cost = 0.0;  ///< Of beginning or ending a line.
};

/// Returns the row of the line in each column, -1 where it is better to have none.
std::vector<int> best_path(const cv::Mat_<float>& score, const PathOptions& options);

}  // namespace genu::ultrasound::working
