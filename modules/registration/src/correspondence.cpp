// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <genu/core/parallel.h>
#include <genu/registration/correspondence.h>
#include <genu/surface/query.h>

namespace genu::registration {
namespace {

std::array<double, 3> barycentric(const Point3& p, const Point3& a, const Point3& b, const Point3& c) {
  const Vector3 normal = cross(b - a, c - a);
  const double whole = squared_length(normal);
  if (!(whole > 0.0)) return {1.0, 0.0, 0.0};
  const double of_b = std::clamp(dot(cross(p - a, c - a), normal) / whole, 0.0, 1.0);
  const double of_c = std::clamp(dot(cross(b - a, p - a), normal) / whole, 0.0, 1.0 - of_b);
  return {1.0 - of_b - of_c, of_b, of_c};
}

}  // namespace

std::vector<Place> places_on(const TriangleMesh& to, const TriangleMesh& from,
                             const RigidTransform& to_from_from, unsigned threads) {
  const surface::MeshQuery query(to);
  std::vector<Place> places(from.vertices().size());
  parallel_for(
      places.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t v = begin; v < end; ++v) {
          const surface::SurfacePoint found = query.closest(to_from_from(from.vertices()[v]));
          Place& place = places[v];
          place.vertices = to.triangles()[found.triangle];
          const auto at = [&](int corner) { return to.vertices()[place.vertices[corner]]; };
          place.weights = barycentric(found.point, at(0), at(1), at(2));
          place.point = found.point;
          place.distance_mm = found.distance_mm;
        }
      },
      threads);
  return places;
}

}  // namespace genu::registration
