// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include <genu/core/knee.h>
#include <genu/planning/target.h>
#include <genu/surface/query.h>

// Places inside of a surface, in the knee's own coordinates: what is found moves and mirrors with the knee.
namespace genu::planning {

/// Most recesses are some millimetres thick; a collapsed one needs the finer lattices.
inline constexpr std::array lattices_mm{1.0, 0.5, 0.25};
/// Of a sheet of even thickness nearly every place is the deepest: those of this part of the greatest depth
/// are as good, and the most central of them does not hang on noise.
inline constexpr double deep_enough = 0.8;

struct KneeBox {
  Vector3 low, high;
};

struct Place {
  Vector3 at;
  double depth_mm = 0.0;  ///< How far any surface is.
};

/// Returns the mesh in knee coordinates, which mirror a left knee: there its triangles are turned.
TriangleMesh in_knee_coordinates(const TriangleMesh& mesh, const KneeFrame& frame);

KneeBox box_of(const TriangleMesh& mesh, const KneeFrame& frame);

/// Returns the points of a lattice in the box that are inside, with their depths.
std::vector<Place> places_inside(const surface::MeshQuery& query, const KneeFrame& frame, const KneeBox& box,
                                 double lattice_mm);

/// Returns the most central of the places that are deep.
std::optional<Place> central_deep_place(std::vector<Place> places);

/// Returns `first`, then others that lie far from all before them, as many as paths are sought to.
std::vector<Place> spread(const Place& first, const std::vector<Place>& others);

/// Makes these the target's places, the first the best.
void set_places(Target& target, const KneeFrame& frame, const std::vector<Place>& places);

}  // namespace genu::planning
