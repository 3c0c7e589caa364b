// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/geometry.h>

namespace genu {

/// A grid of values in patient space: geometry and contiguous voxels, i fastest. Copies deeply, moves
/// cheaply. Invariant: there are exactly geometry().voxel_count() voxels.
template <typename T>
class Volume {
 public:
  using Value = T;

  Volume() : voxels_(1) {}
  explicit Volume(const ImageGeometry& geometry, T fill = T{})
      : geometry_(geometry), voxels_(geometry.voxel_count(), fill) {}
  /// \throws GeometryMismatch if the number of voxels does not fit the geometry.
  Volume(const ImageGeometry& geometry, std::vector<T> voxels)
      : geometry_(geometry), voxels_(std::move(voxels)) {
    if (voxels_.size() != geometry_.voxel_count()) throw_voxel_count_mismatch(geometry_, voxels_.size());
  }

  const ImageGeometry& geometry() const { return geometry_; }
  const std::vector<T>& voxels() const { return voxels_; }
  std::vector<T>& voxels() { return voxels_; }

  const T& operator[](const VoxelIndex& index) const { return voxels_[geometry_.offset(index)]; }
  T& operator[](const VoxelIndex& index) { return voxels_[geometry_.offset(index)]; }
  /// \throws InvalidInput if the index is outside the grid.
  const T& at(const VoxelIndex& index) const {
    if (!geometry_.contains(index)) throw_index_outside(geometry_, index);
    return (*this)[index];
  }

  /// Gives the voxels away and leaves the volume empty of them; only for temporaries.
  std::vector<T> take_voxels() && { return std::move(voxels_); }

 private:
  static_assert(!std::is_same_v<T, bool>, "Volume<bool> would not be contiguous; use std::uint8_t");
  ImageGeometry geometry_;
  std::vector<T> voxels_;
};

/// Returns the block of `size` voxels that starts at `first`.
/// \throws InvalidInput if the block is not inside.
template <typename T>
Volume<T> cropped(const Volume<T>& volume, const VoxelIndex& first, const GridSize& size) {
  Volume<T> result(cropped(volume.geometry(), first, size));
  std::size_t out = 0;
  for (std::int64_t k = 0; k < size[2]; ++k)
    for (std::int64_t j = 0; j < size[1]; ++j) {
      const std::size_t in = volume.geometry().offset({first.i, first.j + j, first.k + k});
      for (std::int64_t i = 0; i < size[0]; ++i)
        result.voxels()[out++] = volume.voxels()[in + static_cast<std::size_t>(i)];
    }
  return result;
}

}  // namespace genu
