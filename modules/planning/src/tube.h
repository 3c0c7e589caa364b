// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/mesh.h>

namespace genu::planning {

/// An elliptical section of a tube in patient space; the major half axis need not be quite across the course.
struct TubeSection {
  Point3 centre;
  Vector3 major_half_axis_mm;
  double minor_half_axis_mm = 0.0;
};

/// Points on the edge of a section, in order.
using Ring = std::vector<Point3>;

/// Returns the edges of the sections, each of the same area as its ellipse.
///
/// They run counter-clockwise seen from the end of the course, and start where the tube twists least.
/// \throws InvalidInput if there are fewer than two sections, or two neighbours lie in one place.
std::vector<Ring> edges_of(const std::vector<TubeSection>& course);

/// Returns those edges, with more between them, so that bends are round.
/// \throws InvalidInput as edges_of does.
std::vector<Ring> rings_of(const std::vector<TubeSection>& course);

/// Returns the closed surface through rings that run counter-clockwise seen from the last one, outward
/// normals.
TriangleMesh closed_tube(const std::vector<Ring>& rings);

/// Returns the surface through rings without its ends, the normals away from the middle of the rings,
/// whichever way they run.
TriangleMesh open_tube(const std::vector<Ring>& rings);

/// Returns all meshes as one.
TriangleMesh joined(const std::vector<TriangleMesh>& meshes);

}  // namespace genu::planning
