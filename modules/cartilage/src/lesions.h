// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/cartilage/report.h>

#include "expected.h"
#include "patch.h"

namespace genu::cartilage {

/// The lesions of one bone, and which of its vertices lie in one.
struct Losses {
  std::vector<Lesion> lesions;  ///< Names not yet given.
  Patch lost;
};

/// Finds the connected places where cartilage is lost: bare bone, or thinner than expected there.
Losses find_losses(const BoneMap& map, const Expected& expected, const Ground& ground,
                   const std::vector<Vector3>& normals, const MeasureOptions& options);

/// Adds what lesions take of each region; `region_of` says which one each vertex lies in.
void add_losses(std::vector<RegionMeasures>& measures, const BoneMap& map, const Patch& lost,
                const Ground& ground, const std::vector<Region>& region_of);

/// Returns the grade of MOAKS for a part of a region's area: 0 none, 1 below 10 %, 2 to 75 %, 3 above; NaN
/// for NaN.
double moaks_grade(double percent);

}  // namespace genu::cartilage
