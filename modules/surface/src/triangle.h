// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <genu/core/vector.h>

namespace genu::surface {

/// Which part of a triangle a point lies on: 0-2 its vertices, 3-5 the edges from vertex f - 3 to the next, 6
/// its inside.
using Feature = int;

struct OnTriangle {
  Point3 point;
  Feature feature = 6;
};

using Corners = std::array<Point3, 3>;

/// Returns the point of a triangle nearest to p.
OnTriangle closest_on(const Corners& triangle, const Point3& p);

/// Returns the squared least distance between two segments.
double squared_distance(const Point3& a0, const Point3& a1, const Point3& b0, const Point3& b1);

}  // namespace genu::surface
