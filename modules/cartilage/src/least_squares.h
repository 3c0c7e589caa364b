// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace genu::cartilage {

/// The normal equations of a weighted fit with N terms.
template <std::size_t N>
class LeastSquares {
 public:
  using Terms = std::array<double, N>;

  void add(const Terms& terms, double value, double weight) {
    for (std::size_t i = 0; i < N; ++i) {
      for (std::size_t j = 0; j <= i; ++j) normal_[i][j] += weight * terms[i] * terms[j];
      right_[i] += weight * terms[i] * value;
    }
  }
  /// Pulls a factor towards 0.
  void damp(std::size_t i, double weight) { normal_[i][i] += weight; }

  /// Returns the factors.
  Terms solved() const { return solved_for(right_); }
  /// Returns the variance of a sum of factors with these terms, where weights are inverse variances.
  double variance_of(const Terms& terms) const {
    const Terms z = solved_for(terms);
    double sum = 0.0;
    for (std::size_t i = 0; i < N; ++i) sum += terms[i] * z[i];
    return sum;
  }

 private:
  /// Solves the normal equations for another right side, by Cholesky's method.
  Terms solved_for(Terms b) const {
    std::array<Terms, N> m = normal_;
    for (std::size_t i = 0; i < N; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = m[i][j];
        for (std::size_t k = 0; k < j; ++k) sum -= m[i][k] * m[j][k];
        m[i][j] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / m[j][j];
      }
      for (std::size_t k = 0; k < i; ++k) b[i] -= m[i][k] * b[k];
      b[i] /= m[i][i];
    }
    for (std::size_t i = N; i-- > 0;) {
      for (std::size_t k = i + 1; k < N; ++k) b[i] -= m[k][i] * b[k];
      b[i] /= m[i][i];
    }
    return b;
  }

  std::array<Terms, N> normal_{};
  Terms right_{};
};

}  // namespace genu::cartilage
