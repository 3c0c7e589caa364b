// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>

namespace genu {

/// A voxel's integer position: i runs fastest in memory, then j, then k.
struct VoxelIndex {
  std::int64_t i = 0;
  std::int64_t j = 0;
  std::int64_t k = 0;
  friend bool operator==(const VoxelIndex&, const VoxelIndex&) = default;
};

/// A position between voxels; the centre of voxel (i, j, k) is at exactly (i, j, k).
struct ContinuousIndex {
  double i = 0.0;
  double j = 0.0;
  double k = 0.0;
};

/// Number of voxels along i, j, k.
using GridSize = std::array<std::int64_t, 3>;

/// Where a voxel grid lies in patient space (DICOM LPS, mm). Invariants: every size is at least 1, spacing is
/// positive and finite, the columns of `direction` are orthonormal. Left-handed grids are allowed, as DICOM
/// has them.
class ImageGeometry {
 public:
  ImageGeometry() = default;  ///< One voxel of 1 mm at the origin.

  /// \param origin centre of voxel (0, 0, 0)
  /// \param spacing_mm distance between voxel centres along i, j, k
  /// \param direction columns are the patient-space directions of i, j, k
  /// \throws InvalidInput if an invariant is broken; the message holds the value.
  ImageGeometry(const GridSize& size, const Point3& origin, const Vector3& spacing_mm,
                const Matrix3& direction = {});

  const GridSize& size() const { return size_; }
  const Point3& origin() const { return origin_; }
  const Vector3& spacing_mm() const { return spacing_mm_; }
  const Matrix3& direction() const { return direction_; }
  std::size_t voxel_count() const;
  double voxel_volume_mm3() const { return spacing_mm_.x * spacing_mm_.y * spacing_mm_.z; }

  Point3 to_patient(const ContinuousIndex& index) const;
  Point3 to_patient(const VoxelIndex& index) const;
  ContinuousIndex to_index(const Point3& p) const;

  bool contains(const VoxelIndex& index) const;
  /// Returns the position in memory of a voxel; the index must be inside.
  std::size_t offset(const VoxelIndex& v) const {
    return static_cast<std::size_t>(v.i + size_[0] * (v.j + size_[1] * v.k));
  }
  VoxelIndex index_of(std::size_t offset) const;

  friend bool operator==(const ImageGeometry& a, const ImageGeometry& b) {
    return a.size_ == b.size_ && a.origin_ == b.origin_ && a.spacing_mm_ == b.spacing_mm_ &&
           a.direction_ == b.direction_;
  }

 private:
  GridSize size_{1, 1, 1};
  Point3 origin_;
  Vector3 spacing_mm_{1.0, 1.0, 1.0};
  Matrix3 direction_;
};

/// Returns true if the grids have equal sizes and all corners agree to within `tolerance_mm`.
bool nearly_equal(const ImageGeometry& a, const ImageGeometry& b, double tolerance_mm = 1e-3);

/// Returns the geometry moved by a rigid motion of the patient.
ImageGeometry moved(const ImageGeometry& geometry, const RigidTransform& motion);

/// Returns the geometry of the block of `size` voxels that starts at voxel `first`.
/// \throws InvalidInput if the block is not inside.
ImageGeometry cropped(const ImageGeometry& geometry, const VoxelIndex& first, const GridSize& size);

std::ostream& operator<<(std::ostream&, const VoxelIndex&);
std::ostream& operator<<(std::ostream&, const ImageGeometry&);

}  // namespace genu
