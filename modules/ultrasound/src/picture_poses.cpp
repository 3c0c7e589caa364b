// SPDX-License-Identifier: Apache-2.0
#include "picture_poses.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "fit.h"

namespace genu::ultrasound {
namespace {

/// What of a pose does not change as a probe moves: the sizes of pixels, the angle between their sides, and
/// the side to which the third axis points.
std::array<double, 4> shape_of(const AffineTransform& to_from_image) {
  const Matrix3& m = to_from_image.linear();
  const double x = length(m.column(0)), y = length(m.column(1));
  return {x, y, dot(m.column(0), m.column(1)) / (x * y), m.determinant() > 0.0 ? 1.0 : -1.0};
}

/// Returns which transforms have the shape that most of them have; a few that are wrong do not move medians.
std::vector<char> alike(const std::vector<AffineTransform>& transforms) {
  std::vector<std::array<double, 4>> shapes;
  shapes.reserve(transforms.size());
  for (const AffineTransform& t : transforms) shapes.push_back(shape_of(t));
  std::vector<char> result(transforms.size(), 1);
  for (std::size_t k = 0; k < 4 && !shapes.empty(); ++k) {
    std::vector<double> sorted;
    sorted.reserve(shapes.size());
    for (const auto& shape : shapes) sorted.push_back(shape[k]);
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    constexpr double tolerance = 0.01;  // as of rigid poses: digits of a file
    const double most = tolerance * (k < 2 ? *middle : 1.0);
    for (std::size_t n = 0; n < shapes.size(); ++n)
      if (std::abs(shapes[n][k] - *middle) > most) result[n] = 0;
  }
  return result;
}

}  // namespace

std::vector<std::optional<AffineTransform>> picture_poses(const TrackedSequence& sweep,
                                                          const CoordinateFrames& always,
                                                          std::string_view to) {
  std::vector<std::optional<AffineTransform>> poses(sweep.frames.size());
  std::vector<AffineTransform> untied;  // with no probe to be judged by
  std::vector<std::size_t> whose;
  for (std::size_t f = 0; f < poses.size(); ++f) {
    if (!sweep.frames[f].shows_image()) continue;
    const CoordinateFrames now = at_moment(sweep.frames[f], always);
    poses[f] = now.find("Image", to);
    if (!poses[f]) continue;
    if (const auto probe = now.find("Probe", to)) {
      if (!nearest_rigid(*probe)) poses[f].reset();
    } else {
      untied.push_back(*poses[f]);
      whose.push_back(f);
    }
  }
  const std::vector<char> sound = alike(untied);
  for (std::size_t n = 0; n < whose.size(); ++n)
    if (!sound[n]) poses[whose[n]].reset();
  return poses;
}

}  // namespace genu::ultrasound
