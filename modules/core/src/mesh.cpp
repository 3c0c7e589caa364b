// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/mesh.h>

namespace genu {

TriangleMesh::TriangleMesh(std::vector<Point3> vertices, std::vector<Triangle> triangles)
    : vertices_(std::move(vertices)), triangles_(std::move(triangles)) {
  for (std::size_t v = 0; v < vertices_.size(); ++v)
    if (!is_finite(vertices_[v])) {
      std::ostringstream message;
      message << "not a mesh: vertex " << v << " is at " << vertices_[v];
      throw InvalidInput(message.str());
    }
  for (std::size_t t = 0; t < triangles_.size(); ++t)
    for (const auto v : triangles_[t])
      if (v >= vertices_.size())
        throw InvalidInput("not a mesh: triangle " + std::to_string(t) + " names vertex " +
                           std::to_string(v) + " of " + std::to_string(vertices_.size()));
}

TriangleMesh moved(const TriangleMesh& mesh, const RigidTransform& motion) {
  std::vector<Point3> vertices;
  vertices.reserve(mesh.vertices().size());
  for (const Point3& p : mesh.vertices()) vertices.push_back(motion(p));
  return {std::move(vertices), mesh.triangles()};
}

}  // namespace genu
