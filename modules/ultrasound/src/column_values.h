// SPDX-License-Identifier: Apache-2.0
// Values along the columns of a picture, NaN = none.
#pragma once

#include <vector>

namespace genu::ultrasound::working {

/// Returns the median of the numbers among 2 half + 1 neighbours; NaN stays NaN.
std::vector<double> median_filtered(const std::vector<double>& values, int half);

/// Returns the middle of a straight line fitted to Gaussian-weighted neighbours (sigma in columns), so that
/// slopes keep their ends; NaN stays NaN.
std::vector<double> line_filtered(const std::vector<double>& values, double sigma);

/// Returns the values with gaps between numbers filled linearly; NaN before the first and after the last
/// number.
std::vector<double> gaps_filled(const std::vector<double>& values);

}  // namespace genu::ultrasound::working
