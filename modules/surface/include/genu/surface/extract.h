// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <genu/core/mesh.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>

namespace genu::surface {

/// Chooses tissues.
using TissueTest = std::function<bool(Tissue)>;

struct ExtractOptions {
  double smoothing_mm = 0.5;  ///< Standard deviation of the smoothing of the voxels; thin sheets survive it.
  double fairing_mm = 1.2;    ///< How far along the surface terraces of voxels are levelled.
  /// The solid that a thin layer lies on. Between thick slices the layer is what both together have more than
  /// the solid: outlines of a layer itself may not even overlap from slice to slice. Nothing = not a layer.
  TissueTest beneath = {};
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// Returns a smooth closed surface around the chosen voxels, in patient space, outward normals.
///
/// Where the labels touch the border of the grid the surface is closed there. Empty if no voxel is chosen.
/// Volume is kept to within 0.5 %. Slices much thicker than their pixels are interpolated by shape first, and
/// the surface moves by no more than 0.05 mm for the volume of such labels, which is rough itself: that of a
/// layer of 2 mm is kept to within 5 %.
/// \throws InvalidInput if an option is negative or not finite.
TriangleMesh extract(const LabelMap& labels, const TissueTest& inside, const ExtractOptions& options = {},
                     const Progress& progress = {});

}  // namespace genu::surface
