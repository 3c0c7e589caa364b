// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::surface {

/// The vertices that share an edge with each vertex, in ascending order, in one block of memory.
struct Adjacency {
  std::vector<std::uint32_t> first;  ///< One more than there are vertices.
  std::vector<std::uint32_t> vertex;

  std::span<const std::uint32_t> of(std::size_t v) const {
    return {vertex.data() + first[v], vertex.data() + first[v + 1]};
  }
};

inline Adjacency adjacency(std::size_t vertices, const std::vector<Triangle>& triangles) {
  std::vector<std::uint32_t> start(vertices + 1, 0);
  for (const Triangle& t : triangles)
    for (const auto v : t) start[v + 1] += 2;
  for (std::size_t v = 0; v < vertices; ++v) start[v + 1] += start[v];
  std::vector<std::uint32_t> ends(start.back());
  std::vector<std::uint32_t> filled(start.begin(), start.end() - 1);
  for (const auto& [a, b, c] : triangles) {
    ends[filled[a]++] = b, ends[filled[a]++] = c;
    ends[filled[b]++] = c, ends[filled[b]++] = a;
    ends[filled[c]++] = a, ends[filled[c]++] = b;
  }
  Adjacency result;
  result.first.resize(vertices + 1, 0);
  result.vertex.reserve(ends.size() / 2 + 1);
  for (std::size_t v = 0; v < vertices; ++v) {
    const auto begin = ends.begin() + start[v], end = ends.begin() + start[v + 1];
    std::sort(begin, end);
    result.vertex.insert(result.vertex.end(), begin, std::unique(begin, end));
    result.first[v + 1] = static_cast<std::uint32_t>(result.vertex.size());
  }
  return result;
}

}  // namespace genu::surface
