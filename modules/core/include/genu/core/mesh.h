// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>

namespace genu {

/// Three vertex numbers, counter-clockwise seen from outside.
using Triangle = std::array<std::uint32_t, 3>;

/// A triangle surface in patient space, mm. Invariant: every vertex is finite, every triangle names three of
/// them.
class TriangleMesh {
 public:
  TriangleMesh() = default;
  /// \throws InvalidInput if a vertex is not finite or a triangle names a vertex that is not there.
  TriangleMesh(std::vector<Point3> vertices, std::vector<Triangle> triangles);

  const std::vector<Point3>& vertices() const { return vertices_; }
  const std::vector<Triangle>& triangles() const { return triangles_; }
  bool empty() const { return triangles_.empty(); }

 private:
  std::vector<Point3> vertices_;
  std::vector<Triangle> triangles_;
};

/// Returns the mesh after a rigid motion.
TriangleMesh moved(const TriangleMesh& mesh, const RigidTransform& motion);

}  // namespace genu
