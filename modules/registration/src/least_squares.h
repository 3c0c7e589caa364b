// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
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

/// The normal equations of weighted least squares: rows are added one by one, then solved.
template <std::size_t N>
class NormalEquations {
 public:
  /// Adds weight * (row x - value)^2 to what shall be least.
  void add(const std::array<double, N>& row, double value, double weight) {
    for (unsigned r = 0; r < N; ++r) {
      right_[r] += weight * row[r] * value;
      for (unsigned c = 0; c <= r; ++c) left_(r, c) += weight * row[r] * row[c];
    }
  }
  /// Returns x. A change along which nothing is felt, as a ball's turning, is left alone.
  std::array<double, N> solved() const {
    vnl_matrix<double> left(left_);
    for (unsigned r = 0; r < N; ++r)
      for (unsigned c = r + 1; c < N; ++c) left(r, c) = left(c, r);
    const vnl_symmetric_eigensystem<double> system(left);
    const double least = 1e-6 * std::max(system.D(N - 1, N - 1), std::numeric_limits<double>::min());
    std::array<double, N> x{};
    for (unsigned e = 0; e < N; ++e) {
      if (system.D(e, e) < least) continue;
      const vnl_vector<double> axis = system.get_eigenvector(e);
      const double along = dot_product(axis, right_) / system.D(e, e);
      for (unsigned n = 0; n < N; ++n) x[n] += along * axis[n];
    }
    return x;
  }

 private:
  vnl_matrix<double> left_{N, N, 0.0};  ///< Its lower half; the other one is alike.
  vnl_vector<double> right_ = vnl_vector<double>(N, 0.0);
};

/// Turns and changes of size are measured by how far they move what lies this far off, so that all unknowns
/// of a fit are lengths.
constexpr double arm_mm = 30.0;

}  // namespace genu::registration
