// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
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

/// How a bone's voxels lie about a place.
struct Mass {
  std::size_t voxels = 0;
  Point3 centroid;
  Matrix3 spread{};  ///< Second moments about the centroid, mm2; zero if there is no voxel.
};

/// The bones of the joint near a place.
struct BonesNear {
  Mass femur, tibia;
};

/// Returns what lies no further than `reach_mm` from `centre`.
///
/// How much of a shaft a scan shows differs between scans; what lies near the joint does not.
BonesNear bones_near(const LabelMap& labels, const Point3& centre, double reach_mm, unsigned threads);

/// Returns the centres of all voxels of a tissue, in patient space, in order of memory.
std::vector<Point3> places_of(const LabelMap& labels, const Holding& holding, Tissue tissue);

}  // namespace genu::cartilage
