// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/geometry.h>
#include <genu/core/volume.h>

namespace genu {

ImageGeometry::ImageGeometry(const GridSize& size, const Point3& origin, const Vector3& spacing_mm,
                             const Matrix3& direction)
    : size_(size), origin_(origin), spacing_mm_(spacing_mm), direction_(direction) {
  // 2^40 voxels is far beyond any scanner: a larger product is a damaged header, and would overflow later.
  constexpr double most_voxels = 1099511627776.0;
  std::ostringstream problem;
  const double voxels =
      static_cast<double>(size[0]) * static_cast<double>(size[1]) * static_cast<double>(size[2]);
  if (size[0] < 1 || size[1] < 1 || size[2] < 1 || voxels > most_voxels)
    problem << "its size is " << size[0] << " x " << size[1] << " x " << size[2];
  else if (!is_finite(origin))
    problem << "its origin is " << origin;
  else if (!is_finite(spacing_mm) || !(spacing_mm.x > 0.0) || !(spacing_mm.y > 0.0) || !(spacing_mm.z > 0.0))
    problem << "its spacing is " << spacing_mm << " mm";
  else if (!is_orthonormal(direction))
    problem << "its axes " << direction.column(0) << ", " << direction.column(1) << ", "
            << direction.column(2) << " are not orthonormal";
  if (!problem.str().empty()) throw InvalidInput("not an image geometry: " + problem.str());
}

std::size_t ImageGeometry::voxel_count() const {
  return static_cast<std::size_t>(size_[0]) * static_cast<std::size_t>(size_[1]) *
         static_cast<std::size_t>(size_[2]);
}

Point3 ImageGeometry::to_patient(const ContinuousIndex& index) const {
  return origin_ +
         direction_ * Vector3{index.i * spacing_mm_.x, index.j * spacing_mm_.y, index.k * spacing_mm_.z};
}

Point3 ImageGeometry::to_patient(const VoxelIndex& index) const {
  return to_patient(ContinuousIndex{static_cast<double>(index.i), static_cast<double>(index.j),
                                    static_cast<double>(index.k)});
}

ContinuousIndex ImageGeometry::to_index(const Point3& p) const {
  const Vector3 d = p - origin_;
  return {dot(direction_.column(0), d) / spacing_mm_.x, dot(direction_.column(1), d) / spacing_mm_.y,
          dot(direction_.column(2), d) / spacing_mm_.z};
}

bool ImageGeometry::contains(const VoxelIndex& v) const {
  return v.i >= 0 && v.j >= 0 && v.k >= 0 && v.i < size_[0] && v.j < size_[1] && v.k < size_[2];
}

VoxelIndex ImageGeometry::index_of(std::size_t offset) const {
  const auto o = static_cast<std::int64_t>(offset);
  return {o % size_[0], o / size_[0] % size_[1], o / (size_[0] * size_[1])};
}

bool nearly_equal(const ImageGeometry& a, const ImageGeometry& b, double tolerance_mm) {
  if (a.size() != b.size()) return false;
  for (int corner = 0; corner < 8; ++corner) {
    const VoxelIndex v{corner & 1 ? a.size()[0] - 1 : 0, corner & 2 ? a.size()[1] - 1 : 0,
                       corner & 4 ? a.size()[2] - 1 : 0};
    if (distance(a.to_patient(v), b.to_patient(v)) > tolerance_mm) return false;
  }
  return true;
}

ImageGeometry moved(const ImageGeometry& geometry, const RigidTransform& motion) {
  return {geometry.size(), motion(geometry.origin()), geometry.spacing_mm(),
          motion.rotation() * geometry.direction()};
}

ImageGeometry cropped(const ImageGeometry& geometry, const VoxelIndex& first, const GridSize& size) {
  const VoxelIndex last{first.i + size[0] - 1, first.j + size[1] - 1, first.k + size[2] - 1};
  if (!geometry.contains(first) || !geometry.contains(last) || size[0] < 1 || size[1] < 1 || size[2] < 1) {
    std::ostringstream message;
    message << "cannot crop voxels " << first << " to " << last << " from " << geometry;
    throw InvalidInput(message.str());
  }
  return {size, geometry.to_patient(first), geometry.spacing_mm(), geometry.direction()};
}

void throw_voxel_count_mismatch(const ImageGeometry& geometry, std::size_t voxels) {
  std::ostringstream message;
  message << "a volume on " << geometry << " needs " << geometry.voxel_count() << " voxels, not " << voxels;
  throw GeometryMismatch(message.str());
}

void throw_index_outside(const ImageGeometry& geometry, const VoxelIndex& index) {
  std::ostringstream message;
  message << "voxel " << index << " is outside of " << geometry;
  throw InvalidInput(message.str());
}

std::ostream& operator<<(std::ostream& out, const VoxelIndex& v) {
  return out << '[' << v.i << ", " << v.j << ", " << v.k << ']';
}

std::ostream& operator<<(std::ostream& out, const ImageGeometry& g) {
  return out << g.size()[0] << " x " << g.size()[1] << " x " << g.size()[2] << " voxels of "
             << g.spacing_mm().x << " x " << g.spacing_mm().y << " x " << g.spacing_mm().z << " mm at "
             << g.origin();
}

}  // namespace genu
