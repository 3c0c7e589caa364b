// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <genu/planning/clearance.h>
#include <genu/planning/plan.h>

namespace genu::planning {

/// A place on the skin where a needle may go in.
struct Entry {
  Point3 point;
  Vector3 outward;  ///< Unit normal of the skin.
};

/// Returns where the window's ranges begin, or nothing if that is not known: a patella that is not labelled.
std::optional<Point3> origin_of(const EntryWindow& window, const Anatomy& anatomy, const Point3& target);

/// Returns one entry in each cube of `spacing_mm` in the window that the skin runs through: the skin's point
/// nearest to the cube's middle. The cubes stand on `origin` in the knee's frame, so that the entries move
/// with the knee. In the order of the cubes.
std::vector<Entry> find_entries(const ClearanceField& field, const Point3& origin, const EntryWindow& where,
                                double spacing_mm, unsigned threads);

}  // namespace genu::planning
