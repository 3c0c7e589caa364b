// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>

#include <genu/core/vector.h>

namespace genu {

/// A box along the axes of the space that its points are in; empty until a point is included.
struct Box {
  Point3 low{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(),
             std::numeric_limits<double>::infinity()};
  Point3 high{-std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
              -std::numeric_limits<double>::infinity()};

  bool is_empty() const { return !(low.x <= high.x && low.y <= high.y && low.z <= high.z); }
  void include(const Point3& p) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
  }
  /// Returns true for a point inside or on the border.
  bool contains(const Point3& p) const {
    return p.x >= low.x && p.y >= low.y && p.z >= low.z && p.x <= high.x && p.y <= high.y && p.z <= high.z;
  }
  Vector3 extent() const { return high - low; }
  Point3 centre() const { return low + 0.5 * extent(); }
};

/// Returns the box around points.
template <typename Points>
Box box_around(const Points& points) {
  Box box;
  for (const Point3& p : points) box.include(p);
  return box;
}

}  // namespace genu
