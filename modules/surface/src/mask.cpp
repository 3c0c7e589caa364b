// SPDX-License-Identifier: Apache-2.0
#include "mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <genu/core/parallel.h>

#include "slices.h"

namespace genu::surface {
namespace {

using Table = std::array<std::uint8_t, 256>;

struct Box {
  VoxelIndex low, high;  ///< Both inclusive.
  std::size_t voxels = 0;
  VoxelIndex sum;  ///< Of the chosen voxels' indices.
};

Table table_of(const TissueTest& inside) {
  Table chosen{};
  for (const TissueInfo& row : tissues())
    chosen[static_cast<std::size_t>(row.tissue)] = inside(row.tissue) ? 1 : 0;
  return chosen;
}

Box box_of(const LabelMap& labels, const Table& chosen, unsigned threads) {
  const GridSize& size = labels.geometry().size();
  std::vector<Box> slices(static_cast<std::size_t>(size[2]));
  parallel_for(
      slices.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
          Box box{{size[0], size[1], 0}, {-1, -1, 0}, 0, {}};
          for (std::int64_t j = 0; j < size[1]; ++j) {
            const Tissue* row = &labels[{0, j, static_cast<std::int64_t>(k)}];
            std::int64_t low = size[0], high = -1;
            for (std::int64_t i = 0; i < size[0]; ++i)
              if (chosen[static_cast<std::size_t>(row[i])]) {
                low = std::min(low, i), high = i;
                ++box.voxels;
                box.sum.i += i;
                box.sum.j += j;
              }
            if (high < 0) continue;
            box.low = {std::min(box.low.i, low), std::min(box.low.j, j), 0};
            box.high = {std::max(box.high.i, high), j, 0};
          }
          slices[k] = box;
        }
      },
      threads, 8);
  Box all{{size[0], size[1], size[2]}, {-1, -1, -1}, 0, {}};
  for (std::int64_t k = 0; k < size[2]; ++k) {
    const Box& b = slices[static_cast<std::size_t>(k)];
    if (b.voxels == 0) continue;
    all.low = {std::min(all.low.i, b.low.i), std::min(all.low.j, b.low.j), std::min(all.low.k, k)};
    all.high = {std::max(all.high.i, b.high.i), std::max(all.high.j, b.high.j), k};
    all.voxels += b.voxels;
    all.sum = {all.sum.i + b.sum.i, all.sum.j + b.sum.j, all.sum.k + k * static_cast<std::int64_t>(b.voxels)};
  }
  return all;
}

/// Where the block lies in the image, before thick slices are divided.
struct Frame {
  VoxelIndex first;
  Rows size;
  std::array<bool, 3> backwards;

  std::int64_t index(int axis, std::int64_t label_index) const {
    const std::int64_t begin = axis == 0 ? first.i : axis == 1 ? first.j : first.k;
    return backwards[axis] ? size[axis] - 1 - (label_index - begin) : label_index - begin;
  }
};

std::vector<std::uint8_t> fill(const LabelMap& labels, const Table& chosen, const Frame& frame) {
  const Rows &size = frame.size, &all = labels.geometry().size();
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(size[0] * size[1] * size[2]), 0);
  const std::int64_t i0 = std::max<std::int64_t>(0, frame.first.i),
                     i1 = std::min(all[0], frame.first.i + size[0]);
  for (std::int64_t k = std::max<std::int64_t>(0, frame.first.k);
       k < std::min(all[2], frame.first.k + size[2]); ++k)
    for (std::int64_t j = std::max<std::int64_t>(0, frame.first.j);
         j < std::min(all[1], frame.first.j + size[1]); ++j) {
      const Tissue* from = &labels[{0, j, k}];
      std::uint8_t* to = mask.data() + size[0] * (frame.index(1, j) + size[1] * frame.index(2, k));
      for (std::int64_t i = i0; i < i1; ++i)
        to[frame.index(0, i)] = chosen[static_cast<std::size_t>(from[i])];
    }
  return mask;
}

/// Divides the mask's thick slices; a layer on a solid is what the two together have more than the solid.
void divide_slices(Mask& mask, const LabelMap& labels, const Table& chosen, const TissueTest& beneath,
                   const Frame& frame, const Slicing& slicing, unsigned threads) {
  const std::int64_t a = frame.index(slicing.axis, 0),
                     b = frame.index(slicing.axis, labels.geometry().size()[slicing.axis] - 1);
  const Slices shape{frame.size, labels.geometry().spacing_mm(), slicing, std::min(a, b), std::max(a, b)};
  if (!beneath) {
    mask.share = divided(mask.inside, shape, threads);
  } else {
    const Table solid = table_of(beneath);
    Table whole = solid;
    for (std::size_t t = 0; t < whole.size(); ++t) whole[t] |= chosen[t];
    const std::vector<float> below = divided(fill(labels, solid, frame), shape, threads);
    mask.share = divided(fill(labels, whole, frame), shape, threads);
    for (std::size_t v = 0; v < below.size(); ++v) mask.share[v] = std::max(0.0f, mask.share[v] - below[v]);
  }
  mask.inside.resize(mask.share.size());
  for (std::size_t v = 0; v < mask.share.size(); ++v) mask.inside[v] = mask.share[v] > 0.5f ? 1 : 0;
  mask.place.size[slicing.axis] *= slicing.parts;
  mask.place.parts[slicing.axis] = slicing.parts;
  double* spacing[3] = {&mask.spacing_mm.x, &mask.spacing_mm.y, &mask.spacing_mm.z};
  *spacing[slicing.axis] /= slicing.parts;
}

}  // namespace

double smoothing_voxels(const ExtractOptions& options, double spacing_mm) {
  // 0.7 of a voxel is the least that leaves no ripple of the voxel grid on an oblique plane.
  return std::max(options.smoothing_mm / spacing_mm, 0.7);
}

Mask mask_of(const LabelMap& labels, const TissueTest& inside, const ExtractOptions& options) {
  const Table chosen = table_of(inside);
  const Box box = box_of(labels, chosen, options.threads);
  Mask mask;
  mask.chosen = box.voxels;
  if (box.voxels == 0) return mask;
  mask.spacing_mm = labels.geometry().spacing_mm();
  const double spacing[3] = {mask.spacing_mm.x, mask.spacing_mm.y, mask.spacing_mm.z};
  const Slicing slicing = slicing_for(mask.spacing_mm);
  Rows margin{};
  for (int a = 0; a < 3; ++a) {
    margin[a] =
        1 + static_cast<std::int64_t>(std::ceil(kernel_reach * smoothing_voxels(options, spacing[a])));
    // Room for outlines to wander between slices.
    if (slicing.parts > 1 && a != slicing.axis)
      margin[a] += static_cast<std::int64_t>(std::ceil(spacing[slicing.axis] / spacing[a]));
  }
  const auto voxels = static_cast<std::int64_t>(box.voxels);
  const Frame frame{
      {box.low.i - margin[0], box.low.j - margin[1], box.low.k - margin[2]},
      {box.high.i - box.low.i + 1 + 2 * margin[0], box.high.j - box.low.j + 1 + 2 * margin[1],
       box.high.k - box.low.k + 1 + 2 * margin[2]},
      {2 * box.sum.i > voxels * (box.low.i + box.high.i), 2 * box.sum.j > voxels * (box.low.j + box.high.j),
       2 * box.sum.k > voxels * (box.low.k + box.high.k)}};
  mask.place = {frame.first, frame.size, {1, 1, 1}, frame.backwards};
  mask.inside = fill(labels, chosen, frame);
  if (slicing.parts > 1)
    divide_slices(mask, labels, chosen, options.beneath, frame, slicing, options.threads);
  else
    mask.share.assign(mask.inside.begin(), mask.inside.end());
  return mask;
}

}  // namespace genu::surface
