// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <genu/surface/measure.h>

#include "adjacency.h"

namespace genu::surface {
namespace {

/// Returns twice the area vector of a triangle.
Vector3 doubled_area(const TriangleMesh& mesh, const Triangle& t) {
  const auto& p = mesh.vertices();
  return cross(p[t[1]] - p[t[0]], p[t[2]] - p[t[0]]);
}

double angle_between(const Vector3& a, const Vector3& b) {
  return std::atan2(length(cross(a, b)), dot(a, b));
}

}  // namespace

double area_mm2(const TriangleMesh& mesh) {
  double doubled = 0.0;
  for (const Triangle& t : mesh.triangles()) doubled += length(doubled_area(mesh, t));
  return 0.5 * doubled;
}

double volume_mm3(const TriangleMesh& mesh) {
  if (mesh.empty()) return 0.0;
  // Tetrahedra from a vertex of the mesh: from a far origin they would be large and cancel.
  const Point3 apex = mesh.vertices()[mesh.triangles().front()[0]];
  double sixfold = 0.0;
  for (const Triangle& t : mesh.triangles())
    sixfold += dot(mesh.vertices()[t[0]] - apex, doubled_area(mesh, t));
  return sixfold / 6.0;
}

std::vector<Vector3> vertex_normals(const TriangleMesh& mesh) {
  std::vector<Vector3> normals(mesh.vertices().size());
  for (const Triangle& t : mesh.triangles()) {
    const Vector3 area = doubled_area(mesh, t);
    const double size = length(area);
    if (!(size > 0.0)) continue;
    for (int c = 0; c < 3; ++c) {
      const Point3& p = mesh.vertices()[t[c]];
      const double angle =
          angle_between(mesh.vertices()[t[(c + 1) % 3]] - p, mesh.vertices()[t[(c + 2) % 3]] - p);
      normals[t[c]] += (angle / size) * area;
    }
  }
  for (Vector3& n : normals)
    if (const double size = length(n); size > 0.0) n = n / size;
  return normals;
}

std::vector<double> vertex_areas_mm2(const TriangleMesh& mesh) {
  std::vector<double> areas(mesh.vertices().size(), 0.0);
  for (const Triangle& t : mesh.triangles()) {
    const double third = length(doubled_area(mesh, t)) / 6.0;
    for (const auto v : t) areas[v] += third;
  }
  return areas;
}

std::vector<std::vector<std::uint32_t>> vertex_neighbours(const TriangleMesh& mesh) {
  const Adjacency around = adjacency(mesh.vertices().size(), mesh.triangles());
  std::vector<std::vector<std::uint32_t>> result(mesh.vertices().size());
  for (std::size_t v = 0; v < result.size(); ++v) result[v].assign(around.of(v).begin(), around.of(v).end());
  return result;
}

bool is_closed(const TriangleMesh& mesh) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(3 * mesh.triangles().size());
  for (const Triangle& t : mesh.triangles())
    for (int c = 0; c < 3; ++c) edges.emplace_back(std::minmax(t[c], t[(c + 1) % 3]));
  std::sort(edges.begin(), edges.end());
  for (std::size_t e = 0; e < edges.size(); e += 2) {
    if (e + 1 == edges.size() || edges[e] != edges[e + 1]) return false;
    if (e + 2 < edges.size() && edges[e + 2] == edges[e]) return false;
  }
  return true;
}

}  // namespace genu::surface
