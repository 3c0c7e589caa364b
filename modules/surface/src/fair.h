// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::surface {

struct FairOptions {
  double reach_mm = 1.2;  ///< Standard deviation of the averaging along the surface.
  /// Half the distance between voxel centres along each grid axis; the axes as unit vectors.
  std::array<Vector3, 3> axes;
  Vector3 half_spacing_mm;
  unsigned threads = 0;
};

/// Takes the terraces off a surface that came from voxels: every vertex moves along its normal to where the
/// surface around it lies on average, yet no further than the voxels leave it free to.
void fair(std::vector<Point3>& vertices, const std::vector<Triangle>& triangles, const FairOptions& options);

}  // namespace genu::surface
