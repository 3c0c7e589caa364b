// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <genu/core/mesh.h>
#include <genu/core/rigid_transform.h>

namespace genu::registration {

/// Where a vertex lies on another surface: a triangle's three vertices with weights that sum to 1.
struct Place {
  std::array<std::uint32_t, 3> vertices{};
  std::array<double, 3> weights{};
  Point3 point;
  double distance_mm = 0.0;  ///< From the moved vertex to `point`.
};

/// Returns the closest place of `to` for each vertex of `from` after the motion, in vertex order.
/// \throws InvalidInput if `to` is empty.
std::vector<Place> places_on(const TriangleMesh& to, const TriangleMesh& from,
                             const RigidTransform& to_from_from, unsigned threads = 0);

}  // namespace genu::registration
