// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/planning/clearance.h>
#include <genu/planning/plan.h>

namespace genu::planning {

/// A place on the skin where a needle may go in.
struct Entry {
  Point3 point;
  Vector3 outward;  ///< Unit normal of the skin.
};

/// Returns one entry in each cube of `spacing_mm` in the approach's window that the skin runs through: the
/// skin's point nearest to the cube's middle. The cubes stand on the target in the knee's frame, so that the
/// entries move with the knee. In the order of the cubes.
std::vector<Entry> find_entries(const ClearanceField& field, const Point3& target, const Approach& approach,
                                double spacing_mm, unsigned threads);

}  // namespace genu::planning
