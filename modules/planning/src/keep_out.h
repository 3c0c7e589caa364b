// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/planning/anatomy.h>
#include <genu/surface/query.h>

#include "tube.h"

namespace genu::planning {

/// Moves sections of tubes, and the skin, out of structures.
class KeepOut {
 public:
  KeepOut(const std::vector<const TriangleMesh*>& surfaces, double gap_mm, unsigned threads);

  /// Moves sections whose edge lies in a structure, or nearer to one than the gap, out of it along the
  /// shortest way, and those beside them some of that way. Puts sections between those that part.
  /// Returns how far the furthest went, mm.
  double move(std::vector<TubeSection>& course) const;
  /// Moves points of a ring around the structures away from its middle until they lie as far outside as the
  /// gap.
  void move(Ring& ring) const;

 private:
  /// Moves the sections as they are; what lies between them may still cut a corner.
  double settle(std::vector<TubeSection>& course) const;
  Vector3 way_out(const Ring& edge) const;

  double gap_mm_;
  std::vector<surface::MeshQuery> surfaces_;
};

}  // namespace genu::planning
