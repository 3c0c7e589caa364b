// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include <genu/core/tissue.h>

namespace genu::cartilage {

/// What a label map holds of one tissue.
struct Holding {
  std::size_t voxels = 0;
  Point3 centroid;       ///< In patient space; the origin if there is no voxel.
  VoxelIndex low, high;  ///< Both inclusive.
};

using Inventory = std::array<Holding, 256>;

/// Returns how much of each tissue there is, and where. Marrow lesions count as their bone.
Inventory inventory_of(const LabelMap& labels, unsigned threads);

/// Returns the centroid of the bone's voxels no further than `reach_mm` from `centre`, or nothing.
///
/// How much of a shaft a scan shows differs between scans; what lies near the joint does not.
std::optional<Point3> centroid_near(const LabelMap& labels, Bone bone, const Point3& centre, double reach_mm,
                                    unsigned threads);

/// Returns the centres of all voxels of a tissue, in patient space, in order of memory.
std::vector<Point3> places_of(const LabelMap& labels, const Holding& holding, Tissue tissue);

}  // namespace genu::cartilage
