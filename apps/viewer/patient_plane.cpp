// SPDX-License-Identifier: Apache-2.0
#include "patient_plane.h"

#include <algorithm>
#include <cmath>

namespace genu::viewer {
namespace {

QString coordinate_text(double mm, char negative, char positive) {
  // A value that rounds to zero has no side.
  if (std::abs(mm) < 0.05) return QStringLiteral("%1 0.0").arg(positive);
  return QStringLiteral("%1 %2").arg(QChar(mm < 0.0 ? negative : positive)).arg(std::abs(mm), 0, 'f', 1);
}

}  // namespace

PlaneAxes axes_of(Plane plane) {
  switch (plane) {
    case Plane::sagittal:
      return {{0.0, 1.0, 0.0}, {0.0, 0.0, -1.0}, {-1.0, 0.0, 0.0}};
    case Plane::coronal:
      return {{1.0, 0.0, 0.0}, {0.0, 0.0, -1.0}, {0.0, 1.0, 0.0}};
    case Plane::axial:
      break;
  }
  return {{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}};
}

QString title_of(Plane plane) {
  switch (plane) {
    case Plane::sagittal:
      return QStringLiteral("Sagittal");
    case Plane::coronal:
      return QStringLiteral("Coronal");
    case Plane::axial:
      break;
  }
  return QStringLiteral("Axial");
}

QColor colour_of(Plane plane) {
  switch (plane) {
    case Plane::sagittal:
      return {238, 205, 82};
    case Plane::coronal:
      return {110, 196, 116};
    case Plane::axial:
      break;
  }
  return {240, 110, 98};
}

QPointF to_plane(const PlaneAxes& axes, const Point3& p) {
  const Vector3 from_origin = p - Point3{};
  return {dot(axes.right, from_origin), dot(axes.down, from_origin)};
}

QString position_text(const Point3& p) {
  return coordinate_text(p.x, 'R', 'L') + QStringLiteral("  ") + coordinate_text(p.y, 'A', 'P') +
         QStringLiteral("  ") + coordinate_text(p.z, 'I', 'S');
}

QString slice_text(Plane plane, const Point3& p) {
  const QString mm = QStringLiteral(" mm");
  switch (plane) {
    case Plane::sagittal:
      return coordinate_text(p.x, 'R', 'L') + mm;
    case Plane::coronal:
      return coordinate_text(p.y, 'A', 'P') + mm;
    case Plane::axial:
      break;
  }
  return coordinate_text(p.z, 'I', 'S') + mm;
}

Point3 clamped(const Point3& p, const Box& box) {
  return {std::clamp(p.x, box.low.x, box.high.x), std::clamp(p.y, box.low.y, box.high.y),
          std::clamp(p.z, box.low.z, box.high.z)};
}

double slice_step_mm(const ImageGeometry& grid, Plane plane) {
  const Vector3 normal = axes_of(plane).normal;
  const std::array spacing{grid.spacing_mm().x, grid.spacing_mm().y, grid.spacing_mm().z};
  int nearest = 0;
  for (int axis = 1; axis < 3; ++axis)
    if (std::abs(dot(normal, grid.direction().column(axis))) >
        std::abs(dot(normal, grid.direction().column(nearest))))
      nearest = axis;
  return spacing[static_cast<std::size_t>(nearest)];
}

}  // namespace genu::viewer
