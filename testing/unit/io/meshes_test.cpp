// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/io/files.h>
#include <genu/io/meshes.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "comma_locale.h"
#include "matchers.h"

namespace genu::io {
namespace {

using ::testing::HasSubstr;
using testing::icosphere;
using testing::message_of;
using testing::ScratchFolder;

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

const VertexArray& array_named(const MeshFile& file, const std::string& name) {
  const auto found = std::find_if(file.arrays.begin(), file.arrays.end(),
                                  [&](const VertexArray& array) { return array.name == name; });
  if (found == file.arrays.end()) throw InvalidInput("no array " + name);
  return *found;
}

// Guards against points that VTK keeps as float, and against NaN that turns into 0 on the way.
TEST(Mesh, IsReadBackBitForBit) {
  const ScratchFolder scratch;
  const TriangleMesh mesh = icosphere({11.123456789012345, -7.0, 1.0 / 3.0}, 20.0, 3);
  VertexArray thickness{"thickness_mm", {}};
  for (std::size_t v = 0; v < mesh.vertices().size(); ++v)
    thickness.values.push_back(v % 3 == 0 ? 0.0 : v % 3 == 1 ? not_measured : 1.0 / static_cast<double>(v));
  write_mesh(scratch / "m.vtp", mesh,
             {thickness, {"region", std::vector<double>(mesh.vertices().size(), 4.0)}});
  const MeshFile read = read_mesh(scratch / "m.vtp");
  EXPECT_EQ(read.mesh.vertices(), mesh.vertices());
  EXPECT_EQ(read.mesh.triangles(), mesh.triangles());
  ASSERT_EQ(read.arrays.size(), 2U);
  EXPECT_EQ(read.arrays[0].name, "thickness_mm");
  for (std::size_t v = 0; v < thickness.values.size(); ++v) {
    if (v % 3 == 1)
      ASSERT_TRUE(std::isnan(read.arrays[0].values[v])) << v;
    else
      ASSERT_EQ(read.arrays[0].values[v], thickness.values[v]) << v;
  }
  EXPECT_EQ(read.arrays[1].values, std::vector<double>(mesh.vertices().size(), 4.0));
}

// More than 999 vertices, whose number a German stream writes as 2.562.
TEST(Mesh, DoesNotDependOnTheLocale) {
  const ScratchFolder scratch;
  const TriangleMesh mesh = icosphere({0.5, 1.5, 2.5}, 20.25, 4);
  write_mesh(scratch / "a.vtp", mesh);
  const testing::CommaLocale german;
  write_mesh(scratch / "b.vtp", mesh);
  EXPECT_EQ(read_text(scratch / "a.vtp"), read_text(scratch / "b.vtp"));
  EXPECT_EQ(read_mesh(scratch / "a.vtp").mesh.vertices(), mesh.vertices());
}

TEST(Mesh, TwoWritesGiveTheSameBytes) {
  const ScratchFolder scratch;
  const TriangleMesh mesh = icosphere({}, 20.0, 2);
  write_mesh(scratch / "a.vtp", mesh);
  write_mesh(scratch / "b.vtp", mesh);
  EXPECT_EQ(read_text(scratch / "a.vtp"), read_text(scratch / "b.vtp"));
}

TEST(Mesh, WritingRefusesWhatWouldNotBeReadBack) {
  const ScratchFolder scratch;
  const TriangleMesh mesh = icosphere({}, 20.0, 0);
  EXPECT_THAT(message_of<InvalidInput>([&] {
                write_mesh(scratch / "m.vtp", mesh, {{"t_mm", {1.0, 2.0}}});
              }),
              ::testing::AllOf(HasSubstr("t_mm"), HasSubstr("2 values for 12 vertices")));
  EXPECT_THAT(message_of([&] { write_mesh(scratch / "m.stl", mesh); }), HasSubstr(".vtp"));
  EXPECT_THAT(message_of([&] { write_mesh(scratch / "no/m.vtp", mesh); }), HasSubstr("no such folder"));
}

TEST(Mesh, DamagedFilesAreRefusedByName) {
  const ScratchFolder scratch;
  write_mesh(scratch / "m.vtp", icosphere({}, 20.0, 3));
  const std::string whole = read_text(scratch / "m.vtp");
  for (const double part : {0.02, 0.3, 0.9}) {
    write_text(scratch / "cut.vtp",
               whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size()))));
    EXPECT_THAT(message_of([&] { read_mesh(scratch / "cut.vtp"); }), HasSubstr("cut.vtp")) << part;
  }
  write_text(scratch / "empty.vtp", "");
  EXPECT_THAT(message_of([&] { read_mesh(scratch / "empty.vtp"); }), HasSubstr("empty.vtp"));
  write_text(scratch / "text.vtp", "solid ascii");
  EXPECT_THAT(message_of([&] { read_mesh(scratch / "text.vtp"); }), HasSubstr("not VTP"));
  write_text(scratch / "other.vtp", "<?xml version=\"1.0\"?><html></html>");
  EXPECT_THAT(message_of([&] { read_mesh(scratch / "other.vtp"); }), HasSubstr("other.vtp"));
  write_text(scratch / "cut.vtk",
             "# vtk DataFile Version 4.2\nx\nASCII\nDATASET POLYDATA\nPOINTS 4 double\n0 0");
  EXPECT_THAT(message_of([&] { read_mesh(scratch / "cut.vtk"); }), HasSubstr("cut.vtk"));
  EXPECT_THAT(message_of([&] { read_mesh(scratch / "absent.vtp"); }), HasSubstr("absent.vtp"));
  EXPECT_THAT(message_of([&] { read_mesh(scratch.path()); }), HasSubstr("it is a folder"));
}

TEST(Mesh, PolygonsAreSplitIntoTriangles) {
  const ScratchFolder scratch;
  write_text(scratch / "square.vtk",
             "# vtk DataFile Version 4.2\nsquare\nASCII\nDATASET POLYDATA\nPOINTS 4 double\n"
             "0 0 0 2 0 0 2 3 0 0 3 0\nPOLYGONS 1 5\n4 0 1 2 3\n");
  const MeshFile square = read_mesh(scratch / "square.vtk");
  EXPECT_EQ(square.mesh.vertices().size(), 4U);
  EXPECT_EQ(square.mesh.triangles().size(), 2U);
}

// 3D Slicer's older legacy files are in RAS and say so in the title.
TEST(Mesh, RasIsTurnedIntoLps) {
  const ScratchFolder scratch;
  const std::string body =
      "\nASCII\nDATASET POLYDATA\nPOINTS 3 double\n1 2 3 4 5 6 7 8 10\nPOLYGONS 1 4\n3 0 1 2\n";
  write_text(scratch / "ras.vtk", "# vtk DataFile Version 4.2\n3D Slicer output. SPACE=RAS" + body);
  write_text(scratch / "lps.vtk", "# vtk DataFile Version 4.2\n3D Slicer output. SPACE=LPS" + body);
  EXPECT_EQ(read_mesh(scratch / "ras.vtk").mesh.vertices()[0], (Point3{-1, -2, 3}));
  EXPECT_EQ(read_mesh(scratch / "lps.vtk").mesh.vertices()[0], (Point3{1, 2, 3}));
}

// The peer's file is legacy VTK with several arrays: 1584 nodes of the tibia carry its thickness,
// mean 1.96805 mm.
TEST(Mesh, ReadsAPeersLegacyFileWithItsArrays) {
  GENU_REQUIRE_DATA(file, "thickness_reference/tibia_smoothed_image_10k_pts_thick_regions.vtk");
  const MeshFile tibia = read_mesh(file);
  EXPECT_EQ(tibia.mesh.vertices().size(), 9999U);
  std::vector<double> measured;
  for (const double t : array_named(tibia, "thickness (mm)").values)
    if (t > 0.0) measured.push_back(t);
  ASSERT_EQ(measured.size(), 1584U);
  EXPECT_NEAR(std::accumulate(measured.begin(), measured.end(), 0.0) / 1584.0, 1.96805, 5e-6);
}

}  // namespace
}  // namespace genu::io
