// SPDX-License-Identifier: Apache-2.0
#include "common_view.h"

#include <algorithm>
#include <limits>

namespace genu::followup {
namespace {

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
};

/// Returns how far the bone reaches along a direction of its own space, from a place in it.
Extent reach_of(const TriangleMesh& bone, const Point3& from, const Vector3& along) {
  Extent extent;
  for (const Point3& p : bone.vertices()) {
    const double z = dot(along, p - from);
    extent.low = std::min(extent.low, z);
    extent.high = std::max(extent.high, z);
  }
  return extent;
}

double volume_within(const Visit& visit, Bone bone, const RigidTransform& other_from_this,
                     const ImageGeometry& other, const Point3& from, const Vector3& along,
                     const Extent& extent) {
  const ImageGeometry& grid = visit.labels.geometry();
  const auto& voxels = visit.labels.voxels();
  std::size_t count = 0;
  for (std::size_t v = 0; v < voxels.size(); ++v) {
    if (!is_part_of(voxels[v], bone)) continue;
    const Point3 p = grid.to_patient(grid.index_of(v));
    const double z = dot(along, p - from);
    if (z > extent.low && z < extent.high && shows(other, other_from_this(p), 0.0)) ++count;
  }
  return static_cast<double>(count) * grid.voxel_volume_mm3();
}

}  // namespace

bool shows(const ImageGeometry& grid, const Point3& p, double inside_mm) {
  const ContinuousIndex at = grid.to_index(p);
  const auto within = [inside_mm](double index, std::int64_t size, double spacing_mm) {
    const double from_border = std::min(index + 0.5, static_cast<double>(size) - 0.5 - index) * spacing_mm;
    return from_border >= inside_mm;
  };
  const Vector3& spacing = grid.spacing_mm();
  return within(at.i, grid.size()[0], spacing.x) && within(at.j, grid.size()[1], spacing.y) &&
         within(at.k, grid.size()[2], spacing.z);
}

std::vector<std::uint8_t> anatomy_of(const TriangleMesh& surface, const ImageGeometry& grid) {
  std::vector<std::uint8_t> result;
  result.reserve(surface.vertices().size());
  for (const Point3& p : surface.vertices()) result.push_back(shows(grid, p, border_mm) ? 1 : 0);
  return result;
}

Change common_volume_mm3(const Visit& baseline, const Visit& followup, const cartilage::BoneMap& at_baseline,
                         const cartilage::BoneMap& at_followup, const registration::Alignment& alignment) {
  const Bone bone = at_baseline.bone;
  // Both visits' directions along the knee count alike, so that neither is the one that cuts.
  const RigidTransform &b_from_a = alignment.b_from_a, &a_from_b = alignment.a_from_b;
  const Vector3 along_a =
      normalized(baseline.report.frame.proximal + a_from_b(followup.report.frame.proximal));
  const Vector3 along_b =
      normalized(b_from_a(baseline.report.frame.proximal) + followup.report.frame.proximal);
  const Point3 from_a = lerp(baseline.report.frame.origin, a_from_b(followup.report.frame.origin), 0.5);
  const Point3 from_b = lerp(b_from_a(baseline.report.frame.origin), followup.report.frame.origin, 0.5);
  const Extent of_a = reach_of(at_baseline.surface, from_a, along_a),
               of_b = reach_of(at_followup.surface, from_b, along_b);
  const Extent shared{std::max(of_a.low, of_b.low) + border_mm, std::min(of_a.high, of_b.high) - border_mm};
  return {volume_within(baseline, bone, b_from_a, followup.labels.geometry(), from_a, along_a, shared),
          volume_within(followup, bone, a_from_b, baseline.labels.geometry(), from_b, along_b, shared)};
}

}  // namespace genu::followup
