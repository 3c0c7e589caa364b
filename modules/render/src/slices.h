// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/core/tissue.h>
#include <genu/render/slice_plane.h>

#include "canvas.h"

namespace genu::render {

/// Returns a slice with outlines, or painted labels where there is no image; either may be null.
Canvas draw_slice(const Volume<float>* image, const LabelMap* labels, const SlicePlane& plane,
                  const SliceOptions& options);

/// Writes orientation letters and a scale bar.
void finish_slice(Canvas& canvas, const SlicePlane& plane);

}  // namespace genu::render
