// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/core/tissue.h>
#include <genu/core/vector.h>

#include "bones.h"

// Everything that is neither bone nor cartilage. Average knee, its own axes, mm.
namespace genu::phantom {

/// A decision and the distance within which it stands.
struct Choice {
  Tissue tissue = Tissue::fat;
  double margin = 0.0;
};

/// How near a place is to the bones: values of their 1-Lipschitz bounds.
struct BoneBounds {
  double femur = 0.0;
  double tibia = 0.0;
  double patella = 0.0;
};

class SoftTissue {
 public:
  SoftTissue() = default;
  /// \param patella_shift, tibia_shift how the bones were moved to meet the femur
  SoftTissue(const Vector3& tibia_shift, const Vector3& patella_shift);

  /// Returns how deep a place lies under the skin's surface (negative in the air), and a 1-Lipschitz bound of
  /// it.
  struct Depth {
    double depth = 0.0;
    double bound = 0.0;
  };
  Depth under_skin(const Vector3& x) const;

  /// Returns the soft tissue at a place that is in no bone, cartilage or skin.
  Choice at(const Vector3& x, const BoneBounds& bones, double depth_under_skin) const;

 private:
  Vector3 tibia_shift_;
  Vector3 patella_shift_;
  Rod patellar_tendon_;
  Rod quadriceps_tendon_;
};

}  // namespace genu::phantom
