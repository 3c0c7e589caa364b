// SPDX-License-Identifier: Apache-2.0
#include "common_view.h"

#include <algorithm>
#include <limits>

namespace genu::followup {
namespace {

const cartilage::BoneMap* map_of(const Visit& visit, Bone bone) {
  for (const cartilage::BoneMap& map : visit.report.bones)
    if (map.bone == bone) return &map;
  return nullptr;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
};

/// Returns how far the bone reaches along a knee's length, in the frame of that knee.
Extent reach_of(const TriangleMesh& bone, const RigidTransform& frame_from_bone, const KneeFrame& frame) {
  Extent extent;
  for (const Point3& p : bone.vertices()) {
    const double z = frame.coordinates(frame_from_bone(p)).z;
    extent.low = std::min(extent.low, z);
    extent.high = std::max(extent.high, z);
  }
  return extent;
}

double volume_within(const Visit& visit, Bone bone, const RigidTransform& other_from_this,
                     const ImageGeometry& other, const KneeFrame& frame,
                     const RigidTransform& frame_from_this, const Extent& extent) {
  const ImageGeometry& grid = visit.labels.geometry();
  const auto& voxels = visit.labels.voxels();
  std::size_t count = 0;
  for (std::size_t v = 0; v < voxels.size(); ++v) {
    if (!is_part_of(voxels[v], bone)) continue;
    const Point3 p = grid.to_patient(grid.index_of(v));
    const double z = frame.coordinates(frame_from_this(p)).z;
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

Change common_volume_mm3(const Visit& baseline, const Visit& followup, Bone bone,
                         const registration::Alignment& alignment) {
  const cartilage::BoneMap *a = map_of(baseline, bone), *b = map_of(followup, bone);
  if (!a || !b) return {};
  // Both lengths are measured along the baseline's axis, which the follow-up's is within a few degrees of.
  const KneeFrame& frame = baseline.report.frame;
  const Extent of_a = reach_of(a->surface, {}, frame);
  const Extent of_b = reach_of(b->surface, alignment.a_from_b, frame);
  const Extent shared{std::max(of_a.low, of_b.low) + border_mm, std::min(of_a.high, of_b.high) - border_mm};
  return {volume_within(baseline, bone, alignment.b_from_a, followup.labels.geometry(), frame, {}, shared),
          volume_within(followup, bone, alignment.a_from_b, baseline.labels.geometry(), frame,
                        alignment.a_from_b, shared)};
}

}  // namespace genu::followup
