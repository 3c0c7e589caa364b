// SPDX-License-Identifier: Apache-2.0
#include "inventory.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <genu/core/parallel.h>

namespace genu::cartilage {
namespace {

/// Sums of whole numbers: they are exact, so their order does not matter.
struct Tally {
  std::int64_t voxels = 0, i = 0, j = 0, k = 0;
  VoxelIndex low{INT64_MAX, INT64_MAX, INT64_MAX}, high{-1, -1, -1};

  void add(std::int64_t n, std::int64_t sum_i, std::int64_t row, std::int64_t slice) {
    voxels += n;
    i += sum_i;
    j += n * row;
    k += n * slice;
  }
  void include(const VoxelIndex& a, const VoxelIndex& b) {
    low = {std::min(low.i, a.i), std::min(low.j, a.j), std::min(low.k, a.k)};
    high = {std::max(high.i, b.i), std::max(high.j, b.j), std::max(high.k, b.k)};
  }
  Point3 centroid(const ImageGeometry& geometry) const {
    const auto n = static_cast<double>(voxels);
    return geometry.to_patient(
        ContinuousIndex{static_cast<double>(i) / n, static_cast<double>(j) / n, static_cast<double>(k) / n});
  }
};

/// The voxels of one bone in a row.
struct Run {
  std::int64_t n = 0, i = 0, ii = 0;
  void add(std::int64_t at) { ++n, i += at, ii += at * at; }
};

/// Sums of whole numbers and of their products: exact, too.
struct Moments {
  std::int64_t n = 0;
  std::array<std::int64_t, 3> first{};
  std::array<std::array<std::int64_t, 3>, 3> second{};  ///< The upper triangle.

  void add(const Run& run, std::int64_t j, std::int64_t k) {
    n += run.n;
    first[0] += run.i, first[1] += run.n * j, first[2] += run.n * k;
    second[0][0] += run.ii, second[0][1] += run.i * j, second[0][2] += run.i * k;
    second[1][1] += run.n * j * j, second[1][2] += run.n * j * k, second[2][2] += run.n * k * k;
  }
  void add(const Moments& other) {
    n += other.n;
    for (std::size_t r = 0; r < 3; ++r) {
      first[r] += other.first[r];
      for (std::size_t c = r; c < 3; ++c) second[r][c] += other.second[r][c];
    }
  }
  Mass mass(const ImageGeometry& geometry) const {
    Mass mass;
    mass.spread.rows = {};
    if (n == 0) return mass;
    mass.voxels = static_cast<std::size_t>(n);
    const auto count = static_cast<double>(n);
    std::array<double, 3> mean{};
    for (std::size_t r = 0; r < 3; ++r) mean[r] = static_cast<double>(first[r]) / count;
    mass.centroid = geometry.to_patient(ContinuousIndex{mean[0], mean[1], mean[2]});
    const Vector3 s = geometry.spacing_mm();
    const std::array<Vector3, 3> step{s.x * geometry.direction().column(0),
                                      s.y * geometry.direction().column(1),
                                      s.z * geometry.direction().column(2)};
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = r; c < 3; ++c) {
        const double in_voxels = static_cast<double>(second[r][c]) / count - mean[r] * mean[c];
        add_product(mass.spread, in_voxels, step[r], step[c]);
        if (c != r) add_product(mass.spread, in_voxels, step[c], step[r]);
      }
    return mass;
  }
  static void add_product(Matrix3& sum, double weight, const Vector3& a, const Vector3& b) {
    const std::array<double, 3> x{a.x, a.y, a.z}, y{b.x, b.y, b.z};
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) sum.rows[r][c] += weight * x[r] * y[c];
  }
};

/// 1 for what belongs to the femur, 2 for the tibia, 0 for the rest.
std::array<std::uint8_t, 256> bone_of_tissues() {
  std::array<std::uint8_t, 256> bone{};
  for (std::size_t t = 0; t < bone.size(); ++t)
    bone[t] = is_part_of(static_cast<Tissue>(t), Bone::femur)   ? 1
              : is_part_of(static_cast<Tissue>(t), Bone::tibia) ? 2
                                                                : 0;
  return bone;
}

std::array<std::uint8_t, 256> counted_as() {
  std::array<std::uint8_t, 256> as{};
  for (int t = 0; t < 256; ++t) {
    as[t] = static_cast<std::uint8_t>(t);
    if (is_part_of(static_cast<Tissue>(t), Bone::femur)) as[t] = static_cast<std::uint8_t>(Tissue::femur);
    if (is_part_of(static_cast<Tissue>(t), Bone::tibia)) as[t] = static_cast<std::uint8_t>(Tissue::tibia);
    if (is_part_of(static_cast<Tissue>(t), Bone::patella)) as[t] = static_cast<std::uint8_t>(Tissue::patella);
  }
  return as;
}

using Tallies = std::array<Tally, 256>;

void tally_slice(const LabelMap& labels, std::int64_t k, const std::array<std::uint8_t, 256>& as,
                 Tallies& tallies) {
  const GridSize& size = labels.geometry().size();
  for (std::int64_t j = 0; j < size[1]; ++j) {
    const Tissue* row = &labels[{0, j, k}];
    // Row by row in runs of one tissue: labels are mostly long runs.
    for (std::int64_t i = 0; i < size[0];) {
      const Tissue tissue = row[i];
      const std::int64_t begin = i;
      while (i < size[0] && row[i] == tissue) ++i;
      if (tissue == Tissue::background) continue;
      Tally& tally = tallies[as[static_cast<std::size_t>(tissue)]];
      tally.add(i - begin, (begin + i - 1) * (i - begin) / 2, j, k);
      tally.include({begin, j, k}, {i - 1, j, k});
    }
  }
}

}  // namespace

Inventory inventory_of(const LabelMap& labels, unsigned threads) {
  const auto as = counted_as();
  std::vector<Tallies> slices(static_cast<std::size_t>(labels.geometry().size()[2]));
  parallel_for(
      slices.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k)
          tally_slice(labels, static_cast<std::int64_t>(k), as, slices[k]);
      },
      threads, 4);
  Inventory inventory{};
  for (std::size_t t = 0; t < inventory.size(); ++t) {
    Tally all;
    for (const Tallies& slice : slices) {
      all.voxels += slice[t].voxels;
      all.i += slice[t].i;
      all.j += slice[t].j;
      all.k += slice[t].k;
      all.include(slice[t].low, slice[t].high);
    }
    if (all.voxels == 0) continue;
    inventory[t] = {static_cast<std::size_t>(all.voxels), all.centroid(labels.geometry()), all.low, all.high};
  }
  return inventory;
}

BonesNear bones_near(const LabelMap& labels, const Point3& centre, double reach_mm, unsigned threads) {
  const ImageGeometry& geometry = labels.geometry();
  const GridSize& size = geometry.size();
  const ContinuousIndex middle = geometry.to_index(centre);
  const Vector3 s = geometry.spacing_mm();
  const auto bone_of = bone_of_tissues();
  // By slice: not of the joint, femur, tibia.
  std::vector<std::array<Moments, 3>> slices(static_cast<std::size_t>(size[2]));
  parallel_for(
      slices.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t slice = begin; slice < end; ++slice) {
          const auto k = static_cast<std::int64_t>(slice);
          const double dk = s.z * (static_cast<double>(k) - middle.k);
          for (std::int64_t j = 0; j < size[1]; ++j) {
            const double dj = s.y * (static_cast<double>(j) - middle.j);
            const double half = std::sqrt(std::max(0.0, reach_mm * reach_mm - dk * dk - dj * dj)) / s.x;
            if (!(half > 0.0)) continue;
            const auto first = std::max<std::int64_t>(0, std::llround(std::ceil(middle.i - half)));
            const auto last = std::min<std::int64_t>(size[0] - 1, std::llround(std::floor(middle.i + half)));
            std::array<Run, 3> runs{};
            const Tissue* row = &labels[{0, j, k}];
            for (std::int64_t i = first; i <= last; ++i)
              runs[bone_of[static_cast<std::size_t>(row[i])]].add(i);
            for (std::size_t bone = 1; bone < runs.size(); ++bone) slices[slice][bone].add(runs[bone], j, k);
          }
        }
      },
      threads, 4);
  std::array<Moments, 3> sums{};
  for (const auto& slice : slices)
    for (std::size_t bone = 1; bone < sums.size(); ++bone) sums[bone].add(slice[bone]);
  return {sums[1].mass(geometry), sums[2].mass(geometry)};
}

std::vector<Point3> places_of(const LabelMap& labels, const Holding& holding, Tissue tissue) {
  std::vector<Point3> places;
  places.reserve(holding.voxels);
  if (holding.voxels == 0) return places;
  for (std::int64_t k = holding.low.k; k <= holding.high.k; ++k)
    for (std::int64_t j = holding.low.j; j <= holding.high.j; ++j)
      for (std::int64_t i = holding.low.i; i <= holding.high.i; ++i)
        if (labels[{i, j, k}] == tissue) places.push_back(labels.geometry().to_patient(VoxelIndex{i, j, k}));
  return places;
}

}  // namespace genu::cartilage
