// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>
#include <genu/testing/bodies.h>

namespace genu::surface {
namespace {

const Point3 centre{11.0, -7.0, 5.0};

/// A closed surface with bumps and dents, so that nearest points lie on faces, edges and vertices alike.
TriangleMesh bumpy_ball(int subdivisions = 3) {
  const TriangleMesh ball = testing::icosphere(centre, 10.0, subdivisions);
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices()) {
    const Vector3 d = p - centre;
    vertices.push_back(centre + (1.0 + 0.25 * std::sin(0.7 * d.x) * std::cos(0.9 * d.y + 0.4 * d.z)) * d);
  }
  return {std::move(vertices), ball.triangles()};
}

Point3 random_point(std::mt19937_64& random, double reach_mm) {
  std::uniform_real_distribution<double> u(-reach_mm, reach_mm);
  const double x = u(random), y = u(random), z = u(random);
  return centre + Vector3{x, y, z};
}

/// The nearest point of a triangle by successive refinement of a grid of barycentric coordinates: slow and
/// simple.
double distance_by_search(const Point3& a, const Point3& b, const Point3& c, const Point3& p) {
  double best = std::numeric_limits<double>::infinity(), u0 = 0.5, v0 = 0.5;
  for (double step = 0.1; step > 1e-9; step *= 0.5) {
    double u_best = u0, v_best = v0;
    for (int i = -6; i <= 6; ++i)
      for (int j = -6; j <= 6; ++j) {
        const double u = std::clamp(u0 + i * step, 0.0, 1.0), v = std::clamp(v0 + j * step, 0.0, 1.0 - u);
        const double d = distance(a + u * (b - a) + v * (c - a), p);
        if (d < best) best = d, u_best = u, v_best = v;
      }
    u0 = u_best, v0 = v_best;
  }
  return best;
}

/// The solid angle of the whole surface seen from p, over 4 pi: 1 inside, 0 outside (Van Oosterom & Strackee
/// 1983).
double winding_number(const TriangleMesh& mesh, const Point3& p) {
  double sum = 0.0;
  for (const Triangle& t : mesh.triangles()) {
    const Vector3 a = mesh.vertices()[t[0]] - p, b = mesh.vertices()[t[1]] - p, c = mesh.vertices()[t[2]] - p;
    const double la = length(a), lb = length(b), lc = length(c);
    sum += 2.0 *
           std::atan2(dot(a, cross(b, c)), la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb);
  }
  return sum / (4.0 * M_PI);
}

TEST(MeshQuery, RefusesAMeshWithoutTriangles) {
  EXPECT_THROW(MeshQuery(TriangleMesh{}), InvalidInput);
}

TEST(MeshQuery, ClosestPointIsTheNearestOfAllTriangles) {
  const TriangleMesh mesh = bumpy_ball(1);
  const MeshQuery query(mesh);
  std::mt19937_64 random(1);
  for (int n = 0; n < 40; ++n) {
    const Point3 p = random_point(random, 18.0);
    double least = std::numeric_limits<double>::infinity();
    for (const Triangle& t : mesh.triangles())
      least = std::min(
          least, distance_by_search(mesh.vertices()[t[0]], mesh.vertices()[t[1]], mesh.vertices()[t[2]], p));
    const SurfacePoint found = query.closest(p);
    EXPECT_NEAR(found.distance_mm, least, 1e-6) << p;
    EXPECT_NEAR(distance(found.point, p), found.distance_mm, 1e-12);
    const Triangle& t = mesh.triangles()[found.triangle];
    EXPECT_NEAR(
        distance_by_search(mesh.vertices()[t[0]], mesh.vertices()[t[1]], mesh.vertices()[t[2]], found.point),
        0.0, 1e-6);
  }
}

TEST(MeshQuery, SignOfTheDistanceIsTheWindingNumbers) {
  const TriangleMesh mesh = bumpy_ball();
  const MeshQuery query(mesh);
  std::mt19937_64 random(2);
  int inside = 0;
  for (int n = 0; n < 2000; ++n) {
    const Point3 p = random_point(random, 13.0);
    const bool is_inside = winding_number(mesh, p) > 0.5;
    inside += is_inside ? 1 : 0;
    EXPECT_EQ(query.signed_distance_mm(p) < 0.0, is_inside) << p;
    EXPECT_EQ(query.contains(p), is_inside) << p;
  }
  EXPECT_GT(inside, 300);
}

// A plain face normal gets the sign wrong where the nearest point is a sharp vertex or edge.
TEST(MeshQuery, SignIsRightBesideASharpVertex) {
  const TriangleMesh needle({{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {-3, -3, 40}},
                            {{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {2, 0, 3}});
  ASSERT_GT(volume_mm3(needle), 0.0);
  const MeshQuery query(needle);
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (const Point3& tip : needle.vertices())
    for (int n = 0; n < 500; ++n) {
      const Point3 p = tip + 0.3 * Vector3{normal(random), normal(random), normal(random)};
      EXPECT_EQ(query.contains(p), winding_number(needle, p) > 0.5) << p;
    }
}

TEST(MeshQuery, CrossingsOfAClosedSurfaceAlternateAndComeInOrder) {
  const TriangleMesh mesh = bumpy_ball();
  const MeshQuery query(mesh);
  std::mt19937_64 random(4);
  std::size_t total = 0;
  for (int n = 0; n < 3000; ++n) {
    const Point3 a = random_point(random, 25.0), b = random_point(random, 25.0);
    const auto found = query.crossings(a, b);
    total += found.size();
    bool inside = query.contains(a);
    double last = 0.0;
    for (const SurfacePoint& hit : found) {
      EXPECT_GE(hit.distance_mm, last);
      EXPECT_EQ(dot(query.triangle_normal(hit.triangle), b - a) > 0.0, inside);
      EXPECT_NEAR(query.closest(hit.point).distance_mm, 0.0, 1e-9);
      last = hit.distance_mm;
      inside = !inside;
    }
    EXPECT_EQ(inside, query.contains(b));
    const auto first = query.first_crossing(a, b);
    ASSERT_EQ(first.has_value(), !found.empty());
    if (first) {
      EXPECT_EQ(first->triangle, found.front().triangle);
      EXPECT_EQ(first->distance_mm, found.front().distance_mm);
    }
  }
  EXPECT_GT(total, 1000u);
}

// A segment through an edge or a vertex used to be counted once for each triangle that meets there.
TEST(MeshQuery, ACrossingOnASharedEdgeOrVertexCountsOnce) {
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (std::uint32_t j = 0; j <= 4; ++j)
    for (std::uint32_t i = 0; i <= 4; ++i)
      vertices.push_back({static_cast<double>(i), static_cast<double>(j), 0.0});
  for (std::uint32_t j = 0; j < 4; ++j)
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t v = i + 5 * j;
      triangles.push_back({v, v + 1, v + 6});
      triangles.push_back({v, v + 6, v + 5});
    }
  const MeshQuery sheet(TriangleMesh(vertices, triangles));
  for (int j = 1; j < 16; ++j)
    for (int i = 1; i < 16; ++i) {
      const Point3 p{0.25 * i, 0.25 * j, 0.0};
      for (const Vector3& d : {Vector3{0, 0, 1}, {1, 0, 1}, {0.5, -0.25, 2}, {-1, 1, 0.5}}) {
        EXPECT_EQ(sheet.crossings(p - d, p + d).size(), 1u) << p << d;
        EXPECT_EQ(sheet.crossings(p + d, p - d).size(), 1u) << p << d;
      }
    }
}

TEST(MeshQuery, SegmentsBetweenVerticesOfAClosedSurfaceCrossItEvenly) {
  const TriangleMesh mesh = testing::icosphere({}, 10.0, 2);
  const MeshQuery query(mesh);
  for (std::size_t v = 0; v < mesh.vertices().size(); ++v) {
    const Vector3 out = mesh.vertices()[v] - Point3{};
    EXPECT_EQ(query.crossings({}, Point3{} + 2.0 * out).size(), 1u) << v;
    EXPECT_EQ(query.crossings(Point3{} - 2.0 * out, Point3{} + 2.0 * out).size(), 2u) << v;
  }
}

TEST(MeshQuery, AnswersManyThreadsAlike) {
  const MeshQuery query(bumpy_ball());
  std::mt19937_64 random(6);
  std::vector<Point3> points;
  for (int n = 0; n < 2000; ++n) points.push_back(random_point(random, 15.0));
  std::vector<std::vector<double>> answers(4, std::vector<double>(points.size()));
  {
    std::vector<std::jthread> threads;
    for (auto& own : answers)
      threads.emplace_back([&] {
        for (std::size_t n = 0; n < points.size(); ++n) own[n] = query.signed_distance_mm(points[n]);
      });
  }
  for (const auto& own : answers) EXPECT_EQ(own, answers.front());
}

}  // namespace
}  // namespace genu::surface
