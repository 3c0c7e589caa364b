// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <vtkFlyingEdges3D.h>
#include <vtkNew.h>
#include <vtkPolyData.h>

#include <genu/bridge/vtk.h>
#include <genu/core/error.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>

#include "fair.h"
#include "field.h"

namespace genu::surface {
namespace {

struct Soup {
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
};

/// Returns the zero set of the field, in patient space; which way the triangles turn is not settled.
Soup zero_set(const Field& field, const ImageGeometry& geometry) {
  const auto image = bridge::view_as_vtk(field.value);
  vtkNew<vtkFlyingEdges3D> edges;
  edges->SetInputData(image);
  edges->SetValue(0, 0.0);
  edges->ComputeNormalsOff();
  edges->ComputeGradientsOff();
  edges->ComputeScalarsOff();
  edges->Update();
  const TriangleMesh found = bridge::copy_from_vtk(*edges->GetOutput());
  Soup soup{found.vertices(), found.triangles()};
  for (Point3& p : soup.vertices) p = geometry.to_patient(field.place.in_labels({p.x, p.y, p.z}));
  return soup;
}

/// Moves the whole surface in or out by the little that makes it enclose `volume`: by at most `most_mm`, in
/// steps of at most `step_mm`.
TriangleMesh with_volume(TriangleMesh mesh, double volume, double step_mm, double most_mm) {
  // One step leaves an error of second order: bones and cartilage need two, only specks need more.
  constexpr int most_steps = 8;
  constexpr double close_enough = 1e-5;
  double moved_mm = 0.0;
  for (int step = 0; step < most_steps; ++step) {
    const double missing = volume - volume_mm3(mesh);
    if (std::abs(missing) < close_enough * volume) break;
    const double wanted = std::clamp(missing / area_mm2(mesh), -step_mm, step_mm);
    const double offset = std::clamp(moved_mm + wanted, -most_mm, most_mm) - moved_mm;
    moved_mm += offset;
    const std::vector<Vector3> normals = vertex_normals(mesh);
    std::vector<Point3> vertices = mesh.vertices();
    for (std::size_t v = 0; v < vertices.size(); ++v) vertices[v] += offset * normals[v];
    mesh = TriangleMesh(std::move(vertices), mesh.triangles());
  }
  return mesh;
}

}  // namespace

TriangleMesh extract(const LabelMap& labels, const TissueTest& inside, const ExtractOptions& options,
                     const Progress& progress) {
  for (const auto& [done, over_mm] :
       {std::pair{"smoothed", options.smoothing_mm}, {"faired", options.fairing_mm}})
    if (!(over_mm >= 0.0) || !std::isfinite(over_mm))
      throw InvalidInput("cannot extract a surface " + std::string(done) + " over " +
                         std::to_string(over_mm) + " mm");
  progress.report("surface", 0.0);
  Field field = smooth_field(labels, inside, options);
  if (!(field.chosen_volume_mm3 > 0.0)) return {};
  progress.report("surface", 0.4);
  const ImageGeometry& geometry = labels.geometry();
  Soup soup = zero_set(field, geometry);
  field.value = {};
  progress.report("surface", 0.6);
  if (volume_mm3({soup.vertices, soup.triangles}) < 0.0)
    for (Triangle& t : soup.triangles) std::swap(t[1], t[2]);
  const Matrix3& d = geometry.direction();
  fair(soup.vertices, soup.triangles,
       {.reach_mm = options.fairing_mm,
        .axes = {d.column(0), d.column(1), d.column(2)},
        .half_spacing_mm = 0.5 * geometry.spacing_mm(),
        .threads = options.threads});
  progress.report("surface", 0.9);
  const Vector3 s = geometry.spacing_mm();
  // Between thick slices the true volume is not known so well that surfaces should move far for it.
  constexpr double thick_slices_mm = 0.05;
  const bool thick = field.place.parts != std::array<int, 3>{1, 1, 1};
  TriangleMesh result = with_volume({std::move(soup.vertices), std::move(soup.triangles)},
                                    field.chosen_volume_mm3, 0.2 * std::min({s.x, s.y, s.z}),
                                    thick ? thick_slices_mm : std::numeric_limits<double>::infinity());
  progress.report("surface", 1.0);
  return result;
}

}  // namespace genu::surface
