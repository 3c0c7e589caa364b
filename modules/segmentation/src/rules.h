// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/knee.h>

#include "network.h"

// What anatomy demands of labels, whatever the network thought.
namespace genu::segmentation {

/// Labels on the stack's grid, columns fastest.
using StackLabels = std::vector<Class>;

/// Returns the most probable class of each place.
StackLabels most_probable(const Probabilities& probabilities, unsigned threads);

/// Makes each bone one piece without holes, keeps cartilage that lies on its bone and meniscus that lies on
/// cartilage in large pieces, and one piece of each tendon; all on the stack's grid. Changes the
/// probabilities too, so that they tell the same. \throws Cancelled
void apply_rules(Probabilities& probabilities, StackLabels& labels, const Vector3& spacing_mm,
                 const Progress& progress = {});

/// Returns the slice that parts the two tibial plates: the one with the least cartilage near the middle of
/// the tibia's head. The bone says where to look, for cartilage may be lost on one side.
double plates_border(const StackLabels& labels, const std::array<std::int64_t, 3>& size, double row_mm);

/// Returns whether a slice lies on the medial side of the plates' border: on a right knee that is the
/// patient's left, where slices have the higher numbers.
inline bool is_medial(double slice, double border, Side side) {
  return side == Side::right ? slice > border : slice < border;
}

}  // namespace genu::segmentation
