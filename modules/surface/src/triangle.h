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

/// A segment set up for crossing tests that agree on shared edges (after Woop, Benthin & Wald 2013, Journal
/// of Computer Graphics Techniques 2:65): coordinates are sheared so that the segment runs along the third
/// axis, and each vertex lands on the same numbers in all of its triangles.
class SegmentCrossing {
 public:
  SegmentCrossing(const Point3& from, const Point3& to);
  /// Returns where along the segment (0 to 1) it crosses the triangle, or a negative number; always that for
  /// a segment without length.
  ///
  /// A crossing on a shared edge or vertex belongs to exactly one of the triangles there, by the rule that
  /// rasterisers use: an edge owns its points if it runs down, or level to the right.
  double at(const Corners& triangle) const;

 private:
  Point3 from_;
  int x_ = 0, y_ = 0, z_ = 0;
  double along_ = 0.0, shear_x_ = 0.0, shear_y_ = 0.0;
};

}  // namespace genu::surface
