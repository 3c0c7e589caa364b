// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/registration/points.h>
#include <genu/surface/measure.h>
#include <genu/testing/bodies.h>

namespace genu::registration {
namespace {

/// A body without any symmetry: an ellipsoid with three knobs.
TriangleMesh knobby() {
  const TriangleMesh ball = testing::icosphere({}, 1.0, 4);
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices()) {
    const Vector3 v = p - Point3{};
    double knobs = 1.0;
    for (const auto& [at, height] :
         {std::pair{Vector3{0.8, 0.5, 0.33}, 0.25}, std::pair{Vector3{-0.4, 0.9, 0.1}, 0.18},
          std::pair{Vector3{-0.2, 0.3, -0.93}, 0.3}})
      knobs += height * std::exp(-squared_length(v - at) / 0.1);
    vertices.push_back({40.0 * knobs * p.x, 26.0 * knobs * p.y, 33.0 * knobs * p.z});
  }
  return {std::move(vertices), ball.triangles()};
}

/// Points of the side that faces a viewer, in the moving frame.
std::vector<SeenPoint> seen_from(const TriangleMesh& body, const std::vector<Vector3>& sights,
                                 const RigidTransform& moving_from_fixed, double noise_mm, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0.0, noise_mm);
  const std::vector<Vector3> normals = surface::vertex_normals(body);
  std::vector<SeenPoint> points;
  for (const Vector3& sight : sights)
    for (std::size_t v = 0; v < normals.size(); v += 5)
      if (dot(normals[v], sight) < -0.5)
        points.push_back({moving_from_fixed(body.vertices()[v] + noise(random) * normals[v]),
                          moving_from_fixed(sight), 1.0});
  return points;
}

double worst(const RigidTransform& found, const RigidTransform& truth) {
  double most = 0.0;
  for (const Point3& p : {Point3{40, 0, 0}, Point3{0, 26, 0}, Point3{0, 0, -33}, Point3{-40, 0, 5}})
    most = std::max(most, distance(found(truth.inverse()(p)), p));
  return most;
}

TEST(FitPoints, FindTheirPlaceFromAPoorStart) {
  const TriangleMesh body = knobby();
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const RigidTransform truth = testing::random_pose(seed);
    const auto points = seen_from(body, {{-1, 0, 0}, {0, -1, 0}, {0.3, 0.3, 0.9}}, truth.inverse(), 0.0,
                                  static_cast<unsigned>(seed));
    const RigidTransform start = RigidTransform::translation_by({6, -7, 5}) *
                                 RigidTransform::rotation_about({}, {1, 2, static_cast<double>(seed)}, 10.0) *
                                 truth;
    const PointsFit fit = fit_points(points, body, start);
    EXPECT_LT(worst(fit.fixed_from_moving, truth), 0.01) << seed;
    EXPECT_LT(fit.rms_mm, 0.01);
    EXPECT_GT(fit.matched_part, 0.95);
    EXPECT_EQ(fit.pairs.size(), points.size());
  }
}

// A condyle resists turns and shifts only together: both must be solved for at once.
TEST(FitPoints, FindTheirPlaceOnNearlyRoundBone) {
  const TriangleMesh ball = testing::icosphere({}, 1.0, 5);
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices()) vertices.push_back({21.0 * p.x, 24.0 * p.y, 22.5 * p.z});
  const TriangleMesh condyle(std::move(vertices), ball.triangles());
  for (const Vector3& axis : {Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0.5, 0.3, 1}}) {
    const auto points = seen_from(condyle, {{0, -1, 0}, {-0.7, -0.7, 0}, {0.5, -0.6, 0.6}}, {}, 0.0, 1);
    const RigidTransform start = RigidTransform::rotation_about({0, 24, 0}, axis, 5.0);
    const PointsFit fit = fit_points(points, condyle, start, {.random_starts = 0});
    for (const SeenPoint& p : points) ASSERT_LT(distance(fit.fixed_from_moving(p.place), p.place), 0.05);
  }
}

TEST(FitPoints, BearNoiseAndAThirdOfWrongPoints) {
  const TriangleMesh body = knobby();
  const RigidTransform truth = testing::random_pose(9);
  auto points = seen_from(body, {{-1, 0, 0}, {0, -1, 0}, {0.3, 0.3, 0.9}}, truth.inverse(), 0.4, 5);
  for (std::size_t n = 0; n < points.size(); n += 3)
    points[n].place += -6.0 * points[n].sight;  // an echo in front of the bone
  const PointsFit fit = fit_points(points, body, RigidTransform::translation_by({3, 3, -4}) * truth);
  EXPECT_LT(worst(fit.fixed_from_moving, truth), 0.4);
  EXPECT_NEAR(fit.rms_mm, 0.4, 0.12);
  EXPECT_LT(fit.matched_part, 0.7);
}

TEST(FitPoints, TellOfAnotherPlaceThatFits) {
  // Half a turn about its axis leaves an ellipsoid as it is; the start lies between both.
  const TriangleMesh ball = testing::icosphere({}, 1.0, 4);
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices()) vertices.push_back({30.0 * p.x, 27.0 * p.y, 60.0 * p.z});
  const TriangleMesh body(std::move(vertices), ball.triangles());
  const auto points = seen_from(body, {{-1, 0, 0}, {0, -1, 0}, {1, 0, 0}, {0, 1, 0}}, {}, 0.05, 1);
  const PointsFit fit =
      fit_points(points, body, RigidTransform::rotation_about({}, {0, 0, 1}, 90.0), {.start_turn_deg = 60.0});
  ASSERT_TRUE(fit.rival);
  EXPECT_LT(fit.rival->cost, 1.3 * fit.cost);
  EXPECT_GT(fit.rival->distance_mm, 10.0);
}

TEST(FitPoints, DoNotDependOnThreads) {
  const TriangleMesh body = knobby();
  const auto points = seen_from(body, {{-1, 0, 0}, {0, 0, 1}}, testing::random_pose(3), 0.3, 2);
  const RigidTransform start = testing::random_pose(3).inverse();
  const PointsFit one = fit_points(points, body, start, {.threads = 1});
  const PointsFit many = fit_points(points, body, start, {.threads = 5});
  EXPECT_EQ(one.fixed_from_moving.translation(), many.fixed_from_moving.translation());
  EXPECT_EQ(one.cost, many.cost);
}

TEST(FitPoints, LookAlongADirectionOfAnyLength) {
  const TriangleMesh body = knobby();
  const auto points = seen_from(body, {{-1, 0, 0}, {0, 0, 1}}, testing::random_pose(3), 0.3, 2);
  auto far = points;
  for (SeenPoint& p : far) p.sight = 1e-3 * p.sight;
  const RigidTransform start = testing::random_pose(3).inverse();
  EXPECT_NEAR(fit_points(points, body, start).cost, fit_points(far, body, start).cost, 1e-9);
}

TEST(FitPoints, RefuseWhatCannotBeFitted) {
  const TriangleMesh body = knobby();
  auto points = seen_from(body, {{-1, 0, 0}}, {}, 0.0, 1);
  EXPECT_THROW(fit_points({points.begin(), points.begin() + 12}, body, {}), InvalidInput);
  EXPECT_THROW(fit_points(points, {}, {}), InvalidInput);
  EXPECT_THROW(fit_points(points, body, RigidTransform::translation_by({500, 0, 0})), NotConverged);
  EXPECT_THROW(fit_points(points, body, {}, {.reach_mm = std::numeric_limits<double>::quiet_NaN()}),
               InvalidInput);
  EXPECT_THROW(fit_points(points, body, {}, {.random_starts = -1}), InvalidInput);
  auto blind = points;
  blind[7].sight = {};
  EXPECT_THROW(fit_points(blind, body, {}), InvalidInput);
  points[7].place.y = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(fit_points(points, body, {}), InvalidInput);
}

}  // namespace
}  // namespace genu::registration
