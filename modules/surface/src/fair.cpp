// SPDX-License-Identifier: Apache-2.0
#include "fair.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include <genu/core/parallel.h>
#include <genu/surface/measure.h>

#include "adjacency.h"

namespace genu::surface {
namespace {

struct Float3 {
  float x = 0.0f, y = 0.0f, z = 0.0f;
};

Float3 to_float(const Vector3& v) {
  return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

/// Averages values along the surface: a diffusion that stops at rims.
class Diffusion {
 public:
  Diffusion(const std::vector<Point3>& p, const std::vector<Triangle>& triangles,
            const std::vector<Vector3>& normals, double reach_mm, unsigned threads)
      : around_(adjacency(p.size(), triangles)), weight_(around_.vertex.size()), threads_(threads) {
    // Terraces of smoothed voxels turn the normal by up to about 15 degrees between neighbours, a cartilage
    // rim by 35 and more.
    constexpr double turn_rad = 0.35;
    double squared = 0.0;
    for (std::size_t v = 0; v < p.size(); ++v) {
      const auto near = around_.of(v);
      for (std::size_t n = 0; n < near.size(); ++n) {
        const double turn =
            std::exp(-2.0 * (1.0 - dot(normals[v], normals[near[n]])) / (turn_rad * turn_rad));
        weight_[around_.first[v] + n] = static_cast<float>(step * turn / static_cast<double>(near.size()));
        squared += squared_length(p[near[n]] - p[v]);
      }
    }
    // One step adds half the mean squared edge to the variance along each of the surface's two directions.
    const double variance =
        0.5 * step * squared / static_cast<double>(std::max<std::size_t>(1, weight_.size()));
    steps_ =
        variance > 0.0 ? std::clamp(static_cast<int>(std::ceil(reach_mm * reach_mm / variance)), 1, 200) : 0;
  }

  std::vector<Float3> operator()(std::vector<Float3> values) const {
    std::vector<Float3> next(values.size());
    for (int s = 0; s < steps_; ++s) {
      parallel_for(
          values.size(),
          [&](std::size_t begin, std::size_t end) {
            for (std::size_t v = begin; v < end; ++v) next[v] = averaged(values, v);
          },
          threads_, 8192);
      std::swap(values, next);
    }
    return values;
  }

 private:
  static constexpr double step = 0.75;  ///< Under 1, so that no pattern of vertices oscillates.

  Float3 averaged(const std::vector<Float3>& values, std::size_t v) const {
    Float3 sum;
    float total = 0.0f;
    for (std::uint32_t n = around_.first[v]; n < around_.first[v + 1]; ++n) {
      const float w = weight_[n];
      const Float3& q = values[around_.vertex[n]];
      sum.x += w * q.x, sum.y += w * q.y, sum.z += w * q.z;
      total += w;
    }
    const float rest = 1.0f - total;
    const Float3& own = values[v];
    return {sum.x + rest * own.x, sum.y + rest * own.y, sum.z + rest * own.z};
  }

  Adjacency around_;
  std::vector<float> weight_;
  unsigned threads_;
  int steps_ = 0;
};

}  // namespace

void fair(std::vector<Point3>& vertices, const std::vector<Triangle>& triangles, const FairOptions& options) {
  if (vertices.empty()) return;
  const std::vector<Vector3> normals = vertex_normals(TriangleMesh(vertices, triangles));
  const Diffusion diffuse(vertices, triangles, normals, options.reach_mm, options.threads);
  const Point3 base = vertices.front();
  std::vector<Float3> start(vertices.size());
  for (std::size_t v = 0; v < vertices.size(); ++v) start[v] = to_float(vertices[v] - base);
  // Averaging alone would shrink what is curved; averaging what it took away and giving that back leaves
  // curvature as it was and keeps only the terraces out (Tukey's twicing).
  const std::vector<Float3> mean = diffuse(start);
  std::vector<Float3> lost(vertices.size());
  for (std::size_t v = 0; v < lost.size(); ++v)
    lost[v] = {start[v].x - mean[v].x, start[v].y - mean[v].y, start[v].z - mean[v].z};
  const std::vector<Float3> restored = diffuse(std::move(lost));
  const double half[3] = {options.half_spacing_mm.x, options.half_spacing_mm.y, options.half_spacing_mm.z};
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    const Vector3 move{static_cast<double>(mean[v].x + restored[v].x - start[v].x),
                       static_cast<double>(mean[v].y + restored[v].y - start[v].y),
                       static_cast<double>(mean[v].z + restored[v].z - start[v].z)};
    double freedom = 0.0;
    for (int a = 0; a < 3; ++a)
      freedom = std::max(freedom, std::abs(dot(normals[v], options.axes[a])) * half[a]);
    const double along = dot(move, normals[v]);
    // Along the surface vertices may slide freely: that evens out slivers and changes no shape.
    vertices[v] += move + (std::clamp(along, -freedom, freedom) - along) * normals[v];
  }
}

}  // namespace genu::surface
