// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::io {

/// Named numbers that go with a mesh, one a vertex.
struct VertexArray {
  std::string name;  ///< With its unit: "thickness_mm".
  std::vector<double> values;
};

struct MeshFile {
  TriangleMesh mesh;
  std::vector<VertexArray> arrays;
};

/// Writes a surface in patient space (LPS, mm) to VTP with full double precision; temporary name first, then
/// renamed. \throws IoError; InvalidInput if an array's length is not the number of vertices.
void write_mesh(const std::filesystem::path& file, const TriangleMesh& mesh,
                const std::vector<VertexArray>& arrays = {});
/// Reads VTP or legacy VTK polydata, told apart by content; polygons are split into triangles, and legacy
/// files whose title says SPACE=RAS are turned to LPS. \throws IoError naming the file
MeshFile read_mesh(const std::filesystem::path& file);

}  // namespace genu::io
