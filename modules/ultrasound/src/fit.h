// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/rigid_transform.h>

namespace genu::ultrasound {

/// The values with least squares, and how well the residuals fix them.
struct LeastSquares {
  std::vector<double> values;
  double rms = 0.0;
  /// Of the values, row by row, if the residuals are independent; empty where they leave one open.
  std::vector<double> covariance;
};

/// Returns the values about `start` with which the squares of the residuals are least (Levenberg and
/// Marquardt, as VNL does it).
LeastSquares least_squares_from(
    std::vector<double> start, std::size_t residuals,
    const std::function<void(const std::vector<double>& values, std::vector<double>& residuals)>& measure);

/// Returns the turn about a vector by its length, in radians, then a translation.
RigidTransform motion_of(const Vector3& turn, const Vector3& shift);

/// Returns the rigid motion nearest to a transform whose axes are at right angles and of length 1 but for
/// the digits of a file; nothing if they are off by more than a part in a hundred.
std::optional<RigidTransform> nearest_rigid(const AffineTransform& transform);

/// Returns the rotation nearest to a matrix with a positive determinant.
Matrix3 nearest_rotation(const Matrix3& m);

/// Returns the angle of a rotation, degrees.
double rotation_angle_deg(const Matrix3& m);

}  // namespace genu::ultrasound
