// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/cartilage/report.h>

#include "divide.h"

namespace genu::cartilage {

/// Returns the row of a region that could not be measured: NaN throughout.
RegionMeasures not_measured(Region region);

/// Returns the measures of each region of one bone, in order of region, without volumes; those without any
/// area were not measured.
std::vector<RegionMeasures> measures_of(const BoneMap& map, const Ground& ground);

/// Adds the volume of cartilage voxels to the regions that the rule puts them in.
void add_volumes(std::vector<RegionMeasures>& measures, const LabelMap& labels, const Inventory& inventory,
                 Bone bone, const RegionRule& rule);

/// Returns the area-weighted median of the covered bone of each region, indexed by region; NaN where there is
/// none.
std::vector<double> covered_medians(const BoneMap& map, const Ground& ground);

/// Returns the connected places of one bone where cartilage is lost, largest first, names not yet given.
std::vector<Lesion> lesions_of(const BoneMap& map, const Ground& ground, const std::vector<Vector3>& normals,
                               const MeasureOptions& options);

}  // namespace genu::cartilage
