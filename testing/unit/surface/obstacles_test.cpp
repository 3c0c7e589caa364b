// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/surface/obstacles.h>
#include <genu/testing/bodies.h>
#include <genu/testing/distances.h>

namespace genu::surface {
namespace {

using testing::oracle_distance_mm;

constexpr double infinity = std::numeric_limits<double>::infinity();

double between(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

Point3 random_point(std::mt19937_64& random, double reach_mm) {
  const double x = between(random, -1.0, 1.0), y = between(random, -1.0, 1.0), z = between(random, -1.0, 1.0);
  return Point3{12.0, -7.0, 5.0} + reach_mm * Vector3{x, y, z};
}

/// A body with bumps and dents, of any size, place and direction.
TriangleMesh bumpy_ball(std::mt19937_64& random, int subdivisions) {
  const TriangleMesh ball = testing::icosphere({}, 1.0, subdivisions);
  const Point3 centre = random_point(random, 30.0);
  const Vector3 size{between(random, 2.0, 12.0), between(random, 2.0, 12.0), between(random, 0.5, 12.0)};
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices()) {
    const double bump = 1.0 + 0.2 * std::sin(7.0 * p.x) * std::cos(5.0 * p.y + 3.0 * p.z);
    vertices.push_back(centre + bump * Vector3{size.x * p.x, size.y * p.y, size.z * p.z});
  }
  return moved({std::move(vertices), ball.triangles()}, testing::random_pose(random()));
}

/// Triangles of every shape and size, without order: slivers, points and lines among them.
TriangleMesh debris(std::mt19937_64& random, std::size_t count) {
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (std::uint32_t t = 0; t < count; ++t) {
    const Point3 a = random_point(random, 30.0);
    const double size = std::pow(10.0, between(random, -4.0, 1.2));
    const Vector3 u = size * (random_point(random, 1.0) - random_point(random, 1.0));
    Vector3 v = size * (random_point(random, 1.0) - random_point(random, 1.0));
    if (t % 4 == 0) v = between(random, -1.0, 2.0) * u;
    if (t % 4 == 1) v = between(random, -1.0, 2.0) * u + 1e-5 * v;
    vertices.insert(vertices.end(), {a, t % 8 == 0 ? a : a + u, t % 16 == 0 ? a : a + v});
    triangles.push_back({3 * t, 3 * t + 1, 3 * t + 2});
  }
  return {std::move(vertices), std::move(triangles)};
}

std::vector<const TriangleMesh*> pointers(const std::vector<TriangleMesh>& meshes) {
  std::vector<const TriangleMesh*> result;
  result.reserve(meshes.size());
  for (const TriangleMesh& m : meshes) result.push_back(&m);
  return result;
}

std::vector<TriangleMesh> scene(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<TriangleMesh> meshes;
  meshes.reserve(11);
  for (int m = 0; m < 9; ++m) meshes.push_back(bumpy_ball(random, m % 4));
  meshes.push_back(debris(random, 300));
  meshes.push_back(TriangleMesh({{1, 2, 3}, {4, 2, 2}, {1, 7, 3}}, {{0, 1, 2}}));
  return meshes;
}

struct Segment {
  Point3 from, to;
};

/// Oblique ones, ones along an axis, points, and ones that start on a vertex or run along an edge.
std::vector<Segment> segments(const std::vector<TriangleMesh>& meshes, std::uint64_t seed,
                              std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<Segment> result;
  for (std::size_t n = 0; n < count; ++n) {
    const Point3 a = random_point(random, 40.0), b = random_point(random, 40.0);
    const TriangleMesh& mesh = meshes[random() % meshes.size()];
    const Triangle& t = mesh.triangles()[random() % mesh.triangles().size()];
    const Point3 &p = mesh.vertices()[t[0]], &q = mesh.vertices()[t[1]];
    switch (n % 8) {
      case 0:
        result.push_back({a, a});
        break;
      case 1:
        result.push_back({a, a + Vector3{0.0, 0.0, 50.0}});
        break;
      case 2:
        result.push_back({a, p});
        break;
      case 3:
        result.push_back({p, a});
        break;
      case 4: {
        // Beside an edge and along it, nearly or exactly.
        const Vector3 aside = between(random, 0.0, 1.0) * (a - b) / 40.0;
        const Vector3 tilt = n % 16 == 4 ? Vector3{} : 1e-4 * (b - a);
        result.push_back({p + aside - 3.0 * (q - p), q + aside + tilt + 2.0 * (q - p)});
        break;
      }
      default:
        result.push_back({a, b});
    }
  }
  return result;
}

TEST(Obstacles, RefusesWhatCannotBeAnswered) {
  const TriangleMesh one({{0, 0, 0}, {1, 0, 0}, {0, 1, 0}}, {{0, 1, 2}}), none;
  EXPECT_THROW(Obstacles({&one, &none}), InvalidInput);
  const Obstacles obstacles({&one});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(obstacles.nearest({nan, 0, 0}, {}), InvalidInput);
  EXPECT_THROW(obstacles.distance_mm(0, {}, {0, infinity, 0}), InvalidInput);
  EXPECT_THROW(obstacles.distance_mm(1, {}, {}), InvalidInput);
  EXPECT_THROW(obstacles.contains(1, {}), InvalidInput);
  EXPECT_THROW(obstacles.contains(0, {0, infinity, 0}), InvalidInput);
  EXPECT_THROW(obstacles.least_margin({}, {}, std::vector<double>{}), InvalidInput);
  EXPECT_THROW(obstacles.keeps({}, {}, std::vector{nan}), InvalidInput);
  EXPECT_THROW(obstacles.keeps({}, {}, std::vector{infinity}), InvalidInput);
}

TEST(Obstacles, NoMeshesAreNowhereNear) {
  const Obstacles obstacles({});
  EXPECT_EQ(obstacles.size(), 0u);
  EXPECT_FALSE(obstacles.nearest({}, {1, 2, 3}));
  EXPECT_TRUE(obstacles.distances_mm({}, {1, 2, 3}).empty());
  EXPECT_TRUE(obstacles.keeps({}, {1, 2, 3}, {}));
}

TEST(Obstacles, DistancesAreTheLeastOverAllTriangles) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const auto meshes = scene(seed);
    const Obstacles obstacles(pointers(meshes));
    ASSERT_EQ(obstacles.size(), meshes.size());
    std::size_t crossing = 0, apart = 0;
    for (const Segment& s : segments(meshes, seed, 400)) {
      const auto all = obstacles.distances_mm(s.from, s.to);
      ASSERT_EQ(all.size(), meshes.size());
      for (std::size_t m = 0; m < meshes.size(); ++m) {
        EXPECT_NEAR(all[m], oracle_distance_mm(meshes[m], s.from, s.to), 1e-8) << m << s.from << s.to;
        EXPECT_EQ(obstacles.distance_mm(m, s.from, s.to), all[m]);
      }
      const auto nearest = obstacles.nearest(s.from, s.to);
      ASSERT_TRUE(nearest);
      const auto least = std::min_element(all.begin(), all.end());
      EXPECT_EQ(nearest->distance_mm, *least) << s.from << s.to;
      EXPECT_EQ(nearest->margin_mm, *least);
      EXPECT_EQ(nearest->mesh, static_cast<std::size_t>(least - all.begin()));
      (*least > 0.0 ? apart : crossing) += 1;
    }
    EXPECT_GT(crossing, 40u);
    EXPECT_GT(apart, 40u);
  }
}

TEST(Obstacles, ASegmentThroughASurfaceIsExactlyAtZero) {
  const auto meshes = scene(4);
  const Obstacles obstacles(pointers(meshes));
  std::size_t crossing = 0;
  for (const Segment& s : segments(meshes, 4, 600))
    for (std::size_t m = 0; m < meshes.size(); ++m)
      if (testing::oracle_crosses(meshes[m], s.from, s.to) &&
          oracle_distance_mm(meshes[m], s.from, s.to) == 0.0) {
        // An end that touches a vertex is a matter of rounding; what goes through is not.
        const Vector3 more = 1e-6 * (s.to - s.from);
        if (!testing::oracle_crosses(meshes[m], s.from + more, s.to - more)) continue;
        EXPECT_EQ(obstacles.distance_mm(m, s.from, s.to), 0.0) << m << s.from << s.to;
        ++crossing;
      }
  EXPECT_GT(crossing, 120u);
}

TEST(Obstacles, FarAwayAndFarFromTheOriginIsAsExact) {
  auto meshes = scene(5);
  const RigidTransform away = RigidTransform::translation_by({1000.0, -2000.0, 500.0});
  for (TriangleMesh& m : meshes) m = moved(m, away);
  const Obstacles obstacles(pointers(meshes));
  std::mt19937_64 random(5);
  for (int n = 0; n < 60; ++n) {
    const Point3 near = random_point(random, 40.0) + Vector3{1000.0, -2000.0, 500.0},
                 far = random_point(random, 1000.0);
    for (const Segment& s : {Segment{far, near}, Segment{far, random_point(random, 1000.0)}}) {
      double least = infinity;
      for (const TriangleMesh& m : meshes) least = std::min(least, oracle_distance_mm(m, s.from, s.to));
      EXPECT_NEAR(obstacles.nearest(s.from, s.to)->distance_mm, least, 1e-8) << s.from << s.to;
    }
  }
}

TEST(Obstacles, BeyondTheLimitThereIsNoAnswer) {
  const auto meshes = scene(6);
  const Obstacles obstacles(pointers(meshes));
  for (const Segment& s : segments(meshes, 6, 200)) {
    const auto nearest = obstacles.nearest(s.from, s.to);
    const double d = nearest->distance_mm;
    EXPECT_FALSE(obstacles.nearest(s.from, s.to, d));
    const auto within = obstacles.nearest(s.from, s.to, std::nextafter(d, infinity));
    ASSERT_TRUE(within);
    EXPECT_EQ(within->distance_mm, d);
    EXPECT_EQ(within->mesh, nearest->mesh);
    const auto all = obstacles.distances_mm(s.from, s.to),
               limited = obstacles.distances_mm(s.from, s.to, 5.0);
    for (std::size_t m = 0; m < all.size(); ++m) EXPECT_EQ(limited[m], std::min(all[m], 5.0));
  }
}

TEST(Obstacles, MarginsAreDistancesLessWhatIsAsked) {
  const auto meshes = scene(7);
  const Obstacles obstacles(pointers(meshes));
  std::mt19937_64 random(7);
  std::size_t kept = 0, left_out = 0;
  const auto all_segments = segments(meshes, 7, 600);
  for (std::size_t n = 0; n < all_segments.size(); ++n) {
    const Segment& s = all_segments[n];
    std::vector<double> asked;
    for (std::size_t m = 0; m < meshes.size(); ++m)
      asked.push_back(random() % 4 == 0   ? -infinity
                      : random() % 2 == 0 ? between(random, -6.0, 4.0)
                                          : static_cast<double>(random() % 4) - 3.0);
    const auto all = obstacles.distances_mm(s.from, s.to);
    std::size_t decides = 0;
    for (std::size_t m = 0; m < all.size(); ++m)
      if (all[m] - asked[m] < all[decides] - asked[decides]) decides = m;
    const double least = all[decides] - asked[decides];
    const auto margin = obstacles.least_margin(s.from, s.to, asked);
    ASSERT_TRUE(margin);
    EXPECT_EQ(margin->margin_mm, least);
    EXPECT_EQ(margin->mesh, decides);
    EXPECT_EQ(margin->distance_mm, all[decides]);
    EXPECT_FALSE(obstacles.least_margin(s.from, s.to, asked, least));
    EXPECT_EQ(obstacles.keeps(s.from, s.to, asked), least >= 0.0);
    kept += least >= 0.0 ? 1 : 0;
    left_out += obstacles.nearest(s.from, s.to)->mesh != decides ? 1 : 0;
    EXPECT_FALSE(obstacles.least_margin(s.from, s.to, std::vector(meshes.size(), -infinity)));
  }
  EXPECT_GT(kept, 60u);
  EXPECT_LT(kept, 540u);
  EXPECT_GT(left_out, 60u);
}

TEST(Obstacles, OfMeshesEquallyNearTheFirstIsMeant) {
  std::mt19937_64 random(8);
  const TriangleMesh ball = bumpy_ball(random, 2), other = bumpy_ball(random, 2);
  const Obstacles obstacles({&other, &ball, &ball, &other, &ball});
  const std::vector<double> same(5, 1.5);
  for (int n = 0; n < 300; ++n) {
    const Point3 a = random_point(random, 60.0), b = random_point(random, 60.0);
    const auto all = obstacles.distances_mm(a, b);
    EXPECT_EQ(all[1], all[4]);
    const std::size_t first = all[0] <= all[1] ? 0 : 1;
    EXPECT_EQ(obstacles.nearest(a, b)->mesh, first);
    EXPECT_EQ(obstacles.least_margin(a, b, same)->mesh, first);
    EXPECT_EQ(obstacles.least_margin(a, b, std::vector{-infinity, 1.0, 2.0, 0.0, 2.0})->mesh,
              all[0] < all[1] - 2.0 ? 3u : 2u);
  }
}

// A mesh that is crossed and asked little of may be as near to its clearance as one that is not crossed.
TEST(Obstacles, OfMarginsThatAreAlikeTheFirstIsMeant) {
  const TriangleMesh crossed({{-5, -5, 5}, {5, -5, 5}, {0, 9, 5}}, {{0, 1, 2}});
  const TriangleMesh beside({{2, -5, -5}, {2, -5, 15}, {2, 9, 5}}, {{0, 1, 2}});
  const Point3 from{0, 0, 0}, to{0, 0, 10};
  for (const bool crossed_first : {true, false}) {
    const Obstacles obstacles(crossed_first ? std::vector{&crossed, &beside}
                                            : std::vector{&beside, &crossed});
    const auto asked = crossed_first ? std::vector{1.0, 3.0} : std::vector{3.0, 1.0};
    const auto margin = obstacles.least_margin(from, to, asked);
    ASSERT_TRUE(margin);
    EXPECT_EQ(margin->margin_mm, -1.0);
    EXPECT_EQ(margin->mesh, 0u);
    EXPECT_EQ(margin->distance_mm, crossed_first ? 0.0 : 2.0);
  }
}

TEST(Obstacles, MoreMeshesThanAProcessorHasLanes) {
  std::mt19937_64 random(9);
  std::vector<TriangleMesh> meshes;
  meshes.reserve(150);
  for (int m = 0; m < 150; ++m) meshes.push_back(bumpy_ball(random, m % 2));
  const Obstacles obstacles(pointers(meshes));
  for (int n = 0; n < 60; ++n) {
    const Point3 a = random_point(random, 60.0), b = a + 0.1 * (random_point(random, 60.0) - Point3{});
    const auto all = obstacles.distances_mm(a, b);
    const auto least = std::min_element(all.begin(), all.end());
    EXPECT_EQ(obstacles.nearest(a, b)->mesh, static_cast<std::size_t>(least - all.begin()));
    const std::size_t m = random() % meshes.size();
    EXPECT_NEAR(all[m], oracle_distance_mm(meshes[m], a, b), 1e-9);
  }
}

TEST(Obstacles, FlatAndPointLikeScenesAreAnsweredToo) {
  const TriangleMesh flat({{0, 0, 0}, {9, 0, 0}, {0, 9, 0}, {9, 9, 0}}, {{0, 1, 2}, {2, 1, 3}});
  const TriangleMesh point({{2, 2, 2}, {2, 2, 2}, {2, 2, 2}}, {{0, 1, 2}});
  std::mt19937_64 random(10);
  for (const TriangleMesh* mesh : {&flat, &point}) {
    const Obstacles obstacles({mesh});
    for (int n = 0; n < 200; ++n) {
      const Point3 a = random_point(random, 20.0), b = n % 4 == 0 ? a : random_point(random, 20.0);
      EXPECT_NEAR(obstacles.nearest(a, b)->distance_mm, oracle_distance_mm(*mesh, a, b), 1e-9) << a << b;
    }
  }
}

TEST(Obstacles, VerticesOfNoTriangleAreNoObstacle) {
  const TriangleMesh mesh({{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {5, 5, 5}}, {{0, 1, 2}});
  EXPECT_NEAR(Obstacles({&mesh}).nearest({5, 5, 5}, {5, 5, 6})->distance_mm,
              oracle_distance_mm(mesh, {5, 5, 5}, {5, 5, 6}), 1e-12);
}

TEST(Obstacles, ContainsWhatItsSurfaceSurrounds) {
  std::mt19937_64 random(11);
  std::vector<TriangleMesh> meshes;
  std::vector<Point3> centres;
  for (int m = 0; m < 4; ++m) {
    centres.push_back(random_point(random, 10.0));
    meshes.push_back(testing::icosphere(centres.back(), 12.0, 3));
  }
  const Obstacles obstacles(pointers(meshes));
  std::size_t inside = 0, outside = 0;
  for (int n = 0; n < 1500; ++n) {
    const Point3 p = random_point(random, 25.0);
    for (std::size_t m = 0; m < meshes.size(); ++m) {
      const double r = distance(p, centres[m]);
      // Between the sphere and its triangles either may be right.
      if (r > 11.8 && r < 12.0) continue;
      EXPECT_EQ(obstacles.contains(m, p), r < 12.0) << p;
      (r < 12.0 ? inside : outside) += 1;
    }
  }
  EXPECT_GT(inside, 300u);
  EXPECT_GT(outside, 300u);
}

TEST(Obstacles, AnswersManyThreadsAlike) {
  const auto meshes = scene(12);
  const auto asked_of = segments(meshes, 12, 1500);
  const std::vector<double> asked(meshes.size(), 2.0);
  std::vector<std::vector<double>> answers;
  for (const unsigned threads : {1u, 8u}) {
    const Obstacles obstacles(pointers(meshes), threads);
    auto& own = answers.emplace_back(3 * asked_of.size());
    parallel_for(
        asked_of.size(),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t n = begin; n < end; ++n) {
            const auto& [from, to] = asked_of[n];
            own[3 * n] = obstacles.nearest(from, to)->distance_mm;
            own[3 * n + 1] = obstacles.least_margin(from, to, asked)->margin_mm;
            own[3 * n + 2] = static_cast<double>(obstacles.nearest(from, to)->mesh);
          }
        },
        threads, 16);
  }
  EXPECT_EQ(answers[0], answers[1]);
}

}  // namespace
}  // namespace genu::surface
