// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <genu/core/mesh.h>
#include <genu/core/rigid_transform.h>

namespace genu::registration {

/// A surface of a body that may not be shown whole.
struct Partial {
  const TriangleMesh& mesh;
  RigidTransform patient_from_body = {};  ///< Where the body's own axes lie, roughly.
  /// One per vertex: 1 = anatomy, 0 = where the border of the image closed the surface. Empty = all count.
  std::vector<std::uint8_t> counts = {};
};

struct AlignOptions {
  double reach_mm = 8.0;        ///< Pairs further apart than this never count.
  double max_angle_deg = 45.0;  ///< Nor do those whose normals differ by more.
  unsigned threads = 0;         ///< 0 = every core; the result does not depend on it.
};

struct Alignment {
  RigidTransform b_from_a;
  RigidTransform a_from_b;
  double rms_mm = 0.0;        ///< Of the distances between the surfaces, weighted as the fit weights them.
  double median_mm = 0.0;     ///< Of the distances of all pairs that count.
  double matched_part = 0.0;  ///< Of the sampled area of both surfaces, this part lies by the other one.
};

/// Returns the rigid motion that brings two surfaces of one body together, wherever both show it.
///
/// Distances from points of each surface to the tangent plane of the other are least (Chen and Medioni 1992,
/// Image and Vision Computing 10:145), both ways at once, with Tukey's weights so that parts that only one
/// surface has do not pull. Exchanging the surfaces exchanges the two transforms, to the last bit. It starts
/// where the bodies' own axes agree, and finds its way from 15 degrees and 10 mm for bones of a knee.
/// \throws InvalidInput if a surface is empty, or `counts` does not fit it.
/// \throws NotConverged if fewer than a tenth of the points find a partner.
Alignment align(const Partial& a, const Partial& b, const AlignOptions& options = {});

}  // namespace genu::registration
