// SPDX-License-Identifier: Apache-2.0
#include "keep_out.h"

#include <algorithm>
#include <utility>

#include "queries.h"

namespace genu::planning {
namespace {

TubeSection between(const TubeSection& a, const TubeSection& b) {
  const double sign = dot(a.major_half_axis_mm, b.major_half_axis_mm) < 0.0 ? -1.0 : 1.0;
  return {lerp(a.centre, b.centre, 0.5), 0.5 * (a.major_half_axis_mm + sign * b.major_half_axis_mm),
          0.5 * (a.minor_half_axis_mm + b.minor_half_axis_mm)};
}

}  // namespace

KeepOut::KeepOut(const std::vector<const TriangleMesh*>& surfaces, double gap_mm, unsigned threads)
    : gap_mm_(gap_mm), surfaces_(queries_of(surfaces, threads)) {}

/// Returns the way that the deepest point of an edge has to the surface of the structure that it is in.
Vector3 KeepOut::way_out(const Ring& edge) const {
  double deepest_mm = gap_mm_;
  Vector3 way;
  for (const surface::MeshQuery& surface : surfaces_)
    for (const Point3& p : edge) {
      const surface::SurfacePoint near = surface.closest(p);
      // Most points are far from all of them: their side of it need not be told.
      if (near.distance_mm >= deepest_mm && dot(p - near.point, surface.triangle_normal(near.triangle)) > 0.0)
        continue;
      const double depth_mm = surface.signed_distance_mm(p);
      if (depth_mm >= deepest_mm) continue;
      deepest_mm = depth_mm;
      const Vector3 normal = surface.triangle_normal(near.triangle);
      const Vector3 out = depth_mm < 0.0 ? near.point - p : p - near.point;
      constexpr double on_surface_mm = 1e-6;
      way = (gap_mm_ - depth_mm) * (near.distance_mm > on_surface_mm ? normalized(out) : normal);
    }
  return way;
}

void KeepOut::move(Ring& ring) const {
  Vector3 sum;
  for (const Point3& p : ring) sum += p - ring.front();
  const Point3 middle = ring.front() + sum / static_cast<double>(ring.size());
  constexpr int rounds = 4;
  for (Point3& p : ring)
    for (int round = 0; round < rounds; ++round) p += length(way_out({p})) * normalized(p - middle);
}

double KeepOut::move(std::vector<TubeSection>& course) const {
  // Sections that went different ways around a corner leave a straight piece between them that cuts it.
  constexpr int passes = 3;
  constexpr double near_mm = 2.5;
  double furthest = 0.0;
  for (int pass = 0; pass < passes; ++pass) {
    const double way = settle(course);
    furthest = std::max(furthest, way);
    if (way == 0.0) break;
    std::vector<TubeSection> finer;
    for (std::size_t n = 0; n < course.size(); ++n) {
      if (n > 0 && distance(course[n - 1].centre, course[n].centre) > near_mm)
        finer.push_back(between(course[n - 1], course[n]));
      finer.push_back(course[n]);
    }
    course = std::move(finer);
  }
  return furthest;
}

double KeepOut::settle(std::vector<TubeSection>& course) const {
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
