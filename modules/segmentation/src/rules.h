// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/knee.h>
#include <genu/core/tissue.h>

#include "network.h"

// What anatomy demands of labels, whatever the network thought.
namespace genu::segmentation {

/// Labels on the stack's grid, columns fastest.
using StackLabels = std::vector<Class>;

/// Returns the most probable class of each place.
StackLabels most_probable(const Probabilities& probabilities, unsigned threads);

/// Makes each bone one piece without holes and threads, keeps cartilage that lies on its bone and meniscus
/// that lies on cartilage in large pieces, and one piece of each tendon; all on the stack's grid. Changes the
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

/// Where joint fluid is an effusion in the suprapatellar recess: above the patella, in front of the middle of
/// the femur. Holds nothing where there is no patella or no femur.
class RecessRegion {
 public:
  RecessRegion() = default;
  RecessRegion(const StackLabels& labels, const std::array<std::int64_t, 3>& size);
  bool holds(double row, double column) const {
    return row < pole_ && column < middle_of_femur_[static_cast<std::size_t>(row)];
  }

 private:
  double pole_ = 0.0;                    ///< The row of the patella's upper end.
  std::vector<double> middle_of_femur_;  ///< The column, for each row above it.
};

/// What parts a class into structures: the plates' border, the side and the recess.
struct Parts {
  double border = 0.0;
  Side side = Side::right;
  RecessRegion recess;
};

/// Returns the structure that a class is at a place of the stack; background for what is none.
Tissue tissue_of(Class what, const Parts& parts, double slice, double row, double column);
/// Returns the structures that a class may be.
std::vector<Tissue> tissues_of(Class what);

}  // namespace genu::segmentation
