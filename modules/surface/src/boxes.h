// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <genu/core/mesh.h>

#include "lanes.h"

namespace genu::surface {

/// Eight boxes, each around all triangles of a child and turned as they lie; children are nodes or leaves.
///
/// A patch of surface fits a flat box that lies on it: seen face on, the bound of its distance is short of
/// the truth by no more than the patch is curved.
struct alignas(64) BoxNode {
  Lanes3 centre;
  PackedLanes3 half[3];  ///< From the centre to the middles of three faces, in units of `unit`.
  std::array<std::uint32_t, lane_count> child{};  ///< A node's number, or a leaf's with `leaf_bit` set.
  unsigned present = 0;                           ///< One bit a lane.
  float unit = 0.0f;                              ///< mm
  float reach = 0.0f;                             ///< No corner of any box is further from its centre.
};
static_assert(sizeof(BoxNode) == 256, "what is fetched most is kept small");

/// Up to eight triangles of one mesh; corners are relative to the centre of the leaf's box, so that floats
/// hold them to a ten-thousandth of a micrometre.
struct alignas(64) BoxLeaf {
  Lanes3 corner[3];  ///< Lanes that hold no triangle of their own repeat the first.
  std::array<float, 3> centre{};
  float reach = 0.0f;       ///< No corner is further from the centre.
  std::uint32_t first = 0;  ///< The first triangle's place in `BoxForest::triangles`.
  std::uint32_t count = 0;
  std::uint32_t mesh = 0;
};

inline constexpr std::uint32_t leaf_bit = 0x80000000u;

/// A tree of each mesh. Coordinates of nodes and leaves are relative to `origin`.
struct BoxForest {
  Point3 origin;
  std::array<double, 3> extent{};  ///< No vertex is further from the origin along an axis.
  std::vector<BoxNode> roots;      ///< Mesh after mesh, eight a node; each child is a mesh's top node.
  std::vector<BoxNode> nodes;
  std::vector<BoxLeaf> leaves;
  std::vector<Point3> vertices;     ///< As they were given, but in the order of the triangles.
  std::vector<Triangle> triangles;  ///< Leaf after leaf.
};

/// \param meshes none of them empty
BoxForest build_forest(const std::vector<const TriangleMesh*>& meshes, unsigned threads);

}  // namespace genu::surface
