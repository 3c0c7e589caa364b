// SPDX-License-Identifier: Apache-2.0
#include "boxes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include <genu/core/parallel.h>

#include "tree.h"

namespace genu::surface {
namespace {

// How many units in the last place a box is made larger, so that rounding its centre and sides to floats
// leaves no corner outside: four roundings, with room to spare.
constexpr double box_room = 16.0 * std::numeric_limits<float>::epsilon();
// A box is turned about the axis it stands on by this many steps to a right angle.
constexpr int turns = 8;
// Eight full leaves.
constexpr std::size_t patch_size = lane_count * lane_count;

struct OrientedBox {
  Vector3 centre;
  std::array<Vector3, 3> half;
  /// Twice the mean of its reach over all directions.
  double cost() const { return length(half[0]) + length(half[1]) + length(half[2]); }
};

/// Returns the box with sides along these axes around the points.
OrientedBox box_along(std::span<const Vector3> points, const std::array<Vector3, 3>& axes) {
  OrientedBox box;
  double furthest = 0.0;
  for (const Vector3& axis : axes) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    double low = inf, high = -inf;
    for (const Vector3& p : points) {
      const double at = dot(p, axis);
      low = std::min(low, at), high = std::max(high, at);
    }
    box.centre += 0.5 * (low + high) * axis;
    furthest = std::max({furthest, std::abs(low), std::abs(high)});
    box.half[static_cast<std::size_t>(&axis - axes.data())] = 0.5 * (high - low) * axis;
  }
  for (std::size_t a = 0; a < 3; ++a) box.half[a] += box_room * furthest * axes[a];
  return box;
}

/// Returns the smallest of some boxes that stand on an axis.
OrientedBox box_on(std::span<const Vector3> points, const Vector3& axis) {
  const Vector3 first = any_perpendicular(axis), second = cross(axis, first);
  std::vector<std::array<double, 2>> flat;
  flat.reserve(points.size());
  for (const Vector3& p : points) flat.push_back({dot(p, first), dot(p, second)});
  double least = std::numeric_limits<double>::infinity(), best = 0.0;
  for (int turn = 0; turn < turns; ++turn) {
    const double angle = 0.5 * M_PI * turn / turns, c = std::cos(angle), s = std::sin(angle);
    constexpr double inf = std::numeric_limits<double>::infinity();
    double low_u = inf, high_u = -inf, low_v = inf, high_v = -inf;
    for (const auto& [x, y] : flat) {
      const double u = c * x + s * y, v = c * y - s * x;
      low_u = std::min(low_u, u), high_u = std::max(high_u, u);
      low_v = std::min(low_v, v), high_v = std::max(high_v, v);
    }
    if (const double sum = high_u - low_u + high_v - low_v; sum < least) least = sum, best = angle;
  }
  const Vector3 u = std::cos(best) * first + std::sin(best) * second;
  return box_along(points, {axis, u, cross(axis, u)});
}

/// Returns the smallest of three boxes: one that lies on the surface, one that stands along it, and one along
/// the axes of space.
OrientedBox best_box(std::span<const Vector3> points, const Vector3& facing) {
  const auto furthest_from = [&](const Vector3& from) {
    return *std::max_element(points.begin(), points.end(), [&](const Vector3& a, const Vector3& b) {
      return squared_length(a - from) < squared_length(b - from);
    });
  };
  OrientedBox best = box_along(points, {Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}});
  const Vector3 end = furthest_from(points.front());
  for (const Vector3& axis : {facing, furthest_from(end) - end}) {
    if (!(squared_length(axis) > 0.0)) continue;
    const OrientedBox box = box_on(points, normalized(axis));
    if (box.cost() < best.cost()) best = box;
  }
  return best;
}

void place(Lanes3& lanes, std::size_t lane, const Vector3& v) {
  lanes.x[static_cast<int>(lane)] = static_cast<float>(v.x);
  lanes.y[static_cast<int>(lane)] = static_cast<float>(v.y);
  lanes.z[static_cast<int>(lane)] = static_cast<float>(v.z);
}

/// Returns a vector in whole units, packed.
std::int32_t packed(const Vector3& v, double unit) {
  const auto bits = [&](double mm, int shift) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(std::lround(mm / unit)) & 1023u) << shift);
  };
  return bits(v.x, 0) | bits(v.y, 10) | bits(v.z, 20);
}

void place(BoxNode& node, std::span<const OrientedBox> boxes) {
  double reach = 0.0, largest = 0.0;
  for (const OrientedBox& box : boxes) {
    reach = std::max(reach, length({length(box.half[0]), length(box.half[1]), length(box.half[2])}));
    for (const Vector3& half : box.half)
      largest = std::max({largest, std::abs(half.x), std::abs(half.y), std::abs(half.z)});
  }
  node.present = (1u << boxes.size()) - 1u;
  node.reach = static_cast<float>(reach * (1.0 + box_room));
  node.unit = std::max(static_cast<float>(largest * (1.0 + box_room) / most_packed),
                       std::numeric_limits<float>::min());
  for (std::size_t l = 0; l < boxes.size(); ++l) {
    place(node.centre, l, boxes[l].centre);
    for (std::size_t a = 0; a < 3; ++a)
      node.half[a][static_cast<int>(l)] = packed(boxes[l].half[a], node.unit);
  }
}

/// Puts the `first` of a range that lie together before the rest.
void split(const std::vector<Vector3>& middles, std::span<std::uint32_t> range, std::size_t first) {
  Bounds bounds = no_bounds();
  for (const std::uint32_t i : range) grow(bounds, Point3{} + middles[i]);
  std::size_t axis = 0;
  for (std::size_t a = 1; a < 3; ++a)
    if (bounds.high[a] - bounds.low[a] > bounds.high[axis] - bounds.low[axis]) axis = a;
  const auto of = [&](std::uint32_t i) {
    return axis == 0 ? middles[i].x : axis == 1 ? middles[i].y : middles[i].z;
  };
  std::nth_element(range.begin(), range.begin() + static_cast<std::ptrdiff_t>(first), range.end(),
                   [&](std::uint32_t a, std::uint32_t b) {
                     const double of_a = of(a), of_b = of(b);
                     return of_a < of_b || (of_a == of_b && a < b);
                   });
}

/// Sorts a range into groups of `each`, the last of what is left, and calls `visit` with every group.
template <typename Visit>
void group(const std::vector<Vector3>& middles, std::span<std::uint32_t> range, std::size_t each,
           const Visit& visit) {
  if (range.size() <= each) return visit(range);
  const std::size_t first = (range.size() + each - 1) / each / 2 * each;
  split(middles, range, first);
  group(middles, range.first(first), each, visit);
  group(middles, range.subspan(first), each, visit);
}

/// Triangles of one mesh, at most eight leaves of them.
struct Patch {
  std::uint32_t mesh = 0, first = 0, count = 0;
  std::vector<std::uint32_t> ends;  ///< Of its leaves, counted from `first`.
};

/// One mesh's triangles sorted into patches.
struct Sorted {
  std::vector<std::uint32_t> order;
  std::vector<Patch> patches;
};

Sorted sorted_into_patches(const TriangleMesh& mesh, std::uint32_t number, const Point3& origin) {
  std::vector<Vector3> middles;
  middles.reserve(mesh.triangles().size());
  for (const Triangle& t : mesh.triangles()) {
    const Vector3 a = mesh.vertices()[t[0]] - origin, b = mesh.vertices()[t[1]] - origin,
                  c = mesh.vertices()[t[2]] - origin;
    middles.push_back((a + b + c) / 3.0);
  }
  Sorted result;
  result.order.resize(middles.size());
  std::iota(result.order.begin(), result.order.end(), 0u);
  group(middles, result.order, patch_size, [&](std::span<std::uint32_t> triangles) {
    Patch patch{number,
                static_cast<std::uint32_t>(triangles.data() - result.order.data()),
                static_cast<std::uint32_t>(triangles.size()),
                {}};
    group(middles, triangles, lane_count, [&](std::span<std::uint32_t> leaf) {
      patch.ends.push_back(static_cast<std::uint32_t>(leaf.data() + leaf.size() - triangles.data()));
    });
    result.patches.push_back(std::move(patch));
  });
  return result;
}

/// Builds the forest bottom up: leaves and patches first, then the nodes above them.
class Builder {
 public:
  explicit Builder(unsigned threads) : threads_(threads) {}
  BoxForest build(const std::vector<const TriangleMesh*>& meshes);

 private:
  /// The next child of a node, or the next mesh, whose box is still to be made around some patches.
  struct Open {
    std::uint32_t node;      ///< Or `no_node`, for a mesh.
    std::size_t begin, end;  ///< Places in `order_`.
  };
  static constexpr auto no_node = std::numeric_limits<std::uint32_t>::max();

  void take(const std::vector<const TriangleMesh*>& meshes);
  void make_patch_nodes();
  void make_leaf(const Patch& patch, std::uint32_t begin, std::uint32_t end, BoxLeaf& leaf,
                 const OrientedBox& box) const;
  /// Returns the number of a node over the patches at these places in `order_`.
  std::uint32_t grow_node(std::size_t begin, std::size_t end);
  void close_nodes();
  void gather(const Patch& patch, std::uint32_t begin, std::uint32_t end, std::vector<Vector3>& points,
              Vector3& facing) const;

  unsigned threads_;
  BoxForest forest_;
  std::vector<Patch> patches_;  ///< Patch p is node p.
  std::vector<std::uint32_t> first_leaf_;
  std::vector<Vector3> middles_;      ///< One a patch.
  std::vector<std::uint32_t> order_;  ///< Patches, mesh after mesh.
  std::vector<Open> open_;
};

void Builder::gather(const Patch& patch, std::uint32_t begin, std::uint32_t end, std::vector<Vector3>& points,
                     Vector3& facing) const {
  for (std::uint32_t i = patch.first + begin; i < patch.first + end; ++i) {
    Vector3 corner[3];
    for (std::size_t c = 0; c < 3; ++c) {
      corner[c] = forest_.vertices[forest_.triangles[i][c]] - forest_.origin;
      points.push_back(corner[c]);
    }
    facing += cross(corner[1] - corner[0], corner[2] - corner[0]);
  }
}

void Builder::take(const std::vector<const TriangleMesh*>& meshes) {
  Bounds bounds = no_bounds();
  for (const TriangleMesh* mesh : meshes)
    for (const Point3& p : mesh->vertices()) genu::surface::grow(bounds, p);
  const auto middle = [&](std::size_t a) { return 0.5 * (bounds.low[a] + bounds.high[a]); };
  forest_.origin = {middle(0), middle(1), middle(2)};
  for (std::size_t a = 0; a < 3; ++a) forest_.extent[a] = 0.5 * (bounds.high[a] - bounds.low[a]);
  std::vector<Sorted> sorted(meshes.size());
  parallel_for(
      meshes.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t m = begin; m < end; ++m)
          sorted[m] = sorted_into_patches(*meshes[m], static_cast<std::uint32_t>(m), forest_.origin);
      },
      threads_, 1);
  for (std::size_t m = 0; m < meshes.size(); ++m) {
    const auto triangle_base = static_cast<std::uint32_t>(forest_.triangles.size());
    // Vertices in the order in which they are met, so that those of one triangle lie near each other.
    constexpr auto unmet = std::numeric_limits<std::uint32_t>::max();
    std::vector<std::uint32_t> number(meshes[m]->vertices().size(), unmet);
    for (const auto t : sorted[m].order) {
      Triangle triangle = meshes[m]->triangles()[t];
      for (std::uint32_t& v : triangle) {
        if (number[v] == unmet) {
          number[v] = static_cast<std::uint32_t>(forest_.vertices.size());
          forest_.vertices.push_back(meshes[m]->vertices()[v]);
        }
        v = number[v];
      }
      forest_.triangles.push_back(triangle);
    }
    for (Patch& patch : sorted[m].patches) {
      patch.first += triangle_base;
      patches_.push_back(std::move(patch));
    }
  }
}

void Builder::make_leaf(const Patch& patch, std::uint32_t begin, std::uint32_t end, BoxLeaf& leaf,
                        const OrientedBox& box) const {
  leaf.centre = {static_cast<float>(box.centre.x), static_cast<float>(box.centre.y),
                 static_cast<float>(box.centre.z)};
  leaf.first = patch.first + begin;
  leaf.count = end - begin;
  leaf.mesh = patch.mesh;
  const Vector3 centre{leaf.centre[0], leaf.centre[1], leaf.centre[2]};
  double reach = 0.0;
  for (std::uint32_t l = 0; l < lane_count; ++l)
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint32_t i = leaf.first + (l < leaf.count ? l : 0);
      const Vector3 r = forest_.vertices[forest_.triangles[i][c]] - forest_.origin - centre;
      place(leaf.corner[c], l, r);
      reach = std::max(reach, length(r));
    }
  leaf.reach = static_cast<float>(reach * (1.0 + box_room));
}

void Builder::make_patch_nodes() {
  std::uint32_t leaves = 0;
  for (const Patch& patch : patches_) {
    first_leaf_.push_back(leaves);
    leaves += static_cast<std::uint32_t>(patch.ends.size());
  }
  forest_.leaves.resize(leaves);
  forest_.nodes.resize(patches_.size());
  middles_.resize(patches_.size());
  parallel_for(
      patches_.size(),
      [&](std::size_t begin, std::size_t end) {
        std::vector<Vector3> points;
        for (std::size_t p = begin; p < end; ++p) {
          const Patch& patch = patches_[p];
          Vector3 sum;
          std::vector<OrientedBox> boxes;
          for (std::size_t l = 0; l < patch.ends.size(); ++l) {
            const std::uint32_t from = l == 0 ? 0 : patch.ends[l - 1], to = patch.ends[l];
            points.clear();
            Vector3 facing;
            gather(patch, from, to, points, facing);
            const OrientedBox& box = boxes.emplace_back(best_box(points, facing));
            const std::uint32_t leaf = first_leaf_[p] + static_cast<std::uint32_t>(l);
            forest_.nodes[p].child[l] = leaf_bit | leaf;
            make_leaf(patch, from, to, forest_.leaves[leaf], box);
            sum += box.centre;
          }
          place(forest_.nodes[p], boxes);
          middles_[p] = sum / static_cast<double>(patch.ends.size());
        }
      },
      threads_, 64);
}

std::uint32_t Builder::grow_node(std::size_t begin, std::size_t end) {
  if (end - begin == 1) return order_[begin];
  const auto number = static_cast<std::uint32_t>(forest_.nodes.size());
  forest_.nodes.emplace_back();
  std::size_t each = 1, lane = 0;
  while (each * lane_count < end - begin) each *= lane_count;
  group(middles_, std::span(order_).subspan(begin, end - begin), each, [&](std::span<std::uint32_t> part) {
    const auto first = static_cast<std::size_t>(part.data() - order_.data());
    open_.push_back({number, first, first + part.size()});
    const std::uint32_t child = grow_node(first, first + part.size());
    forest_.nodes[number].child[lane++] = child;
  });
  return number;
}

void Builder::close_nodes() {
  std::vector<OrientedBox> boxes(open_.size());
  parallel_for(
      open_.size(),
      [&](std::size_t begin, std::size_t end) {
        std::vector<Vector3> points;
        for (std::size_t o = begin; o < end; ++o) {
          points.clear();
          Vector3 facing;
          for (std::size_t i = open_[o].begin; i < open_[o].end; ++i)
            gather(patches_[order_[i]], 0, patches_[order_[i]].count, points, facing);
          boxes[o] = best_box(points, facing);
        }
      },
      threads_, 8);
  std::vector<std::vector<OrientedBox>> of_roots(forest_.roots.size()), of_nodes(forest_.nodes.size());
  for (std::size_t o = 0, mesh = 0; o < open_.size(); ++o)
    (open_[o].node == no_node ? of_roots[mesh++ / lane_count] : of_nodes[open_[o].node]).push_back(boxes[o]);
  for (std::size_t r = 0; r < of_roots.size(); ++r) place(forest_.roots[r], of_roots[r]);
  for (std::size_t n = patches_.size(); n < of_nodes.size(); ++n) place(forest_.nodes[n], of_nodes[n]);
}

BoxForest Builder::build(const std::vector<const TriangleMesh*>& meshes) {
  take(meshes);
  make_patch_nodes();
  order_.resize(patches_.size());
  std::iota(order_.begin(), order_.end(), 0u);
  forest_.roots.resize((meshes.size() + lane_count - 1) / lane_count);
  for (std::size_t m = 0, begin = 0, end = 0; m < meshes.size(); ++m, begin = end) {
    while (end < patches_.size() && patches_[end].mesh == m) ++end;
    open_.push_back({no_node, begin, end});
    const std::uint32_t top = grow_node(begin, end);
    forest_.roots[m / lane_count].child[m % lane_count] = top;
  }
  close_nodes();
  return std::move(forest_);
}

}  // namespace

BoxForest build_forest(const std::vector<const TriangleMesh*>& meshes, unsigned threads) {
  return Builder(threads).build(meshes);
}

}  // namespace genu::surface
