// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/mesh.h>
#include <genu/surface/query.h>

namespace genu::cartilage {

struct ThicknessOptions {
  double max_thickness_mm = 8.0;  ///< Cartilage that reaches further out than this is not measured.
  double search_inside_mm = 2.5;  ///< The ray starts this far inside the bone, where labels may overlap.
  double max_gap_mm = 1.5;     ///< Cartilage that begins further from the bone than this is not this bone's.
  double max_tilt_deg = 60.0;  ///< Cartilage faces turned further from the ray are grazing: not measured.
  unsigned threads = 0;        ///< 0 = every core; the result does not depend on it.
};

struct ThicknessMap {
  std::vector<double>
      thickness_mm;  ///< One per bone vertex, in vertex order; 0 = no cartilage, NaN = not measured.
};

/// Measures cartilage thickness along the outward normal of each bone vertex.
///
/// The value is the length of the ray inside the closed cartilage surface. Over the total subchondral area
/// the area-weighted mean is ThCtAB.Me (Eckstein et al. 2006, Osteoarthritis and Cartilage 14:974). Invariant
/// to rigid motion of both meshes. A ray that leaves through a face steeper than `max_tilt_deg` grazes and is
/// not measured; one that meets such a face first, above the bone, passes beside cartilage over bare bone: 0.
/// Cartilage that the ray meets a second time, beyond a gap wider than
/// `max_gap_mm`, belongs to another part of the joint and does not count.
/// \throws InvalidInput if either mesh is empty or `bone` has a vertex in no triangle.
ThicknessMap measure_thickness(const TriangleMesh& bone, const TriangleMesh& cartilage,
                               const ThicknessOptions& options = {});

/// The same along directions of the caller's choice: one unit vector per bone vertex.
/// \throws InvalidInput if their numbers differ, or a direction is not of length 1.
ThicknessMap measure_thickness(const TriangleMesh& bone, const std::vector<Vector3>& directions,
                               const surface::MeshQuery& cartilage, const ThicknessOptions& options = {});

}  // namespace genu::cartilage
