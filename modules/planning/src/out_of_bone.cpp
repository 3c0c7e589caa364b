// SPDX-License-Identifier: Apache-2.0
#include "out_of_bone.h"

#include <algorithm>

namespace genu::planning {

OutOfBone::OutOfBone(const Anatomy& anatomy, double gap_mm) : gap_mm_(gap_mm) {
  for (const Structure& structure : anatomy.structures)
    if (structure.kind == StructureKind::bone && structure.source == "segmented")
      bones_.emplace_back(structure.surface);
}

/// Returns the way that the deepest point of an edge has to the surface of the bone that it is in.
Vector3 OutOfBone::way_out(const Ring& edge) const {
  double deepest_mm = gap_mm_;
  Vector3 way;
  for (const surface::MeshQuery& bone : bones_)
    for (const Point3& p : edge) {
      const surface::SurfacePoint near = bone.closest(p);
      // Most points are far from every bone: their side of it need not be told.
      if (near.distance_mm >= deepest_mm && dot(p - near.point, bone.triangle_normal(near.triangle)) > 0.0)
        continue;
      const double depth_mm = bone.signed_distance_mm(p);
      if (depth_mm >= deepest_mm) continue;
      deepest_mm = depth_mm;
      way = (gap_mm_ - depth_mm) * bone.triangle_normal(near.triangle);
    }
  return way;
}

double OutOfBone::move(std::vector<TubeSection>& course) const {
  constexpr int rounds = 8;
  constexpr double enough_mm = 0.05;
  std::vector<Vector3> moved(course.size());
  for (int round = 0; round < rounds; ++round) {
    double most = 0.0;
    for (std::size_t n = 0; n < course.size(); ++n) {
      std::vector<TubeSection> at = course;
      for (std::size_t m = 0; m < at.size(); ++m) at[m].centre += moved[m];
      const Vector3 way = way_out(edges_of(at)[n]);
      moved[n] += way;
      most = std::max(most, length(way));
    }
    if (most < enough_mm) break;
    if (round + 2 >= rounds) continue;
    // Neighbours follow, so that the course has no kinks.
    const std::vector<Vector3> before = moved;
    for (std::size_t n = 0; n < moved.size(); ++n) {
      const Vector3& last = before[n == 0 ? 0 : n - 1];
      const Vector3& next = before[std::min(n + 1, before.size() - 1)];
      const Vector3 mean = 0.25 * (last + 2.0 * before[n] + next);
      if (length(mean) > length(before[n])) moved[n] = mean;
    }
  }
  double furthest = 0.0;
  for (std::size_t n = 0; n < course.size(); ++n) {
    course[n].centre += moved[n];
    furthest = std::max(furthest, length(moved[n]));
  }
  return furthest;
}

}  // namespace genu::planning
