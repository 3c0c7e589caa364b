// SPDX-License-Identifier: Apache-2.0
#include "tree.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace genu::surface {
namespace {

constexpr int bins = 16;
constexpr std::uint32_t leaf_size = 4;

double half_area(const Bounds& b) {
  const double x = b.high[0] - b.low[0], y = b.high[1] - b.low[1], z = b.high[2] - b.low[2];
  return x * y + y * z + z * x;
}

struct Item {
  Bounds bounds;
  std::array<double, 3> middle;
};

struct Split {
  int axis = -1;
  double at = 0.0;
};

/// Returns the plane that makes (area x triangles) of both sides least, or no axis if all middles coincide.
Split best_split(const std::vector<Item>& items, const std::uint32_t* begin, const std::uint32_t* end) {
  Bounds middles = no_bounds();
  for (const auto* i = begin; i != end; ++i)
    grow(middles, Point3{items[*i].middle[0], items[*i].middle[1], items[*i].middle[2]});
  int axis = 0;
  for (int a = 1; a < 3; ++a)
    if (middles.high[a] - middles.low[a] > middles.high[axis] - middles.low[axis]) axis = a;
  const double low = middles.low[axis], extent = middles.high[axis] - low;
  if (!(extent > 0.0)) return {};
  std::array<Bounds, bins> bounds;
  bounds.fill(no_bounds());
  std::array<std::uint32_t, bins> count{};
  const double scale = bins / extent;
  for (const auto* i = begin; i != end; ++i) {
    const int bin = std::min(bins - 1, static_cast<int>((items[*i].middle[axis] - low) * scale));
    grow(bounds[bin], items[*i].bounds);
    ++count[bin];
  }
  std::array<double, bins> cost_left{};
  Bounds sum = no_bounds();
  std::uint32_t n = 0;
  for (int b = 0; b + 1 < bins; ++b) {
    grow(sum, bounds[b]);
    n += count[b];
    cost_left[b] = n > 0 ? n * half_area(sum) : 0.0;
  }
  sum = no_bounds();
  n = 0;
  double least = std::numeric_limits<double>::infinity();
  int best = 0;
  for (int b = bins - 1; b > 0; --b) {
    grow(sum, bounds[b]);
    n += count[b];
    const double cost = cost_left[b - 1] + (n > 0 ? n * half_area(sum) : 0.0);
    if (cost < least) least = cost, best = b;
  }
  return {axis, low + extent * best / bins};
}

}  // namespace

Bounds no_bounds() {
  constexpr double inf = std::numeric_limits<double>::infinity();
  return {{inf, inf, inf}, {-inf, -inf, -inf}};
}

void grow(Bounds& b, const Point3& p) {
  const double c[3] = {p.x, p.y, p.z};
  for (int a = 0; a < 3; ++a) b.low[a] = std::min(b.low[a], c[a]), b.high[a] = std::max(b.high[a], c[a]);
}

void grow(Bounds& b, const Bounds& o) {
  for (int a = 0; a < 3; ++a)
    b.low[a] = std::min(b.low[a], o.low[a]), b.high[a] = std::max(b.high[a], o.high[a]);
}

double squared_distance(const Bounds& b, const Point3& p) {
  const double c[3] = {p.x, p.y, p.z};
  double sum = 0.0;
  for (int a = 0; a < 3; ++a) {
    const double d = std::max({b.low[a] - c[a], 0.0, c[a] - b.high[a]});
    sum += d * d;
  }
  return sum;
}

Hierarchy build_hierarchy(const TriangleMesh& mesh) {
  std::vector<Item> items(mesh.triangles().size());
  double largest = 0.0;
  for (std::size_t t = 0; t < items.size(); ++t) {
    items[t].bounds = no_bounds();
    for (const auto v : mesh.triangles()[t]) grow(items[t].bounds, mesh.vertices()[v]);
    for (int a = 0; a < 3; ++a) {
      items[t].middle[a] = 0.5 * (items[t].bounds.low[a] + items[t].bounds.high[a]);
      largest = std::max({largest, std::abs(items[t].bounds.low[a]), std::abs(items[t].bounds.high[a])});
    }
  }
  // A hair of room, so that rounding in a box test never hides a triangle.
  const double room = 1e-12 * largest + std::numeric_limits<double>::min();
  for (Item& item : items)
    for (int a = 0; a < 3; ++a) item.bounds.low[a] -= room, item.bounds.high[a] += room;

  Hierarchy tree;
  tree.order.resize(items.size());
  std::iota(tree.order.begin(), tree.order.end(), 0u);
  tree.nodes.reserve(items.size());
  struct Task {
    std::uint32_t node, begin, end;
  };
  tree.nodes.emplace_back();
  std::vector<Task> open{{0, 0, static_cast<std::uint32_t>(items.size())}};
  while (!open.empty()) {
    const Task task = open.back();
    open.pop_back();
    Node node{no_bounds(), task.begin, task.end - task.begin};
    auto* const begin = tree.order.data() + task.begin;
    auto* const end = tree.order.data() + task.end;
    for (const auto* i = begin; i != end; ++i) grow(node.bounds, items[*i].bounds);
    if (node.count > leaf_size) {
      const Split split = best_split(items, begin, end);
      auto* middle = begin + node.count / 2;
      if (split.axis >= 0) {
        auto* const found = std::stable_partition(
            begin, end, [&](std::uint32_t i) { return items[i].middle[split.axis] < split.at; });
        if (found != begin && found != end) middle = found;
      }
      const auto half = task.begin + static_cast<std::uint32_t>(middle - begin);
      node.first = static_cast<std::uint32_t>(tree.nodes.size());
      node.count = 0;
      open.push_back({node.first + 1, half, task.end});
      open.push_back({node.first, task.begin, half});
      tree.nodes.resize(tree.nodes.size() + 2);
    }
    tree.nodes[task.node] = node;
  }
  return tree;
}

}  // namespace genu::surface
