// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <genu/core/parallel.h>
#include <genu/surface/query.h>

namespace genu::planning {

/// Returns one query for each surface, in their order. `threads`: 0 = every core.
inline std::vector<surface::MeshQuery> queries_of(const std::vector<const TriangleMesh*>& surfaces,
                                                  unsigned threads) {
  std::vector<std::optional<surface::MeshQuery>> made(surfaces.size());
  parallel_for(
      surfaces.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t s = begin; s < end; ++s) made[s].emplace(*surfaces[s]);
      },
      threads, 1);
  std::vector<surface::MeshQuery> queries;
  queries.reserve(made.size());
  for (auto& query : made) queries.push_back(std::move(*query));
  return queries;
}

}  // namespace genu::planning
