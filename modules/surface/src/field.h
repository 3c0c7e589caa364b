// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/core/progress.h>
#include <genu/core/volume.h>
#include <genu/surface/extract.h>

#include "block.h"

namespace genu::surface {

/// A smooth function on a block of voxels that is positive inside the chosen voxels' surface.
struct Field {
  Block place;
  Volume<float> value;  ///< On a grid in units of the block's voxels.
  double chosen_volume_mm3 = 0.0;
};

/// Returns the field whose zero set is the surface, or an empty block (volume 0) if no voxel is chosen.
Field smooth_field(const LabelMap& labels, const TissueTest& inside, const ExtractOptions& options);

}  // namespace genu::surface
