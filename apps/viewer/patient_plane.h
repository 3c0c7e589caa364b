// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QPointF>
#include <QString>
#include <array>

#include <genu/core/geometry.h>
#include <genu/core/grid_box.h>
#include <genu/render/slice_plane.h>

namespace genu::viewer {

using render::Plane;
inline constexpr std::array all_planes{Plane::sagittal, Plane::coronal, Plane::axial};

/// How a patient plane lies on the screen: unit vectors in patient space (LPS).
///
/// Radiological convention: the patient's right is on the left of coronal and axial slices, anterior is on
/// the left of sagittal ones and at the top of axial ones.
struct PlaneAxes {
  Vector3 right;   ///< Towards the right of the screen.
  Vector3 down;    ///< Towards the bottom of the screen.
  Vector3 normal;  ///< right x down
};
PlaneAxes axes_of(Plane plane);

QString title_of(Plane plane);
/// Returns the colour of the plane's title, and of its line in the other two slices.
QColor colour_of(Plane plane);

/// Returns where a point lies in a plane, in mm along its axes from the patient origin.
QPointF to_plane(const PlaneAxes& axes, const Point3& p);

/// Returns patient coordinates for people: "R 12.3  A 4.5  S 33.0".
QString position_text(const Point3& p);
/// Returns one coordinate for people, along the plane's normal: "R 12.3 mm".
QString slice_text(Plane plane, const Point3& p);

Point3 clamped(const Point3& p, const Box& box);

/// Returns the distance from one acquired slice to the next along a plane's normal, in mm: the spacing of the
/// grid axis that points there most.
double slice_step_mm(const ImageGeometry& grid, Plane plane);

}  // namespace genu::viewer
