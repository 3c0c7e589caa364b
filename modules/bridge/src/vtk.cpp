// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include <vtkCellArray.h>
#include <vtkFloatArray.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkTriangleFilter.h>
#include <vtkUnsignedCharArray.h>

#include <genu/bridge/vtk.h>

namespace genu::bridge {
namespace {

template <typename T>
struct ArrayFor;
template <>
struct ArrayFor<float> {
  using Type = vtkFloatArray;
};
template <>
struct ArrayFor<std::uint8_t> {
  using Type = vtkUnsignedCharArray;
};

}  // namespace

template <typename T>
vtkSmartPointer<vtkImageData> view_as_vtk(const Volume<T>& volume) {
  const ImageGeometry& g = volume.geometry();
  auto image = vtkSmartPointer<vtkImageData>::New();
  image->SetDimensions(static_cast<int>(g.size()[0]), static_cast<int>(g.size()[1]),
                       static_cast<int>(g.size()[2]));
  image->SetOrigin(g.origin().x, g.origin().y, g.origin().z);
  image->SetSpacing(g.spacing_mm().x, g.spacing_mm().y, g.spacing_mm().z);
  const auto& d = g.direction().rows;
  image->SetDirectionMatrix(d[0][0], d[0][1], d[0][2], d[1][0], d[1][1], d[1][2], d[2][0], d[2][1], d[2][2]);
  vtkNew<typename ArrayFor<T>::Type> voxels;
  voxels->SetName("voxels");
  constexpr int keep_ownership = 1;
  voxels->SetArray(const_cast<T*>(volume.voxels().data()), static_cast<vtkIdType>(volume.voxels().size()),
                   keep_ownership);
  image->GetPointData()->SetScalars(voxels);
  return image;
}

template vtkSmartPointer<vtkImageData> view_as_vtk(const Volume<float>&);
template vtkSmartPointer<vtkImageData> view_as_vtk(const Volume<std::uint8_t>&);

vtkSmartPointer<vtkPolyData> copy_to_vtk(const TriangleMesh& mesh) {
  vtkNew<vtkPoints> points;
  points->SetDataTypeToDouble();
  points->SetNumberOfPoints(static_cast<vtkIdType>(mesh.vertices().size()));
  for (std::size_t v = 0; v < mesh.vertices().size(); ++v) {
    const Point3& p = mesh.vertices()[v];
    points->SetPoint(static_cast<vtkIdType>(v), p.x, p.y, p.z);
  }
  vtkNew<vtkCellArray> cells;
  cells->AllocateExact(static_cast<vtkIdType>(mesh.triangles().size()),
                       3 * static_cast<vtkIdType>(mesh.triangles().size()));
  for (const Triangle& t : mesh.triangles()) cells->InsertNextCell({t[0], t[1], t[2]});
  auto polygons = vtkSmartPointer<vtkPolyData>::New();
  polygons->SetPoints(points);
  polygons->SetPolys(cells);
  return polygons;
}

TriangleMesh copy_from_vtk(vtkPolyData& polygons) {
  vtkNew<vtkTriangleFilter> split;
  split->SetInputData(&polygons);
  split->PassVertsOff();
  split->PassLinesOff();
  split->Update();
  vtkPolyData& mesh = *split->GetOutput();
  std::vector<Point3> vertices(static_cast<std::size_t>(mesh.GetNumberOfPoints()));
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    double p[3];
    mesh.GetPoint(static_cast<vtkIdType>(v), p);
    vertices[v] = {p[0], p[1], p[2]};
  }
  std::vector<Triangle> triangles;
  triangles.reserve(static_cast<std::size_t>(mesh.GetNumberOfPolys()));
  vtkIdType count = 0;
  const vtkIdType* ids = nullptr;
  mesh.GetPolys()->InitTraversal();
  while (mesh.GetPolys()->GetNextCell(count, ids))
    triangles.push_back({static_cast<std::uint32_t>(ids[0]), static_cast<std::uint32_t>(ids[1]),
                         static_cast<std::uint32_t>(ids[2])});
  return {std::move(vertices), std::move(triangles)};
}

}  // namespace genu::bridge
