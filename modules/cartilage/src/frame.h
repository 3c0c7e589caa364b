// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/core/knee.h>
#include <genu/core/tissue.h>

#include "inventory.h"

namespace genu::cartilage {

/// The two plates of the tibia's cartilage and the plane between them.
struct TibialPlates {
  Point3 one, two;      ///< Centroids; with plates named in the labels, `one` is medial.
  Vector3 axis;         ///< Unit vector from `one` to `two`.
  double cut_mm = 0.0;  ///< The plane: dot(axis, p - one) = cut_mm.
  bool named = false;   ///< The labels say which is medial.
};

/// Returns the plates, or nothing where the label map does not show two.
std::optional<TibialPlates> find_plates(const LabelMap& labels, const Inventory& inventory);

/// How a knee lies in patient space, and how that was found.
struct Orientation {
  KneeFrame frame;
  std::string side_source;
  std::vector<std::string> flags;
  std::optional<TibialPlates> plates;
};

/// Finds the directions of a knee from its bones; the patient's axes serve only where bones do not tell.
/// \throws InvalidInput if the side was not given and nothing tells it.
Orientation find_orientation(const LabelMap& labels, const Inventory& inventory, std::optional<Side> side,
                             const std::string& side_source, unsigned threads);

}  // namespace genu::cartilage
