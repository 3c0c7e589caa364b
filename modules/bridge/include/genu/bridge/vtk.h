// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <vtkImageData.h>
#include <vtkPolyData.h>
#include <vtkSmartPointer.h>

#include <genu/core/mesh.h>
#include <genu/core/volume.h>

namespace genu::bridge {

/// Returns a VTK image on the volume's own voxels, with its origin, spacing and direction matrix in patient
/// space (LPS). Nothing is copied, and the volume must outlive the image.
template <typename T>
vtkSmartPointer<vtkImageData> view_as_vtk(const Volume<T>& volume);

extern template vtkSmartPointer<vtkImageData> view_as_vtk(const Volume<float>&);
extern template vtkSmartPointer<vtkImageData> view_as_vtk(const Volume<std::uint8_t>&);

/// Returns VTK polygons with a copy of the mesh (VTK stores its points and cells in its own layout).
vtkSmartPointer<vtkPolyData> copy_to_vtk(const TriangleMesh& mesh);

/// Returns the mesh of VTK polygons; polygons and strips are split into triangles.
/// \throws InvalidInput if a point is not finite.
TriangleMesh copy_from_vtk(vtkPolyData& polygons);

}  // namespace genu::bridge
