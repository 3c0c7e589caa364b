// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include <genu/phantom/knee.h>

#include "bones.h"
#include "plates.h"
#include "soft_tissue.h"

namespace genu::phantom {

/// What is at a place, and how far around it nothing else is.
struct Spot {
  Tissue tissue = Tissue::background;
  bool cortical = false;  ///< In the dense shell of a bone.
  double margin = 0.0;    ///< Within this distance tissue and shell are the same; never too large.
};

/// The knee in its own axes. Positions are lateral, anterior, proximal of the joint centre; all lengths are
/// divided by the knee's scale.
class Model {
 public:
  explicit Model(const KneeOptions& options);

  const KneeOptions& options() const { return options_; }
  const KneeFrame& frame() const { return frame_; }
  const BoneSurface& surface(Bone bone) const { return bones_[static_cast<std::size_t>(bone)]; }
  const Layer& layer(Plate plate) const { return layers_[static_cast<std::size_t>(plate)]; }

  Vector3 to_model(const Point3& p) const { return frame_.coordinates(p) / options_.scale; }
  Point3 to_patient(const Vector3& x) const;
  Vector3 direction_to_patient(const Vector3& v) const;
  Vector3 direction_to_model(const Vector3& v) const;

  Spot spot(const Vector3& x) const;

 private:
  void bring_together();
  bool bone_at(const Vector3& x, const std::array<double, 3>& bound, Spot& spot) const;
  bool cartilage_at(const Vector3& x, const std::array<double, 3>& bound, Spot& spot) const;

  KneeOptions options_;
  KneeFrame frame_;
  std::vector<BoneSurface> bones_;  ///< In the order of Bone.
  std::vector<Layer> layers_;       ///< In the order of Plate.
  SoftTissue soft_;
};

/// Gives the rest of this module the model behind a knee.
const Model& model_of(const Knee& knee);

}  // namespace genu::phantom
