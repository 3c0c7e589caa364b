// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::surface {

/// Returns the area of a surface in mm2.
double area_mm2(const TriangleMesh& mesh);
/// Returns the enclosed volume of a closed surface in mm3; negative if it is inside out.
double volume_mm3(const TriangleMesh& mesh);
/// Returns the unit outward normal of each vertex (angle-weighted), in vertex order.
std::vector<Vector3> vertex_normals(const TriangleMesh& mesh);
/// Returns a third of the area of the triangles around each vertex, in mm2, in vertex order; sums to
/// area_mm2.
std::vector<double> vertex_areas_mm2(const TriangleMesh& mesh);
/// Returns the vertices that share an edge with each vertex.
std::vector<std::vector<std::uint32_t>> vertex_neighbours(const TriangleMesh& mesh);
/// Returns true if every edge has exactly two triangles.
bool is_closed(const TriangleMesh& mesh);

}  // namespace genu::surface
