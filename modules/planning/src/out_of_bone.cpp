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

void OutOfBone::move(Ring& ring) const {
  Vector3 sum;
  for (const Point3& p : ring) sum += p - ring.front();
  const Point3 middle = ring.front() + sum / static_cast<double>(ring.size());
  constexpr int rounds = 4;
  for (Point3& p : ring)
    for (int round = 0; round < rounds; ++round) p += length(way_out({p})) * normalized(p - middle);
}

double OutOfBone::move(std::vector<TubeSection>& course) const {
  constexpr int rounds = 10;
  constexpr double enough_mm = 0.05;
  std::vector<Vector3> moved(course.size());
  for (int round = 0; round < rounds; ++round) {
    std::vector<TubeSection> at = course;
    for (std::size_t n = 0; n < at.size(); ++n) at[n].centre += moved[n];
    const std::vector<Ring> edges = edges_of(at);
    double most = 0.0;
    for (std::size_t n = 0; n < course.size(); ++n) {
      const Vector3 way = way_out(edges[n]);
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
