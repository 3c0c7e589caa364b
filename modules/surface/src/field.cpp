// SPDX-License-Identifier: Apache-2.0
#include "field.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <genu/core/parallel.h>

#include "mask.h"

namespace genu::surface {
namespace {

/// Half of a symmetric kernel that sums to 1; element 0 is the centre.
std::vector<float> gaussian_kernel(double sigma_voxels) {
  const int radius = std::max(1, static_cast<int>(std::ceil(kernel_reach * sigma_voxels)));
  std::vector<double> half(static_cast<std::size_t>(radius) + 1);
  double sum = 0.0;
  for (int t = 0; t <= radius; ++t) {
    half[t] = std::exp(-0.5 * (t / sigma_voxels) * (t / sigma_voxels));
    sum += t == 0 ? half[t] : 2.0 * half[t];
  }
  std::vector<float> kernel;
  kernel.reserve(half.size());
  for (const double h : half) kernel.push_back(static_cast<float>(h / sum));
  return kernel;
}

void add_scaled(float* to, const float* a, const float* b, float weight, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += weight * (a[i] + b[i]);
}

/// Returns `in` convolved along one axis; what lies outside of the block is 0.
std::vector<float> convolved(const std::vector<float>& in, const Rows& size, int axis,
                             const std::vector<float>& kernel, unsigned threads) {
  std::vector<float> out(in.size());
  const auto radius = static_cast<std::int64_t>(kernel.size()) - 1;
  const std::vector<float> nothing(static_cast<std::size_t>(size[0]), 0.0f);
  parallel_for(
      static_cast<std::size_t>(size[1] * size[2]),
      [&](std::size_t begin, std::size_t end) {
        std::vector<float> padded(static_cast<std::size_t>(size[0] + 2 * radius), 0.0f);
        for (std::size_t row = begin; row < end; ++row) {
          const float* from = in.data() + row * static_cast<std::size_t>(size[0]);
          float* to = out.data() + row * static_cast<std::size_t>(size[0]);
          if (axis == 0) {
            std::copy(from, from + size[0], padded.begin() + radius);
            from = padded.data() + radius;
          }
          for (std::int64_t i = 0; i < size[0]; ++i) to[i] = kernel[0] * from[i];
          const std::int64_t stride = axis == 0 ? 1 : axis == 1 ? size[0] : size[0] * size[1];
          const auto place = static_cast<std::int64_t>(row);
          const std::int64_t along = axis == 1 ? place % size[1] : place / size[1];
          for (std::int64_t t = 1; t <= radius; ++t) {
            const bool before = axis == 0 || along - t >= 0;
            const bool after = axis == 0 || along + t < size[axis];
            if (!before && !after) continue;
            add_scaled(to, before ? from - t * stride : nothing.data(),
                       after ? from + t * stride : nothing.data(), kernel[t], size[0]);
          }
        }
      },
      threads, 64);
  return out;
}

/// Where the smoothed mask crosses the faces between chosen and other voxels, averaged over a neighbourhood.
///
/// A fixed level of 0.5 moves a curved boundary towards its centre of curvature and lets a sheet thinner than
/// the kernel vanish. The level that the mask's own boundary has, locally, does neither.
class LocalLevel {
 public:
  LocalLevel(const std::vector<std::uint8_t>& mask, const std::vector<float>& smooth, const Rows& size,
             const Vector3& spacing_mm, double reach_mm, unsigned threads)
      : size_(size) {
    const double spacing[3] = {spacing_mm.x, spacing_mm.y, spacing_mm.z};
    for (int a = 0; a < 3; ++a) {
      // Cells of half the reach, so that the sum over cells stays smooth.
      cell_[a] = std::max<std::int64_t>(1, std::llround(0.5 * reach_mm / spacing[a]));
      cells_[a] = (size[a] + cell_[a] - 1) / cell_[a];
    }
    sum_.assign(static_cast<std::size_t>(cells_[0] * cells_[1] * cells_[2]), 0.0f);
    weight_ = sum_;
    parallel_for(
        static_cast<std::size_t>(cells_[2]),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t layer = begin; layer < end; ++layer) collect(mask, smooth, spacing, layer);
        },
        threads, 1);
    for (int a = 0; a < 3; ++a) {
      const auto kernel = gaussian_kernel(reach_mm / (spacing[a] * static_cast<double>(cell_[a])));
      sum_ = convolved(sum_, cells_, a, kernel, threads);
      weight_ = convolved(weight_, cells_, a, kernel, threads);
    }
  }

  float at(std::int64_t i, std::int64_t j, std::int64_t k) const {
    const std::int64_t index[3] = {i, j, k};
    std::int64_t low[3];
    float part[3];
    for (int a = 0; a < 3; ++a) {
      const float c = (static_cast<float>(index[a]) + 0.5f) / static_cast<float>(cell_[a]) - 0.5f;
      low[a] = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(c)), 0,
                                        std::max<std::int64_t>(0, cells_[a] - 2));
      part[a] = cells_[a] > 1 ? std::clamp(c - static_cast<float>(low[a]), 0.0f, 1.0f) : 0.0f;
    }
    float sum = 0.0f, weight = 0.0f;
    for (int corner = 0; corner < 8; ++corner) {
      float w = 1.0f;
      std::int64_t cell[3];
      for (int a = 0; a < 3; ++a) {
        const bool upper = (corner >> a & 1) != 0;
        w *= upper ? part[a] : 1.0f - part[a];
        cell[a] = low[a] + (upper && cells_[a] > 1 ? 1 : 0);
      }
      const auto place = static_cast<std::size_t>(cell[0] + cells_[0] * (cell[1] + cells_[1] * cell[2]));
      sum += w * sum_[place];
      weight += w * weight_[place];
    }
    return weight > 1e-6f ? sum / weight : 0.5f;
  }

 private:
  void collect(const std::vector<std::uint8_t>& mask, const std::vector<float>& smooth, const double* spacing,
               std::size_t layer) {
    const std::int64_t stride[3] = {1, size_[0], size_[0] * size_[1]};
    const auto k0 = static_cast<std::int64_t>(layer) * cell_[2];
    for (std::int64_t k = k0; k < std::min(size_[2], k0 + cell_[2]); ++k)
      for (std::int64_t j = 0; j < size_[1]; ++j)
        for (std::int64_t i = 0; i < size_[0]; ++i) {
          const std::int64_t here = i + stride[1] * j + stride[2] * k;
          const std::int64_t index[3] = {i, j, k};
          for (int a = 0; a < 3; ++a) {
            if (index[a] + 1 == size_[a] || mask[here] == mask[here + stride[a]]) continue;
            const auto area = static_cast<float>(spacing[(a + 1) % 3] * spacing[(a + 2) % 3]);
            const std::int64_t cell = i / cell_[0] + cells_[0] * (j / cell_[1] + cells_[1] * (k / cell_[2]));
            sum_[cell] += area * 0.5f * (smooth[here] + smooth[here + stride[a]]);
            weight_[cell] += area;
          }
        }
  }

  Rows size_;
  Rows cell_{};   ///< Voxels a cell.
  Rows cells_{};  ///< Cells a block.
  std::vector<float> sum_, weight_;
};

}  // namespace

Field smooth_field(const LabelMap& labels, const TissueTest& inside, const ExtractOptions& options) {
  Mask mask = mask_of(labels, inside, options);
  Field field;
  field.chosen_volume_mm3 = static_cast<double>(mask.chosen) * labels.geometry().voxel_volume_mm3();
  if (mask.chosen == 0) return field;
  field.place = mask.place;
  const Rows& size = mask.place.size;
  const Vector3 s = mask.spacing_mm;
  const double spacing[3] = {s.x, s.y, s.z};
  std::vector<float> smooth = std::move(mask.share);
  for (int a = 0; a < 3; ++a)
    smooth =
        convolved(smooth, size, a, gaussian_kernel(smoothing_voxels(options, spacing[a])), options.threads);

  // Far enough to average over stair steps, near enough to tell a thin rim from the plate beside it.
  constexpr double level_reach_mm = 1.0;
  const LocalLevel level(mask.inside, smooth, size, s, level_reach_mm, options.threads);
  parallel_for(
      static_cast<std::size_t>(size[1] * size[2]),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row) {
          const auto j = static_cast<std::int64_t>(row) % size[1],
                     k = static_cast<std::int64_t>(row) / size[1];
          float* values = smooth.data() + row * static_cast<std::size_t>(size[0]);
          for (std::int64_t i = 0; i < size[0]; ++i) {
            float& value = values[i];
            // Below and above these no boundary voxel's level can lie.
            value -= value > 0.001f && value < 0.999f ? level.at(i, j, k) : 0.5f;
            // A crossing exactly on a voxel centre would make triangles without area.
            constexpr float least = 1e-3f;
            if (std::abs(value) < least) value = value > 0.0f ? least : -least;
          }
        }
      },
      options.threads, 64);
  field.value = Volume<float>(ImageGeometry(size, {}, {1.0, 1.0, 1.0}), std::move(smooth));
  return field;
}

}  // namespace genu::surface
