// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include <vtkAutoInit.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkFloatArray.h>
#include <vtkGlyph3D.h>
#include <vtkLightKit.h>
#include <vtkLineSource.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderWindow.h>
#include <vtkSphereSource.h>
#include <vtkTubeFilter.h>
#include <vtkUnsignedCharArray.h>

#include <genu/bridge/vtk.h>
#include <genu/core/error.h>
#include <genu/render/figures.h>
#include <genu/surface/measure.h>

// Whoever links a scene links this file, and with it the factories that make VTK's OpenGL classes.
VTK_MODULE_INIT(vtkRenderingOpenGL2)
VTK_MODULE_INIT(vtkRenderingFreeType)
VTK_MODULE_INIT(vtkInteractionStyle)

namespace genu::render {
namespace {

vtkSmartPointer<vtkActor> actor_of(vtkPolyDataMapper& mapper, Colour colour, double opacity) {
  auto actor = vtkSmartPointer<vtkActor>::New();
  actor->SetMapper(&mapper);
  vtkProperty& look = *actor->GetProperty();
  look.SetColor(colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0);
  look.SetOpacity(opacity);
  look.SetInterpolationToPhong();
  look.SetAmbient(0.12);
  look.SetDiffuse(0.88);
  look.SetSpecular(0.06);
  look.SetSpecularPower(15.0);
  return actor;
}

vtkSmartPointer<vtkPolyData> with_normals(const TriangleMesh& mesh) {
  auto polygons = bridge::copy_to_vtk(mesh);
  vtkNew<vtkFloatArray> normals;
  normals->SetName("normals");
  normals->SetNumberOfComponents(3);
  for (const Vector3& n : surface::vertex_normals(mesh)) normals->InsertNextTuple3(n.x, n.y, n.z);
  polygons->GetPointData()->SetNormals(normals);
  return polygons;
}

/// Halves a picture (each pixel the mean of four), turning VTK's rows upside down.
Picture halved(vtkUnsignedCharArray& pixels, int width, int height) {
  Picture picture{width, height, {}};
  picture.rgb.reserve(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  const vtkIdType row = 2 * 3 * static_cast<vtkIdType>(width);
  for (int y = height - 1; y >= 0; --y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const std::uint8_t* p = pixels.GetPointer(2 * y * row + 6 * x + c);
        picture.rgb.push_back(static_cast<std::uint8_t>((p[0] + p[3] + p[row] + p[row + 3] + 2) / 4));
      }
  return picture;
}

}  // namespace

vtkSmartPointer<vtkActor> add_surface(vtkRenderer& renderer, const TriangleMesh& mesh, Colour colour,
                                      double opacity) {
  if (mesh.empty()) return nullptr;
  vtkNew<vtkPolyDataMapper> mapper;
  mapper->SetInputData(with_normals(mesh));
  mapper->ScalarVisibilityOff();
  auto actor = actor_of(*mapper, colour, opacity);
  renderer.AddActor(actor);
  return actor;
}

void add_coloured_surface(vtkRenderer& renderer, const TriangleMesh& mesh,
                          const std::vector<Colour>& colours) {
  if (mesh.empty()) return;
  auto polygons = with_normals(mesh);
  vtkNew<vtkUnsignedCharArray> values;
  values->SetName("colours");
  values->SetNumberOfComponents(3);
  for (const Colour& c : colours) values->InsertNextTuple3(c.red, c.green, c.blue);
  polygons->GetPointData()->SetScalars(values);
  vtkNew<vtkPolyDataMapper> mapper;
  mapper->SetInputData(polygons);
  mapper->SetColorModeToDirectScalars();
  renderer.AddActor(actor_of(*mapper, {255, 255, 255}, 1.0));
}

void add_tube(vtkRenderer& renderer, const Point3& from, const Point3& to, double radius_mm, Colour colour,
              double opacity) {
  vtkNew<vtkLineSource> line;
  line->SetPoint1(from.x, from.y, from.z);
  line->SetPoint2(to.x, to.y, to.z);
  vtkNew<vtkTubeFilter> tube;
  tube->SetInputConnection(line->GetOutputPort());
  tube->SetRadius(radius_mm);
  tube->SetNumberOfSides(20);
  tube->CappingOn();
  vtkNew<vtkPolyDataMapper> mapper;
  mapper->SetInputConnection(tube->GetOutputPort());
  mapper->ScalarVisibilityOff();
  renderer.AddActor(actor_of(*mapper, colour, opacity));
}

void add_ball(vtkRenderer& renderer, const Point3& centre, double radius_mm, Colour colour) {
  add_balls(renderer, {centre}, radius_mm, colour);
}

void add_balls(vtkRenderer& renderer, const std::vector<Point3>& centres, double radius_mm, Colour colour,
               double opacity) {
  if (centres.empty()) return;
  vtkNew<vtkPoints> points;
  for (const Point3& p : centres) points->InsertNextPoint(p.x, p.y, p.z);
  vtkNew<vtkPolyData> places;
  places->SetPoints(points);
  vtkNew<vtkSphereSource> ball;
  ball->SetRadius(radius_mm);
  ball->SetThetaResolution(centres.size() > 50 ? 10 : 24);
  ball->SetPhiResolution(centres.size() > 50 ? 8 : 16);
  vtkNew<vtkGlyph3D> copies;
  copies->SetInputData(places);
  copies->SetSourceConnection(ball->GetOutputPort());
  copies->ScalingOff();
  vtkNew<vtkPolyDataMapper> mapper;
  mapper->SetInputConnection(copies->GetOutputPort());
  mapper->ScalarVisibilityOff();
  renderer.AddActor(actor_of(*mapper, colour, opacity));
}

Spot Eye::project(const Point3& p, int width, int height) const {
  const double pixel_mm = height_mm / height;
  return {0.5 * (width - 1) + dot(right(), p - centre) / pixel_mm,
          0.5 * (height - 1) - dot(up, p - centre) / pixel_mm};
}

Eye eye_on(const std::vector<Point3>& points, const Vector3& into, const Vector3& up, double margin_mm,
           int width, int height) {
  if (points.empty()) throw InvalidInput("cannot aim a camera at no points");
  Eye eye{points.front(), into, up, 0.0};
  const std::array axes{eye.right(), up, into};
  double low[3], high[3];
  for (std::size_t a = 0; a < 3; ++a) {
    low[a] = std::numeric_limits<double>::infinity();
    high[a] = -low[a];
    for (const Point3& p : points) {
      low[a] = std::min(low[a], dot(axes[a], p - points.front()));
      high[a] = std::max(high[a], dot(axes[a], p - points.front()));
    }
  }
  for (std::size_t a = 0; a < 3; ++a) eye.centre += 0.5 * (low[a] + high[a]) * axes[a];
  const double wide = high[0] - low[0] + 2.0 * margin_mm, tall = high[1] - low[1] + 2.0 * margin_mm;
  eye.height_mm = std::max(tall, wide * height / width);
  return eye;
}

Picture render_scene(const std::function<void(vtkRenderer&)>& fill, const Eye& eye, int width, int height) {
  ensure_display();
  vtkNew<vtkRenderer> renderer;
  renderer->SetBackground(1.0, 1.0, 1.0);
  fill(*renderer);
  vtkNew<vtkLightKit> lights;
  lights->SetKeyLightIntensity(0.85);
  lights->SetKeyToFillRatio(2.2);
  lights->SetKeyToHeadRatio(2.2);
  lights->SetKeyLightWarmth(0.5);  // white light: colours carry meaning
  lights->SetFillLightWarmth(0.5);
  lights->SetHeadLightWarmth(0.5);
  lights->SetBackLightWarmth(0.5);
  lights->AddLightsToRenderer(renderer);
  renderer->UseDepthPeelingOn();
  renderer->SetMaximumNumberOfPeels(8);
  renderer->SetOcclusionRatio(0.0);

  vtkNew<vtkRenderWindow> window;
  window->SetShowWindow(false);
  window->SetUseOffScreenBuffers(true);
  window->SetMultiSamples(0);  // drawn at twice the size instead, which smooths every edge on every driver
  window->SetAlphaBitPlanes(1);
  window->SetSize(2 * width, 2 * height);
  window->AddRenderer(renderer);

  vtkCamera& camera = *renderer->GetActiveCamera();
  const Point3 from = eye.centre - 500.0 * eye.into;  // farther than any knee is wide
  camera.ParallelProjectionOn();
  camera.SetParallelScale(0.5 * eye.height_mm);
  camera.SetFocalPoint(eye.centre.x, eye.centre.y, eye.centre.z);
  camera.SetPosition(from.x, from.y, from.z);
  camera.SetViewUp(eye.up.x, eye.up.y, eye.up.z);
  renderer->ResetCameraClippingRange();
  window->Render();

  vtkNew<vtkUnsignedCharArray> pixels;
  window->GetPixelData(0, 0, 2 * width - 1, 2 * height - 1, 0, pixels);
  const std::uint8_t* first = pixels->GetPointer(0);
  const bool blank =
      std::all_of(first, first + pixels->GetNumberOfValues(), [&](auto v) { return v == *first; });
  if (blank && renderer->VisibleActorCount() > 0)
    throw Error("VTK drew an empty picture on the display " + std::string(std::getenv("DISPLAY")));
  return halved(*pixels, width, height);
}

}  // namespace genu::render
