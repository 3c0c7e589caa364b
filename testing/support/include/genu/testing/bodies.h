// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <random>

#include <genu/core/mesh.h>
#include <genu/core/tissue.h>

// Analytic bodies on a grid. Grids are oblique and anisotropic by default, because errors hide on the others.
namespace genu::testing {

struct GridOptions {
  Vector3 spacing_mm{0.36, 0.36, 0.7};
  Point3 centre{11.0, -7.0, 5.0};
  Vector3 extent_mm{50.0, 50.0, 50.0};  ///< Along i, j, k.
  bool left_handed = false;
};

/// Returns an oblique grid around `centre`: the only maker of test grids.
ImageGeometry oblique_grid(const GridOptions& options = {});

/// Returns labels on a grid from a rule on patient-space points.
LabelMap label(const ImageGeometry& grid, const std::function<Tissue(const Point3&)>& tissue_at);

/// A femur of radius `bone_mm` with femoral cartilage out to `outer_mm`.
LabelMap concentric_spheres(const ImageGeometry& grid, const Point3& centre, double bone_mm, double outer_mm);

/// Returns a closed sphere of triangles from a subdivided icosahedron; vertices lie on the sphere exactly.
TriangleMesh icosphere(const Point3& centre, double radius_mm, int subdivisions = 4);

/// Returns a random rotation (uniform) and a translation of up to 40 mm, from a seed.
RigidTransform random_pose(std::uint64_t seed);

}  // namespace genu::testing
