// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include <vtkActor.h>
#include <vtkRenderer.h>
#include <vtkSmartPointer.h>

#include <genu/core/mesh.h>
#include <genu/core/vector.h>
#include <genu/render/picture.h>

#include "canvas.h"

// Building blocks of VTK scenes, and the way from a scene to a picture.
namespace genu::render {

/// Adds a smooth-shaded surface of one colour; nothing for an empty mesh.
vtkSmartPointer<vtkActor> add_surface(vtkRenderer& renderer, const TriangleMesh& mesh, Colour colour,
                                      double opacity = 1.0);
/// Adds a surface with one colour a vertex.
void add_coloured_surface(vtkRenderer& renderer, const TriangleMesh& mesh,
                          const std::vector<Colour>& colours);
void add_tube(vtkRenderer& renderer, const Point3& from, const Point3& to, double radius_mm, Colour colour,
              double opacity = 1.0);
void add_ball(vtkRenderer& renderer, const Point3& centre, double radius_mm, Colour colour);
/// Adds one small ball at each point, as a single actor.
void add_balls(vtkRenderer& renderer, const std::vector<Point3>& centres, double radius_mm, Colour colour,
               double opacity = 1.0);

/// A parallel projection: what the picture's axes are in patient space, and how many mm its height spans.
struct Eye {
  Point3 centre;
  Vector3 into;  ///< Unit vector, away from the observer.
  Vector3 up;    ///< Unit vector, perpendicular to `into`.
  double height_mm = 100.0;

  Vector3 right() const { return cross(into, up); }
  /// Returns where a point falls in a picture of this size.
  Spot project(const Point3& p, int width, int height) const;
};

/// Returns the eye that just shows all points, with a margin, in a picture of these proportions.
Eye eye_on(const std::vector<Point3>& points, const Vector3& into, const Vector3& up, double margin_mm,
           int width, int height);

/// Draws a scene off-screen, on white.
/// \throws Error if VTK drew nothing.
Picture render_scene(const std::function<void(vtkRenderer&)>& fill, const Eye& eye, int width, int height);

}  // namespace genu::render
