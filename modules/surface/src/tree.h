// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::surface {

struct Bounds {
  std::array<double, 3> low;
  std::array<double, 3> high;
};

Bounds no_bounds();
void grow(Bounds& bounds, const Point3& p);
void grow(Bounds& bounds, const Bounds& other);

/// Returns the squared distance from a point to a box, 0 inside.
double squared_distance(const Bounds& bounds, const Point3& p);

/// One box of a bounding volume hierarchy. Children of an inner node stand side by side.
struct Node {
  Bounds bounds;
  std::uint32_t first = 0;  ///< A leaf's first place in `order`, or an inner node's first child.
  std::uint32_t count = 0;  ///< Triangles of a leaf; 0 = inner node.
};

struct Hierarchy {
  std::vector<Node> nodes;           ///< Root first.
  std::vector<std::uint32_t> order;  ///< Triangle numbers, leaf after leaf.
};

/// Returns boxes around the triangles, split where the surface area heuristic finds it cheapest.
Hierarchy build_hierarchy(const TriangleMesh& mesh);

}  // namespace genu::surface
