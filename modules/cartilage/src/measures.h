// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <vector>

#include <genu/cartilage/report.h>

#include "divide.h"
#include "inventory.h"
#include "subdivide.h"

namespace genu::cartilage {

/// Returns the row of a region that could not be measured: NaN throughout.
RegionMeasures not_measured(Region region);

/// A number for each region, by its number.
using PerRegion = std::array<double, region_count>;

/// Returns the measures of the wanted regions of one bone, without volumes and surfaces; those without any
/// area were not measured. `region_of` says which one each vertex lies in.
std::vector<RegionMeasures> measures_of(const BoneMap& map, const Ground& ground,
                                        const std::vector<Region>& region_of, std::span<const Region> wanted);

/// Returns the volume of the cartilage voxels that the rules put into each region.
PerRegion volumes_mm3(const LabelMap& labels, const Inventory& inventory, Bone bone, const RegionRule& rule,
                      const SubregionRule& part_of);

/// Returns the area of the articular surface over each region.
PerRegion articular_areas_mm2(const BoneMap& map, const std::vector<Vector3>& normals);

void add_volumes_and_surfaces(std::vector<RegionMeasures>& measures, const PerRegion& volumes,
                              const PerRegion& surfaces);

/// Returns the compartments whose two regions there are.
std::vector<RegionMeasures> compartments_of(const std::vector<RegionMeasures>& regions,
                                            const std::vector<RegionMeasures>& parts);

}  // namespace genu::cartilage
