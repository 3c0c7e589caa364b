// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <vnl/algo/vnl_symmetric_eigensystem.h>
#include <vnl/vnl_matrix.h>
#include <vnl/vnl_vector.h>

// What every fit of surfaces shares.
namespace genu::registration {

/// Tukey's biweight: nothing beyond 4.685 standard deviations, which the median stands for.
class TukeyWeights {
 public:
  explicit TukeyWeights(double median_mm) : end_mm_(4.685 * 1.4826 * std::max(median_mm, least_median_mm)) {}
  double operator()(double distance_mm) const {
    const double r = distance_mm / end_mm_;
    return std::abs(r) < 1.0 ? (1.0 - r * r) * (1.0 - r * r) : 0.0;
  }

 private:
  static constexpr double least_median_mm = 0.02;
  double end_mm_;
};

/// Returns x with left x = right for the normal equations of least squares. A change along which nothing is
/// felt, as a ball's turning, is left alone. The upper half of `left` need not be filled.
inline vnl_vector<double> least_squares(vnl_matrix<double> left, const vnl_vector<double>& right) {
  const unsigned size = right.size();
  for (unsigned r = 0; r < size; ++r)
    for (unsigned c = r + 1; c < size; ++c) left(r, c) = left(c, r);
  const vnl_symmetric_eigensystem<double> system(left);
  const double least = 1e-6 * std::max(system.D(size - 1, size - 1), std::numeric_limits<double>::min());
  vnl_vector<double> x(size, 0.0);
  for (unsigned e = 0; e < size; ++e) {
    if (system.D(e, e) < least) continue;
    const vnl_vector<double> axis = system.get_eigenvector(e);
    x += (dot_product(axis, right) / system.D(e, e)) * axis;
  }
  return x;
}

}  // namespace genu::registration
