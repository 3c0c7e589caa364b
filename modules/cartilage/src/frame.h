// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/core/knee.h>
#include <genu/core/tissue.h>

#include "inventory.h"

namespace genu::cartilage {

/// How a knee lies in patient space, and how that was found.
struct Orientation {
  KneeFrame frame;
  std::string side_source;
  std::vector<std::string> flags;
  double tibial_cut_mm = 0.0;    ///< Tibial plates meet here, in the knee's frame: lateral of the origin.
  bool from_both_bones = false;  ///< Femur and tibia gave origin and axes.
};

/// Finds the directions of a knee from its bones; the patient's axes serve only where bones do not tell.
///
/// Where femur and tibia are labelled, no cartilage has any part in origin and axes, so that losing some
/// moves no region.
/// \throws InvalidInput if the side was not given and nothing tells it.
Orientation find_orientation(const LabelMap& labels, const Inventory& inventory, std::optional<Side> side,
                             const std::string& side_source, unsigned threads);

}  // namespace genu::cartilage
