// SPDX-License-Identifier: Apache-2.0
#include "patch.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include <genu/surface/measure.h>

namespace genu::cartilage {
namespace {

bool is_border(const Ground& ground, const Patch& patch, std::size_t v) {
  for (const auto n : ground.neighbours(v))
    if (!patch[n]) return true;
  return false;
}

}  // namespace

Ground::Ground(const TriangleMesh& mesh)
    : places_(mesh.vertices()), areas_(surface::vertex_areas_mm2(mesh)), first_(places_.size() + 1, 0) {
  const auto around = surface::vertex_neighbours(mesh);
  for (std::size_t v = 0; v < around.size(); ++v)
    first_[v + 1] = first_[v] + static_cast<std::uint32_t>(around[v].size());
  next_.reserve(first_.back());
  for (const auto& near : around) next_.insert(next_.end(), near.begin(), near.end());
}

double Ground::area_mm2(const Patch& patch) const {
  double sum = 0.0;
  for (std::size_t v = 0; v < patch.size(); ++v)
    if (patch[v]) sum += areas_[v];
  return sum;
}

Parts connected_parts(const Ground& ground, const Patch& patch) {
  Parts parts{std::vector<std::int32_t>(patch.size(), -1), {}};
  std::vector<std::uint32_t> open;
  for (std::size_t seed = 0; seed < patch.size(); ++seed) {
    if (!patch[seed] || parts.part[seed] >= 0) continue;
    const auto number = static_cast<std::int32_t>(parts.area_mm2.size());
    double area = 0.0;
    parts.part[seed] = number;
    open.assign(1, static_cast<std::uint32_t>(seed));
    while (!open.empty()) {
      const auto v = open.back();
      open.pop_back();
      area += ground.areas_mm2()[v];
      for (const auto n : ground.neighbours(v))
        if (patch[n] && parts.part[n] < 0) {
          parts.part[n] = number;
          open.push_back(n);
        }
    }
    parts.area_mm2.push_back(area);
  }
  return parts;
}

// The front walks outward from vertex to vertex, each remembering the seed it came from; distances are
// straight lines to that seed, which no zigzag of edges makes longer.
Walk walk_from(const Ground& ground, const std::vector<std::uint32_t>& seeds, const Patch& allowed,
               double reach_mm) {
  Walk walk{std::vector<std::uint32_t>(ground.size(), nobody),
            std::vector<double>(ground.size(), std::numeric_limits<double>::infinity())};
  using Step = std::pair<double, std::uint32_t>;
  std::priority_queue<Step, std::vector<Step>, std::greater<>> front;
  for (const auto v : seeds) {
    walk.source[v] = v;
    walk.far_mm[v] = 0.0;
    front.emplace(0.0, v);
  }
  while (!front.empty()) {
    const auto [d, v] = front.top();
    front.pop();
    if (d > walk.far_mm[v]) continue;
    for (const auto n : ground.neighbours(v)) {
      if (!allowed[n]) continue;
      const double to = distance(ground.places()[n], ground.places()[walk.source[v]]);
      if (to > reach_mm || to >= walk.far_mm[n]) continue;
      walk.far_mm[n] = to;
      walk.source[n] = walk.source[v];
      front.emplace(to, n);
    }
  }
  return walk;
}

std::vector<std::uint32_t> border_of(const Ground& ground, const Patch& patch) {
  std::vector<std::uint32_t> border;
  for (std::uint32_t v = 0; v < patch.size(); ++v)
    if (patch[v] && is_border(ground, patch, v)) border.push_back(v);
  return border;
}

Patch grown(const Ground& ground, const Patch& patch, double reach_mm) {
  const Walk walk = walk_from(ground, border_of(ground, patch), complement(patch), reach_mm);
  Patch result = patch;
  for (std::size_t v = 0; v < result.size(); ++v)
    if (walk.source[v] != nobody) result[v] = 1;
  return result;
}

Patch shrunk(const Ground& ground, const Patch& patch, double reach_mm) {
  return complement(grown(ground, complement(patch), reach_mm));
}

Patch closed(const Ground& ground, const Patch& patch, double reach_mm) {
  return either(patch, shrunk(ground, grown(ground, patch, reach_mm), reach_mm));
}

Patch opened(const Ground& ground, const Patch& patch, double reach_mm) {
  return both(patch, grown(ground, shrunk(ground, patch, reach_mm), reach_mm));
}

Patch without_small_parts(const Ground& ground, const Patch& patch, double area_mm2) {
  const Parts parts = connected_parts(ground, patch);
  Patch result(patch.size(), 0);
  for (std::size_t v = 0; v < patch.size(); ++v)
    result[v] = parts.part[v] >= 0 && parts.area_mm2[static_cast<std::size_t>(parts.part[v])] >= area_mm2;
  return result;
}

Patch without_holes(const Ground& ground, const Patch& patch) {
  const Parts parts = connected_parts(ground, complement(patch));
  if (parts.area_mm2.empty()) return patch;
  const auto outside =
      std::max_element(parts.area_mm2.begin(), parts.area_mm2.end()) - parts.area_mm2.begin();
  // A part of the mesh that no cartilage touches (a cavity in the bone, a speck) is no hole in it.
  std::vector<std::uint8_t> touched(parts.area_mm2.size(), 0);
  for (std::size_t v = 0; v < patch.size(); ++v)
    if (patch[v])
      for (const auto n : ground.neighbours(v))
        if (parts.part[n] >= 0) touched[static_cast<std::size_t>(parts.part[n])] = 1;
  Patch result = patch;
  for (std::size_t v = 0; v < patch.size(); ++v)
    if (parts.part[v] >= 0 && parts.part[v] != outside && touched[static_cast<std::size_t>(parts.part[v])])
      result[v] = 1;
  return result;
}

Patch both(const Patch& a, const Patch& b) {
  Patch result(a.size());
  for (std::size_t v = 0; v < a.size(); ++v) result[v] = a[v] & b[v];
  return result;
}

Patch either(const Patch& a, const Patch& b) {
  Patch result(a.size());
  for (std::size_t v = 0; v < a.size(); ++v) result[v] = a[v] | b[v];
  return result;
}

Patch complement(const Patch& a) {
  Patch result(a.size());
  for (std::size_t v = 0; v < a.size(); ++v) result[v] = a[v] ^ 1;
  return result;
}

}  // namespace genu::cartilage
