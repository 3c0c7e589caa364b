// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "tree.h"
#include "triangle.h"

namespace genu::surface {
namespace {

// Deep enough for any mesh: depth grows with the logarithm of the number of triangles, and each level leaves
// one node waiting. A chain of coincident triangles is halved, so it is no deeper.
constexpr int stack_size = 256;

/// Returns where a segment enters a box, 0 to 1, or infinity where it misses.
double entry(const Bounds& b, const std::array<double, 3>& from, const std::array<double, 3>& inverse,
             double most) {
  double low = 0.0, high = most;
  for (int a = 0; a < 3; ++a) {
    const double t0 = (b.low[a] - from[a]) * inverse[a], t1 = (b.high[a] - from[a]) * inverse[a];
    // A NaN (0 times infinity: on the face of a slab it runs along) leaves low and high as they are.
    low = std::max(low, std::min(t0, t1));
    high = std::min(high, std::max(t0, t1));
  }
  // Three roundings at most, each by half a unit in the last place.
  return low <= high * (1.0 + 8.0 * std::numeric_limits<double>::epsilon())
             ? low
             : std::numeric_limits<double>::infinity();
}

/// The angle-weighted pseudo-normals of all vertices and edges (Baerentzen & Aanaes 2005, IEEE Transactions
/// on Visualization and Computer Graphics 11:243): the sign of a distance is right wherever the nearest point
/// lies.
struct PseudoNormals {
  std::vector<Vector3> vertex;
  std::vector<std::array<Vector3, 3>> edge;  ///< One triple a triangle.
};

PseudoNormals pseudo_normals(const TriangleMesh& mesh, const std::vector<Vector3>& triangle_normals) {
  PseudoNormals result{vertex_normals(mesh), {}};
  result.edge.resize(mesh.triangles().size());
  struct Side {
    std::uint32_t low, high, triangle, edge;
  };
  std::vector<Side> sides;
  sides.reserve(3 * mesh.triangles().size());
  for (std::uint32_t t = 0; t < mesh.triangles().size(); ++t)
    for (std::uint32_t e = 0; e < 3; ++e) {
      const auto [low, high] = std::minmax(mesh.triangles()[t][e], mesh.triangles()[t][(e + 1) % 3]);
      sides.push_back({low, high, t, e});
    }
  std::sort(sides.begin(), sides.end(), [](const Side& a, const Side& b) {
    return std::tie(a.low, a.high, a.triangle, a.edge) < std::tie(b.low, b.high, b.triangle, b.edge);
  });
  for (std::size_t begin = 0, end = 0; begin < sides.size(); begin = end) {
    Vector3 sum;
    for (end = begin;
         end < sides.size() && sides[end].low == sides[begin].low && sides[end].high == sides[begin].high;
         ++end)
      sum += triangle_normals[sides[end].triangle];
    for (std::size_t s = begin; s < end; ++s) result.edge[sides[s].triangle][sides[s].edge] = sum;
  }
  return result;
}

}  // namespace

struct MeshQuery::Tree {
  explicit Tree(const TriangleMesh& m) : mesh(m), hierarchy(build_hierarchy(m)) {
    corners.reserve(hierarchy.order.size());
    for (const auto t : hierarchy.order) {
      const Triangle& v = mesh.triangles()[t];
      corners.push_back({mesh.vertices()[v[0]], mesh.vertices()[v[1]], mesh.vertices()[v[2]]});
    }
    normals.reserve(mesh.triangles().size());
    for (const Triangle& v : mesh.triangles()) {
      const Point3& a = mesh.vertices()[v[0]];
      const Vector3 n = cross(mesh.vertices()[v[1]] - a, mesh.vertices()[v[2]] - a);
      const double size = length(n);
      normals.push_back(size > 0.0 ? n / size : Vector3{});
    }
  }

  const PseudoNormals& pseudo() const {
    std::call_once(pseudo_once, [this] { pseudo_made = pseudo_normals(mesh, normals); });
    return pseudo_made;
  }

  struct Nearest {
    OnTriangle on;
    std::uint32_t triangle = 0;
    double squared = std::numeric_limits<double>::infinity();
  };
  Nearest nearest(const Point3& p) const;

  /// Calls `visit(t, triangle)` for each crossing of the segment; `visit` returns how far to go on looking.
  template <typename Visit>
  void for_each_crossing(const Point3& from, const Point3& to, const Visit& visit) const;

  TriangleMesh mesh;
  Hierarchy hierarchy;
  std::vector<Corners> corners;  ///< In the hierarchy's order.
  std::vector<Vector3> normals;  ///< In the mesh's order.
  mutable std::once_flag pseudo_once;
  mutable PseudoNormals pseudo_made;
};

MeshQuery::Tree::Nearest MeshQuery::Tree::nearest(const Point3& p) const {
  Nearest best;
  struct Waiting {
    std::uint32_t node;
    double squared;
  };
  std::array<Waiting, stack_size> stack;
  int waiting = 0;
  stack[waiting++] = {0, squared_distance(hierarchy.nodes[0].bounds, p)};
  while (waiting > 0) {
    const Waiting next = stack[--waiting];
    if (next.squared >= best.squared) continue;
    const Node& node = hierarchy.nodes[next.node];
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      const OnTriangle on = closest_on(corners[i], p);
      const double squared = squared_length(on.point - p);
      if (squared < best.squared) best = {on, hierarchy.order[i], squared};
    }
    if (node.count > 0) continue;
    Waiting a{node.first, squared_distance(hierarchy.nodes[node.first].bounds, p)};
    Waiting b{node.first + 1, squared_distance(hierarchy.nodes[node.first + 1].bounds, p)};
    if (a.squared < b.squared) std::swap(a, b);
    stack[waiting++] = a;
    stack[waiting++] = b;
  }
  return best;
}

template <typename Visit>
void MeshQuery::Tree::for_each_crossing(const Point3& from, const Point3& to, const Visit& visit) const {
  if (from == to) return;
  const SegmentCrossing segment(from, to);
  const Vector3 d = to - from;
  const std::array<double, 3> start{from.x, from.y, from.z};
  const std::array<double, 3> inverse{1.0 / d.x, 1.0 / d.y, 1.0 / d.z};
  struct Waiting {
    std::uint32_t node;
    double at;
  };
  std::array<Waiting, stack_size> stack;
  int waiting = 0;
  double most = 1.0;
  stack[waiting++] = {0, entry(hierarchy.nodes[0].bounds, start, inverse, most)};
  while (waiting > 0) {
    const Waiting next = stack[--waiting];
    if (!(next.at <= most)) continue;
    const Node& node = hierarchy.nodes[next.node];
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i)
      if (const double at = segment.at(corners[i]); at >= 0.0) most = visit(at, hierarchy.order[i]);
    if (node.count > 0) continue;
    Waiting a{node.first, entry(hierarchy.nodes[node.first].bounds, start, inverse, most)};
    Waiting b{node.first + 1, entry(hierarchy.nodes[node.first + 1].bounds, start, inverse, most)};
    if (a.at < b.at) std::swap(a, b);
    if (a.at <= most) stack[waiting++] = a;
    if (b.at <= most) stack[waiting++] = b;
  }
}

MeshQuery::MeshQuery(const TriangleMesh& mesh) {
  if (mesh.empty()) throw InvalidInput("cannot ask a mesh without triangles where its surface is");
  tree_ = std::make_unique<const Tree>(mesh);
}
MeshQuery::~MeshQuery() = default;
MeshQuery::MeshQuery(MeshQuery&&) noexcept = default;
MeshQuery& MeshQuery::operator=(MeshQuery&&) noexcept = default;

SurfacePoint MeshQuery::closest(const Point3& p) const {
  const auto found = tree_->nearest(p);
  return {found.on.point, found.triangle, std::sqrt(found.squared)};
}

double MeshQuery::signed_distance_mm(const Point3& p) const {
  const auto found = tree_->nearest(p);
  const PseudoNormals& pseudo = tree_->pseudo();
  const int f = found.on.feature;
  const Vector3 normal = f < 3   ? pseudo.vertex[tree_->mesh.triangles()[found.triangle][f]]
                         : f < 6 ? pseudo.edge[found.triangle][f - 3]
                                 : tree_->normals[found.triangle];
  const double d = std::sqrt(found.squared);
  return dot(p - found.on.point, normal) < 0.0 ? -d : d;
}

bool MeshQuery::contains(const Point3& p) const {
  return signed_distance_mm(p) < 0.0;
}

std::vector<SurfacePoint> MeshQuery::crossings(const Point3& from, const Point3& to) const {
  std::vector<SurfacePoint> found;
  const double size = distance(from, to);
  tree_->for_each_crossing(from, to, [&](double at, std::uint32_t triangle) {
    found.push_back({lerp(from, to, at), triangle, at * size});
    return 1.0;
  });
  std::sort(found.begin(), found.end(), [](const SurfacePoint& a, const SurfacePoint& b) {
    return std::tie(a.distance_mm, a.triangle) < std::tie(b.distance_mm, b.triangle);
  });
  return found;
}

std::optional<SurfacePoint> MeshQuery::first_crossing(const Point3& from, const Point3& to) const {
  std::optional<SurfacePoint> nearest;
  double least = 2.0;
  const double size = distance(from, to);
  tree_->for_each_crossing(from, to, [&](double at, std::uint32_t triangle) {
    if (at < least || (at == least && triangle < nearest->triangle)) {
      least = at;
      nearest = SurfacePoint{lerp(from, to, at), triangle, at * size};
    }
    return std::min(least, 1.0);
  });
  return nearest;
}

Vector3 MeshQuery::triangle_normal(std::uint32_t triangle) const {
  return tree_->normals.at(triangle);
}

}  // namespace genu::surface
