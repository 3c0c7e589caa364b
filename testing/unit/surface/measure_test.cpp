// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <gtest/gtest.h>

#include <genu/surface/measure.h>
#include <genu/testing/bodies.h>

namespace genu::surface {
namespace {

using std::numbers::pi;

const TriangleMesh tetrahedron({{0, 0, 0}, {3, 0, 0}, {0, 4, 0}, {0, 0, 5}},
                               {{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {2, 0, 3}});

TEST(Measure, TetrahedronHasItsAreaAndVolume) {
  // The slanted face spans (-3, 4, 0) and (-3, 0, 5).
  EXPECT_NEAR(area_mm2(tetrahedron), 6.0 + 7.5 + 10.0 + 0.5 * std::sqrt(400.0 + 225.0 + 144.0), 1e-12);
  EXPECT_NEAR(volume_mm3(tetrahedron), 10.0, 1e-12);
}

TEST(Measure, SphereHasItsAreaAndVolume) {
  const TriangleMesh sphere = testing::icosphere({1000.0, -2000.0, 500.0}, 20.0, 6);
  EXPECT_NEAR(area_mm2(sphere), 4.0 * pi * 400.0, 1.0);
  EXPECT_NEAR(volume_mm3(sphere), 4.0 / 3.0 * pi * 8000.0, 10.0);
}

TEST(Measure, AreaAndVolumeAreInvariantToRigidMotion) {
  const TriangleMesh sphere = testing::icosphere({1.0, 2.0, 3.0}, 20.0, 3);
  const TriangleMesh there = moved(sphere, testing::random_pose(7));
  EXPECT_NEAR(area_mm2(there), area_mm2(sphere), 1e-8);
  EXPECT_NEAR(volume_mm3(there), volume_mm3(sphere), 1e-7);
}

TEST(Measure, VolumeOfASurfaceTurnedInsideOutIsNegative) {
  std::vector<Triangle> turned;
  for (const auto& [a, b, c] : tetrahedron.triangles()) turned.push_back({a, c, b});
  EXPECT_NEAR(volume_mm3({tetrahedron.vertices(), turned}), -10.0, 1e-12);
}

TEST(Measure, NormalsOfASpherePointAwayFromItsCentre) {
  const Point3 centre{5.0, 6.0, 7.0};
  const TriangleMesh sphere = testing::icosphere(centre, 20.0, 4);
  const auto normals = vertex_normals(sphere);
  for (std::size_t v = 0; v < normals.size(); ++v)
    EXPECT_LT(angle_deg(normals[v], sphere.vertices()[v] - centre), 0.3);
}

// Weighting by area instead would tilt the normal of a cube's corner to the face with two triangles there.
TEST(Measure, NormalOfACubesCornerIsItsDiagonalHoweverTheFacesAreSplit) {
  const TriangleMesh corner({{0, 0, 0}, {-1, 0, 0}, {0, -1, 0}, {0, 0, -1}, {-1, -1, 0}},
                            {{0, 1, 4}, {0, 4, 2}, {0, 2, 3}, {0, 3, 1}});
  const Vector3 n = vertex_normals(corner)[0];
  EXPECT_NEAR(n.x, 1.0 / std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(n.y, 1.0 / std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(n.z, 1.0 / std::sqrt(3.0), 1e-12);
}

TEST(Measure, VertexAreasSumToTheArea) {
  const TriangleMesh sphere = testing::icosphere({}, 20.0, 3);
  const auto areas = vertex_areas_mm2(sphere);
  EXPECT_NEAR(std::accumulate(areas.begin(), areas.end(), 0.0), area_mm2(sphere), 1e-9);
}

TEST(Measure, NeighboursShareAnEdge) {
  const auto around = vertex_neighbours(testing::icosphere({}, 20.0, 2));
  std::size_t fives = 0;
  for (std::uint32_t v = 0; v < around.size(); ++v) {
    if (around[v].size() == 5) ++fives;
    for (const auto n : around[v])
      EXPECT_NE(std::find(around[n].begin(), around[n].end(), v), around[n].end());
  }
  EXPECT_EQ(fives, 12u);  // Euler: an icosphere keeps the icosahedron's twelve vertices of five edges.
}

TEST(Measure, ASurfaceWithAHoleIsNotClosed) {
  EXPECT_TRUE(is_closed(tetrahedron));
  EXPECT_FALSE(is_closed({tetrahedron.vertices(), {{0, 2, 1}, {0, 1, 3}, {1, 2, 3}}}));
  EXPECT_FALSE(is_closed({tetrahedron.vertices(), {{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {2, 0, 3}, {2, 0, 3}}}));
}

}  // namespace
}  // namespace genu::surface
