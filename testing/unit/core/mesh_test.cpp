// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/mesh.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

TEST(TriangleMesh, RefusesVerticesThatAreNotThere) {
  EXPECT_THROW(TriangleMesh({{0, 0, 0}, {1, 0, 0}, {0, 1, 0}}, {{0, 1, 3}}), InvalidInput);
  EXPECT_THROW(TriangleMesh({{0, 0, std::numeric_limits<double>::infinity()}}, {}), InvalidInput);
}

TEST(TriangleMesh, MovesRigidly) {
  const RigidTransform motion = testing::random_pose(3);
  const TriangleMesh sphere = testing::icosphere({1, 2, 3}, 10.0, 2);
  const TriangleMesh there = moved(sphere, motion);
  for (const Point3& p : there.vertices()) EXPECT_NEAR(distance(p, motion(Point3{1, 2, 3})), 10.0, 1e-9);
  EXPECT_EQ(there.triangles(), sphere.triangles());
}

}  // namespace
}  // namespace genu
