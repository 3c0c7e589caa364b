// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::surface {

/// A place on a surface.
struct SurfacePoint {
  Point3 point;
  std::uint32_t triangle = 0;
  double distance_mm = 0.0;  ///< From the point asked about, or along the ray from its start.
};

/// Answers questions about one mesh quickly; build it once, ask often, from any number of threads.
class MeshQuery {
 public:
  /// \throws InvalidInput if the mesh is empty.
  explicit MeshQuery(const TriangleMesh& mesh);
  ~MeshQuery();
  MeshQuery(MeshQuery&&) noexcept;
  MeshQuery& operator=(MeshQuery&&) noexcept;

  SurfacePoint closest(const Point3& p) const;
  /// Returns the distance to the surface, negative inside; the mesh must be closed.
  double signed_distance_mm(const Point3& p) const;
  bool contains(const Point3& p) const;
  /// Returns every crossing of a segment with the surface, nearest first, each crossing once (shared edges
  /// too).
  std::vector<SurfacePoint> crossings(const Point3& from, const Point3& to) const;
  std::optional<SurfacePoint> first_crossing(const Point3& from, const Point3& to) const;
  Vector3 triangle_normal(std::uint32_t triangle) const;

 private:
  struct Tree;
  std::unique_ptr<const Tree> tree_;
};

}  // namespace genu::surface
