// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/registration/correspondence.h>
#include <genu/testing/bodies.h>

namespace genu::registration {
namespace {

TEST(Correspondence, FindsEachVertexOfAMovedSurfaceOnTheOriginal) {
  const TriangleMesh ball = testing::icosphere({3.0, -2.0, 40.0}, 20.0, 3);
  const RigidTransform there_from_here = testing::random_pose(3);
  const auto places = places_on(moved(ball, there_from_here), ball, there_from_here);
  ASSERT_EQ(places.size(), ball.vertices().size());
  for (std::size_t v = 0; v < places.size(); ++v) {
    EXPECT_NEAR(places[v].distance_mm, 0.0, 1e-9);
    double at_itself = 0.0;
    for (std::size_t c = 0; c < 3; ++c)
      if (places[v].vertices[c] == v) at_itself = places[v].weights[c];
    EXPECT_NEAR(at_itself, 1.0, 1e-6) << v;
  }
}

TEST(Correspondence, WeightsMakeThePoint) {
  const TriangleMesh ball = testing::icosphere({}, 20.0, 2);
  const TriangleMesh larger = testing::icosphere({0.3, 0.2, -0.1}, 22.0, 3);
  for (const Place& place : places_on(ball, larger, {}, 1)) {
    Vector3 sum;
    double weights = 0.0;
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_GE(place.weights[c], 0.0);
      weights += place.weights[c];
      sum += place.weights[c] * (ball.vertices()[place.vertices[c]] - Point3{});
    }
    EXPECT_NEAR(weights, 1.0, 1e-12);
    EXPECT_NEAR(distance(Point3{} + sum, place.point), 0.0, 1e-9);
    EXPECT_GT(place.distance_mm, 1.5);
  }
}

TEST(Correspondence, IsTheSameForAnyNumberOfThreads) {
  const TriangleMesh ball = testing::icosphere({}, 20.0, 4),
                     other = testing::icosphere({1.0, 2.0, 0.5}, 19.0, 4);
  const auto one = places_on(ball, other, {}, 1), many = places_on(ball, other, {}, 7);
  for (std::size_t v = 0; v < one.size(); ++v) {
    EXPECT_EQ(one[v].point, many[v].point);
    EXPECT_EQ(one[v].weights, many[v].weights);
  }
}

TEST(Correspondence, RefusesAnEmptySurface) {
  EXPECT_THROW(places_on({}, testing::icosphere({}, 5.0, 1), {}), InvalidInput);
}

}  // namespace
}  // namespace genu::registration
