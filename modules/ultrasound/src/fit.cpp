// SPDX-License-Identifier: Apache-2.0
#include "fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <opencv2/core.hpp>
#include <vnl/algo/vnl_levenberg_marquardt.h>
#include <vnl/vnl_least_squares_function.h>

#include <genu/core/error.h>

namespace genu::ultrasound {
namespace {

class Residuals : public vnl_least_squares_function {
 public:
  using Measure = std::function<void(const std::vector<double>&, std::vector<double>&)>;
  Residuals(unsigned values, unsigned residuals, const Measure& measure)
      : vnl_least_squares_function(values, residuals, no_gradient), measure_(measure), buffer_(residuals) {}

  void f(const vnl_vector<double>& x, vnl_vector<double>& fx) override {
    values_.assign(x.begin(), x.end());
    measure_(values_, buffer_);
    std::copy(buffer_.begin(), buffer_.end(), fx.begin());
  }

 private:
  const Measure& measure_;
  std::vector<double> buffer_, values_;
};

/// Returns the covariance of the values, from differences of the residuals about them.
std::vector<double> covariance_of(const std::vector<double>& values, std::size_t residuals, double rms,
                                  const Residuals::Measure& measure) {
  const auto n = static_cast<int>(values.size());
  cv::Mat1d normal(n, n, 0.0);
  cv::Mat1d jacobian(static_cast<int>(residuals), n);
  std::vector<double> low(residuals), high(residuals);
  for (int v = 0; v < n; ++v) {
    std::vector<double> moved = values;
    const double step = 1e-5 * std::max(1.0, std::abs(moved[static_cast<std::size_t>(v)]));
    moved[static_cast<std::size_t>(v)] += step;
    measure(moved, high);
    moved[static_cast<std::size_t>(v)] -= 2 * step;
    measure(moved, low);
    for (int r = 0; r < jacobian.rows; ++r)
      jacobian(r, v) = (high[static_cast<std::size_t>(r)] - low[static_cast<std::size_t>(r)]) / (2 * step);
  }
  cv::mulTransposed(jacobian, normal, true);
  // Values of other units are made comparable before their matrix is judged.
  std::vector<double> scale;
  scale.reserve(values.size());
  for (int v = 0; v < n; ++v) scale.push_back(std::sqrt(std::max(normal(v, v), 1e-300)));
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b)
      normal(a, b) /= scale[static_cast<std::size_t>(a)] * scale[static_cast<std::size_t>(b)];
  cv::Mat1d inverse;
  const double condition = cv::invert(normal, inverse, cv::DECOMP_EIG);
  constexpr double singular = 1e-12;
  if (!(condition >= singular)) return {};
  const double freedom = static_cast<double>(residuals) / std::max(1.0, static_cast<double>(residuals) - n);
  std::vector<double> covariance;
  covariance.reserve(values.size() * values.size());
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b)
      covariance.push_back(rms * rms * freedom * inverse(a, b) /
                           (scale[static_cast<std::size_t>(a)] * scale[static_cast<std::size_t>(b)]));
  return covariance;
}

}  // namespace

LeastSquares least_squares_from(std::vector<double> start, std::size_t residuals,
                                const Residuals::Measure& measure) {
  Residuals function(static_cast<unsigned>(start.size()), static_cast<unsigned>(residuals), measure);
  vnl_vector<double> x(start.data(), static_cast<unsigned>(start.size()));
  vnl_levenberg_marquardt solver(function);
  constexpr double tolerance = 1e-10;
  solver.set_f_tolerance(tolerance);
  solver.set_x_tolerance(tolerance);
  solver.set_epsilon_function(1e-12);
  solver.minimize(x);
  LeastSquares result;
  result.values.assign(x.begin(), x.end());
  std::vector<double> left(residuals);
  measure(result.values, left);
  double sum = 0.0;
  for (const double r : left) sum += r * r;
  result.rms = std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, residuals)));
  result.covariance = covariance_of(result.values, residuals, result.rms, measure);
  return result;
}

RigidTransform motion_of(const Vector3& turn, const Vector3& shift) {
  const double angle = length(turn);
  constexpr double degrees = 180.0 / 3.14159265358979323846;
  // An axis of no length has no direction; the tiny turns about one are as if there were none.
  if (angle < 1e-15) return RigidTransform::translation_by(shift);
  return RigidTransform::translation_by(shift) * RigidTransform::rotation_about({}, turn, angle * degrees);
}

Matrix3 nearest_rotation(const Matrix3& m) {
  cv::Matx33d a;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) a(r, c) = m.rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
  cv::Matx33d u, vt;
  cv::Matx31d w;
  cv::SVD::compute(a, w, u, vt);
  if (cv::determinant(u * vt) < 0.0)
    for (int r = 0; r < 3; ++r) u(r, 2) = -u(r, 2);
  const cv::Matx33d rotation = u * vt;
  Matrix3 result;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c)
      result.rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] = rotation(r, c);
  return result;
}

std::optional<RigidTransform> nearest_rigid(const AffineTransform& transform) {
  const Matrix3& m = transform.linear();
  if (m.determinant() <= 0.0) return std::nullopt;
  const Matrix3 rotation = nearest_rotation(m);
  constexpr double tolerance = 0.01;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c)
      if (std::abs(rotation.rows[r][c] - m.rows[r][c]) > tolerance) return std::nullopt;
  return RigidTransform(rotation, transform.translation());
}

double rotation_angle_deg(const Matrix3& m) {
  const double trace = m.rows[0][0] + m.rows[1][1] + m.rows[2][2];
  return std::acos(std::clamp((trace - 1.0) / 2.0, -1.0, 1.0)) * 180.0 / 3.14159265358979323846;
}

}  // namespace genu::ultrasound
