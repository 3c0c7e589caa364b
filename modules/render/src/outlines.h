// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/tissue.h>
#include <genu/render/slice_plane.h>

#include "canvas.h"

namespace genu::render {

/// How much of each pixel of a slice belongs to a tissue, 0 to 1, rows from the top; smooth, so that borders
/// are drawn without the stair steps of voxels.
struct TissueShare {
  Tissue tissue = Tissue::background;
  std::vector<float> share;
};

/// Returns the shares of the tissues on a slice, in order of their numbers; background only outside the grid
/// and where it was labelled.
std::vector<TissueShare> tissue_shares(const LabelMap& labels, const SlicePlane& plane);

/// Returns the border of the pixels whose share is above a half, as line segments; waves shorter than about
/// `smooth_mm` are taken out of it.
std::vector<Segment> outline(const TissueShare& tissue, const SlicePlane& plane, double smooth_mm);

}  // namespace genu::render
