// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/planning/anatomy.h>
#include <genu/surface/query.h>

#include "tube.h"

namespace genu::planning {

/// Moves sections of tubes, and the skin, out of the segmented bones of one anatomy, which must outlive it.
class OutOfBone {
 public:
  OutOfBone(const Anatomy& anatomy, double gap_mm);

  /// Moves sections whose edge lies in a bone, or nearer to one than the gap, out of it along the shortest
  /// way, and those beside them some of that way. Returns how far the furthest went, mm.
  double move(std::vector<TubeSection>& course) const;
  /// Moves points of a ring around the bones away from its middle until they lie as far outside as the gap.
  void move(Ring& ring) const;

 private:
  Vector3 way_out(const Ring& edge) const;

  double gap_mm_;
  std::vector<surface::MeshQuery> bones_;
};

}  // namespace genu::planning
