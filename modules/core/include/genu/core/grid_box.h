// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/core/box.h>
#include <genu/core/geometry.h>

namespace genu {

/// Returns the box around a grid's voxels, in the patient's coordinates.
inline Box box_around(const ImageGeometry& grid) {
  Box box;
  for (const double i : {-0.5, static_cast<double>(grid.size()[0]) - 0.5})
    for (const double j : {-0.5, static_cast<double>(grid.size()[1]) - 0.5})
      for (const double k : {-0.5, static_cast<double>(grid.size()[2]) - 0.5})
        box.include(grid.to_patient(ContinuousIndex{i, j, k}));
  return box;
}

}  // namespace genu
