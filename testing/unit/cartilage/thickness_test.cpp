// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <numbers>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/cartilage/thickness.h>
#include <genu/core/error.h>
#include <genu/io/meshes.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::cartilage {
namespace {

const Point3 centre{11.3, -7.2, 5.1};

/// A closed shell between two spheres.
TriangleMesh shell(const Point3& c, double inner_mm, double outer_mm, int subdivisions = 5) {
  const TriangleMesh outer = testing::icosphere(c, outer_mm, subdivisions),
                     inner = testing::icosphere(c, inner_mm, subdivisions);
  std::vector<Point3> vertices = outer.vertices();
  std::vector<Triangle> triangles = outer.triangles();
  const auto first = static_cast<std::uint32_t>(vertices.size());
  vertices.insert(vertices.end(), inner.vertices().begin(), inner.vertices().end());
  for (const auto& [a, b, d] : inner.triangles()) triangles.push_back({first + a, first + d, first + b});
  return {std::move(vertices), std::move(triangles)};
}

/// A closed box along the axes.
TriangleMesh box(const Point3& low, const Point3& high) {
  std::vector<Point3> v;
  for (int c = 0; c < 8; ++c)
    v.push_back({c & 1 ? high.x : low.x, c & 2 ? high.y : low.y, c & 4 ? high.z : low.z});
  return {v,
          {{0, 2, 1},
           {1, 2, 3},
           {4, 5, 6},
           {5, 7, 6},
           {0, 1, 4},
           {1, 5, 4},
           {2, 6, 3},
           {3, 6, 7},
           {0, 4, 2},
           {2, 4, 6},
           {1, 3, 5},
           {3, 7, 5}}};
}

/// A flat square of bone, facing up, in the plane z = 0.
TriangleMesh flat_bone(double half_mm, int cells) {
  std::vector<Point3> v;
  std::vector<Triangle> t;
  for (int j = 0; j <= cells; ++j)
    for (int i = 0; i <= cells; ++i)
      v.push_back({half_mm * (2.0 * i / cells - 1.0), half_mm * (2.0 * j / cells - 1.0), 0.0});
  const auto at = [cells](int i, int j) { return static_cast<std::uint32_t>(i + (cells + 1) * j); };
  for (int j = 0; j < cells; ++j)
    for (int i = 0; i < cells; ++i) {
      t.push_back({at(i, j), at(i + 1, j), at(i + 1, j + 1)});
      t.push_back({at(i, j), at(i + 1, j + 1), at(i, j + 1)});
    }
  return {v, t};
}

double at(const TriangleMesh& bone, const TriangleMesh& cartilage, const ThicknessOptions& options = {}) {
  // The middle vertex of a flat bone with an even number of cells.
  return measure_thickness(bone, cartilage, options).thickness_mm[bone.vertices().size() / 2];
}

struct Spread {
  double mean = 0.0, sd = 0.0;
  std::size_t failed = 0;
};
Spread spread(const std::vector<double>& values, const std::vector<double>& areas) {
  Spread s;
  double area = 0.0, squares = 0.0;
  for (std::size_t v = 0; v < values.size(); ++v) {
    if (std::isnan(values[v])) {
      ++s.failed;
      continue;
    }
    s.mean += areas[v] * values[v];
    squares += areas[v] * values[v] * values[v];
    area += areas[v];
  }
  s.mean /= area;
  s.sd = std::sqrt(std::max(0.0, squares / area - s.mean * s.mean));
  return s;
}

TEST(Thickness, RefusesMeshesAndOptionsThatMeanNothing) {
  const TriangleMesh ball = testing::icosphere({}, 10.0, 1);
  EXPECT_THROW(measure_thickness({}, ball), InvalidInput);
  EXPECT_THROW(measure_thickness(ball, {}), InvalidInput);
  TriangleMesh loose({{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {5, 5, 5}}, {{0, 1, 2}});
  EXPECT_THROW(measure_thickness(loose, ball), InvalidInput);
  EXPECT_THROW(measure_thickness(ball, ball, {.max_thickness_mm = 0.0}), InvalidInput);
  EXPECT_THROW(measure_thickness(ball, ball, {.max_tilt_deg = 120.0}), InvalidInput);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(measure_thickness(ball, ball, {.max_gap_mm = nan}), InvalidInput);
  EXPECT_THROW(measure_thickness(ball, std::vector<Vector3>(3), ball), InvalidInput);
  EXPECT_THROW(measure_thickness(ball, ball, {.field_step_mm = 0.0}), InvalidInput);
}

TEST(Thickness, OfAShellOnASphereIsTheDifferenceOfTheRadii) {
  const TriangleMesh bone = testing::icosphere(centre, 20.0, 4);
  const auto thickness = measure_thickness(bone, shell(centre, 20.0, 22.5, 6)).thickness_mm;
  for (const double t : thickness) EXPECT_NEAR(t, 2.5, 0.01);
}

constexpr std::array all_methods{ThicknessMethod::along_normal, ThicknessMethod::nearest_point,
                                 ThicknessMethod::field_lines};

TEST(ThicknessMethods, AgreeOnAShell) {
  const TriangleMesh bone = testing::icosphere(centre, 20.0, 4), cartilage = shell(centre, 20.0, 22.5, 6);
  for (const ThicknessMethod method : all_methods)
    for (const double t : measure_thickness(bone, cartilage, {.method = method}).thickness_mm)
      ASSERT_NEAR(t, 2.5, 0.03) << name(method);
}

// Between planes that meet at an angle a in a line at distance r, the normal is r tan a long, the nearest
// point r sin a away, and a field line is the arc r a.
TEST(ThicknessMethods, DifferOnAWedgeAsGeometrySays) {
  const TriangleMesh bone = flat_bone(20.0, 40);
  const TriangleMesh block = box({-7.0, -10.0, 0.0}, {9.0, 10.0, 1.0});
  std::vector<Point3> corners = block.vertices();
  constexpr double slope = 0.4, apex_mm = 7.5;
  for (Point3& p : corners)
    if (p.z > 0.0) p.z = slope * (p.x + apex_mm);
  const TriangleMesh wedge(corners, block.triangles());
  const double angle = std::atan(slope);
  EXPECT_NEAR(at(bone, wedge), apex_mm * std::tan(angle), 1e-9);
  EXPECT_NEAR(at(bone, wedge, {.method = ThicknessMethod::nearest_point}), apex_mm * std::sin(angle), 1e-9);
  const double coarse = at(bone, wedge, {.method = ThicknessMethod::field_lines}),
               fine = at(bone, wedge, {.method = ThicknessMethod::field_lines, .field_step_mm = 0.17});
  EXPECT_NEAR(coarse, apex_mm * angle, 0.04);
  EXPECT_NEAR(fine, apex_mm * angle, 0.02);
}

// At the edge of a slab no method may see more than the slab, and where there is cartilage is the same for
// all.
TEST(ThicknessMethods, SeeNoMoreAtTheEdgeOfASlab) {
  const TriangleMesh bone = flat_bone(12.0, 60), slab = box({-6.05, -6.05, 0.0}, {6.05, 6.05, 2.0});
  const auto along_normal = measure_thickness(bone, slab).thickness_mm;
  for (const ThicknessMethod method : all_methods) {
    const auto thickness = measure_thickness(bone, slab, {.method = method}).thickness_mm;
    for (std::size_t v = 0; v < thickness.size(); ++v) {
      ASSERT_EQ(thickness[v] == 0.0, along_normal[v] == 0.0) << name(method);
      ASSERT_FALSE(thickness[v] > 2.0 + 0.01) << name(method);
      if (along_normal[v] > 0.0) {
        ASSERT_NEAR(thickness[v], 2.0, 0.01) << name(method);
      }
    }
  }
}

// Walls that lean, on a slab that lies askew in the grid: a field line is no longer for it.
TEST(ThicknessMethods, WallsThatLeanMakeNoFieldLineLong) {
  const TriangleMesh bone = flat_bone(12.0, 60);
  const RigidTransform turn = RigidTransform::rotation_about({}, {0.4, -0.7, 0.6}, 33.0);
  for (const double lean_mm : {2.0, 0.35, -0.35}) {  // 45, 10 and -10 degrees
    const TriangleMesh block = box({-6.05, -6.05, 0.0}, {6.05, 6.05, 2.0});
    std::vector<Point3> corners = block.vertices();
    for (Point3& p : corners)
      if (p.z > 0.0) p = {p.x + std::copysign(lean_mm, p.x), p.y + std::copysign(lean_mm, p.y), p.z};
    const TriangleMesh slab(corners, block.triangles());
    const auto normal = measure_thickness(bone, slab).thickness_mm;
    const auto lines =
        measure_thickness(moved(bone, turn), moved(slab, turn), {.method = ThicknessMethod::field_lines})
            .thickness_mm;
    for (std::size_t v = 0; v < normal.size(); ++v) {
      const Point3& p = bone.vertices()[v];
      ASSERT_EQ(normal[v] > 0.0, lines[v] > 0.0) << lean_mm << ": covered or not at " << p;
      if (normal[v] > 0.0) {
        ASSERT_LT(lines[v], 2.5) << lean_mm << " at " << p;
      }
      if (std::max(std::abs(p.x), std::abs(p.y)) < 3.0) {
        ASSERT_NEAR(lines[v], 2.0, 0.05) << lean_mm;
      }
    }
  }
}

TEST(ThicknessMethods, AThinLayerAndOneOverAGapStayMeasured) {
  const TriangleMesh bone = flat_bone(6.0, 30);
  for (const auto& [low, high] : {std::pair{0.0, 0.2}, {1.4, 3.4}, {0.6, 0.8}}) {
    const TriangleMesh slab = box({-5.05, -5.05, low}, {5.05, 5.05, high});
    EXPECT_NEAR(at(bone, slab, {.method = ThicknessMethod::field_lines}), high - low, 0.01) << low;
  }
}

TEST(ThicknessMethods, HaveTheSameBitsForAnyNumberOfThreads) {
  const TriangleMesh bone = testing::icosphere(centre, 20.0, 3), cartilage = shell(centre, 20.0, 22.5, 4);
  for (const ThicknessMethod method : all_methods)
    EXPECT_EQ(measure_thickness(bone, cartilage, {.method = method, .threads = 1}).thickness_mm,
              measure_thickness(bone, cartilage, {.method = method, .threads = 8}).thickness_mm)
        << name(method);
}

TEST(ThicknessMethods, AreFoundByTheirNames) {
  for (const ThicknessMethod method : all_methods) EXPECT_EQ(thickness_method_named(name(method)), method);
  EXPECT_EQ(thickness_method_named("laplacian"), std::nullopt);
}

// The bar of the project: labels on an oblique 0.36 x 0.36 x 0.7 mm grid to thickness.
TEST(Thickness, OfLabelledConcentricSpheresIsTwoAndAHalf) {
  const LabelMap labels = testing::concentric_spheres(testing::oblique_grid(), centre, 20.0, 22.5);
  const TriangleMesh bone = surface::extract(labels, [](Tissue t) { return t == Tissue::femur; });
  const TriangleMesh cartilage =
      surface::extract(labels, [](Tissue t) { return t == Tissue::femoral_cartilage; });
  const Spread s = spread(measure_thickness(bone, cartilage).thickness_mm, surface::vertex_areas_mm2(bone));
  EXPECT_NEAR(s.mean, 2.50, 0.03);
  EXPECT_LT(s.sd, 0.05);
  EXPECT_EQ(s.failed, 0u);
}

TEST(Thickness, OfALabelledObliqueSlabIsItsOwn) {
  const ImageGeometry grid = testing::oblique_grid({.extent_mm = {36, 36, 36}});
  const Vector3 up = normalized({0.3, -0.5, 0.8});
  for (const double truth : {0.8, 1.7, 3.1}) {
    const LabelMap labels = testing::label(grid, [&](const Point3& p) {
      const Vector3 d = p - centre;
      const double height = dot(d, up);
      if (length(d - height * up) > 14.0 || height < -8.0) return Tissue::background;
      return height <= 0.0 ? Tissue::tibia : height <= truth ? Tissue::tibial_cartilage : Tissue::background;
    });
    const TriangleMesh bone = surface::extract(labels, [](Tissue t) { return t == Tissue::tibia; });
    const TriangleMesh cartilage =
        surface::extract(labels, [](Tissue t) { return t == Tissue::tibial_cartilage; });
    const auto thickness = measure_thickness(bone, cartilage).thickness_mm;
    std::vector<double> inner;
    for (std::size_t v = 0; v < thickness.size(); ++v) {
      const Vector3 d = bone.vertices()[v] - centre;
      if (std::abs(dot(d, up)) < 1.0 && length(d - dot(d, up) * up) < 11.0) inner.push_back(thickness[v]);
    }
    ASSERT_GT(inner.size(), 1000u);
    const Spread s = spread(inner, std::vector<double>(inner.size(), 1.0));
    EXPECT_NEAR(s.mean, truth, 0.03) << truth;
    EXPECT_LT(s.sd, 0.05) << truth;
    EXPECT_EQ(s.failed, 0u) << truth;
  }
}

TEST(Thickness, WithoutCartilageOverItIsZeroNotNaN) {
  const TriangleMesh bone = flat_bone(5.0, 10);
  EXPECT_EQ(at(bone, box({20, 20, 0}, {25, 25, 2})), 0.0);
}

TEST(Thickness, CountsCartilageThatOverlapsTheBoneOrFloatsALittleAboveIt) {
  const TriangleMesh bone = flat_bone(5.0, 10);
  EXPECT_NEAR(at(bone, box({-9, -9, -0.4}, {9, 9, 2.0})), 2.4, 1e-9);
  EXPECT_NEAR(at(bone, box({-9, -9, 0.5}, {9, 9, 2.0})), 1.5, 1e-9);
}

TEST(Thickness, DoesNotCountTheCartilageOfTheOppositeBone) {
  const TriangleMesh bone = flat_bone(5.0, 10);
  EXPECT_EQ(at(bone, box({-9, -9, 3.0}, {9, 9, 5.0})), 0.0);
  TriangleMesh own = box({-9, -9, 0.0}, {9, 9, 2.0}), other = box({-9, -9, 4.0}, {9, 9, 6.0});
  std::vector<Point3> v = own.vertices();
  std::vector<Triangle> t = own.triangles();
  v.insert(v.end(), other.vertices().begin(), other.vertices().end());
  for (const auto& [a, b, c] : other.triangles()) t.push_back({a + 8, b + 8, c + 8});
  EXPECT_NEAR(at(bone, {v, t}), 2.0, 1e-9);
}

TEST(Thickness, DoesNotCountCartilageOnTheFarSideOfAThinBone) {
  EXPECT_EQ(at(flat_bone(5.0, 10), box({-9, -9, -2.0}, {9, 9, -0.5})), 0.0);
}

TEST(Thickness, ThatReachesBeyondTheSearchIsNotMeasured) {
  const TriangleMesh bone = flat_bone(5.0, 10);
  EXPECT_TRUE(std::isnan(at(bone, box({-9, -9, 0.0}, {9, 9, 50.0}))));   // Above it.
  EXPECT_TRUE(std::isnan(at(bone, box({-9, -9, -50.0}, {9, 9, 2.0}))));  // Below it.
}

TEST(Thickness, IsMeasuredUpToItsLimitAndNoFurther) {
  const TriangleMesh bone = flat_bone(5.0, 10);
  EXPECT_NEAR(at(bone, box({-9, -9, 0.0}, {9, 9, 7.99}), {.max_thickness_mm = 8.0}), 7.99, 1e-9);
  EXPECT_TRUE(std::isnan(at(bone, box({-9, -9, 0.0}, {9, 9, 8.01}), {.max_thickness_mm = 8.0})));
  EXPECT_TRUE(std::isnan(at(bone, box({-9, -9, 0.0}, {9, 9, 9.0}), {.max_thickness_mm = 8.0})));
}

// Rays that grazed the rim used to read as thick cartilage.
TEST(Thickness, OfARayThatGrazesIsNotMeasured) {
  const TriangleMesh bone = flat_bone(5.0, 10);
  // A wedge that rises by 75 degrees over the middle of the bone.
  const double rise = std::tan(75.0 * M_PI / 180.0);
  const TriangleMesh wedge(
      {{-1, -9, 0}, {1, -9, 0}, {1, -9, 2 * rise}, {-1, 9, 0}, {1, 9, 0}, {1, 9, 2 * rise}},
      {{0, 1, 2}, {3, 5, 4}, {0, 3, 4}, {0, 4, 1}, {1, 4, 5}, {1, 5, 2}, {0, 2, 5}, {0, 5, 3}});
  ASSERT_TRUE(surface::is_closed(wedge));
  ASSERT_GT(surface::volume_mm3(wedge), 0.0);
  EXPECT_TRUE(std::isnan(at(bone, wedge)));
  EXPECT_NEAR(at(bone, wedge, {.max_tilt_deg = 80.0}), rise, 1e-9);
}

// A ray may enter and leave through faces that are not steep and still run along a rim: here through the thin
// part of a step into the tall one.
TEST(Thickness, OfARayThatRunsAlongARimIsNotMeasured) {
  const std::vector<std::array<double, 2>> outline{{-5, 0}, {0, 0}, {5, 0}, {5, 6},
                                                   {0, 6},  {0, 1}, {-5, 1}};  // x, z
  std::vector<Point3> v;
  for (const double y : {-5.0, 5.0})
    for (const auto& [x, z] : outline) v.push_back({x, y, z});
  std::vector<Triangle> t{{0, 1, 6}, {1, 5, 6}, {1, 2, 3}, {1, 3, 4}, {1, 4, 5}};
  for (std::size_t n = 0; n < 5; ++n) t.push_back({t[n][0] + 7, t[n][2] + 7, t[n][1] + 7});
  for (std::uint32_t a = 0; a < 7; ++a) {
    const std::uint32_t b = (a + 1) % 7;
    t.push_back({a, a + 7, b});
    t.push_back({b, a + 7, b + 7});
  }
  const TriangleMesh step(v, t);
  ASSERT_NEAR(surface::volume_mm3(step), 10.0 * (5.0 + 30.0), 1e-9);
  const TriangleMesh bone({{-0.3, 0.0, 0.0}, {3.7, 0.0, 0.0}, {-0.3, 1.0, 0.0}}, {{0, 1, 2}});
  const Vector3 leaning{0.5, 0.0, std::sqrt(0.75)}, up{0.0, 0.0, 1.0};
  const auto at_foot = [&](const Vector3& direction) {
    return measure_thickness(bone, {direction, up, up}, step).thickness_mm;
  };
  EXPECT_TRUE(std::isnan(at_foot(leaning)[0]));
  EXPECT_NEAR(at_foot(up)[0], 1.0, 1e-9);
  EXPECT_NEAR(at_foot(leaning)[1], 6.0, 1e-9);
}

TEST(Thickness, IsInvariantToRigidMotion) {
  const TriangleMesh bone = testing::icosphere(centre, 20.0, 4),
                     cartilage = shell(centre + Vector3{0.8, 0, 0}, 20, 22.5);
  const RigidTransform motion = testing::random_pose(11);
  const auto here = measure_thickness(bone, cartilage).thickness_mm;
  const auto there = measure_thickness(moved(bone, motion), moved(cartilage, motion)).thickness_mm;
  for (std::size_t v = 0; v < here.size(); ++v) EXPECT_NEAR(here[v], there[v], 1e-9);
}

TEST(Thickness, HasTheSameBitsForAnyNumberOfThreads) {
  const TriangleMesh bone = testing::icosphere(centre, 20.0, 4), cartilage = shell(centre, 20.3, 22.5);
  EXPECT_EQ(measure_thickness(bone, cartilage, {.threads = 1}).thickness_mm,
            measure_thickness(bone, cartilage, {.threads = 8}).thickness_mm);
}

/// Vertex normals in which each triangle around a vertex counts once: those of the reference below.
std::vector<Vector3> unweighted_normals(const TriangleMesh& mesh) {
  std::vector<Vector3> sums(mesh.vertices().size());
  for (const Triangle& t : mesh.triangles()) {
    const Point3& a = mesh.vertices()[t[0]];
    const Vector3 n = normalized(cross(mesh.vertices()[t[1]] - a, mesh.vertices()[t[2]] - a));
    for (const auto v : t) sums[v] += n;
  }
  for (Vector3& n : sums) n = normalized(n);
  return sums;
}

// A peer's saved thickness on two tibial plates, node by node: rays from 2.5 mm inside to 10 mm outside,
// whatever their tilt.
TEST(Thickness, ReplaysAPeersValuesOnATibia) {
  GENU_REQUIRE_DATA(folder, "thickness_reference");
  const io::MeshFile tibia = io::read_mesh(folder / "tibia_smoothed_image_10k_pts_thick_regions.vtk");
  ASSERT_EQ(tibia.arrays.size(), 2u);
  const std::vector<double>&expected = tibia.arrays[0].values, &region = tibia.arrays[1].values;
  const auto directions = unweighted_normals(tibia.mesh);
  struct Plate {
    std::string file;
    double region, mean_mm;
    std::size_t nodes;
  };
  for (const Plate& plate : {Plate{"med_tib", 2.0, 1.82605, 775}, Plate{"lat_tib", 3.0, 2.14793, 786}}) {
    const TriangleMesh cartilage =
        io::read_mesh(folder / (plate.file + "_cart_smoothed_binary_no_surface_resampling.vtk")).mesh;
    const auto thickness =
        measure_thickness(
            tibia.mesh, directions, cartilage,
            {.max_thickness_mm = 8.0, .search_inside_mm = 2.5, .max_gap_mm = 2.0, .max_tilt_deg = 90.0})
            .thickness_mm;
    double sum = 0.0, worst = 0.0;
    std::size_t nodes = 0;
    for (std::size_t v = 0; v < thickness.size(); ++v) {
      if (region[v] != plate.region) continue;
      ++nodes;
      sum += thickness[v];
      worst = std::max(worst, std::abs(thickness[v] - expected[v]));
      ASSERT_FALSE(std::isnan(thickness[v])) << v;
    }
    EXPECT_EQ(nodes, plate.nodes);
    EXPECT_LT(worst, 0.05) << plate.file;
    EXPECT_NEAR(sum / static_cast<double>(nodes), plate.mean_mm, 0.0005) << plate.file;
  }
}

struct Peer {
  TriangleMesh femur;
  std::vector<double> thickness_mm;
};

Peer femur_of_a_peer(const std::filesystem::path& file) {
  io::MeshFile mesh = io::read_mesh(file);
  return {std::move(mesh.mesh), std::move(mesh.arrays.at(0).values)};
}

double mean_where_covered(const std::vector<double>& thickness_mm) {
  double sum = 0.0, count = 0.0;
  for (const double t : thickness_mm)
    if (t > 0.01) sum += t, ++count;
  return sum / count;
}

// The peer drew its rays to a cartilage surface that it did not save: through the resampled one its own
// replay gives 2.25224 mm, 0.0075 mm above what it saved.
TEST(Thickness, ReplaysAPeersMeanOnAFemur) {
  GENU_REQUIRE_DATA(folder, "thickness_reference");
  const Peer peer = femur_of_a_peer(folder / "femur_thickness_mm_10k_pts.vtk");
  const auto count =
      std::count_if(peer.thickness_mm.begin(), peer.thickness_mm.end(), [](double t) { return t > 0.01; });
  EXPECT_EQ(count, 2638);
  EXPECT_NEAR(mean_where_covered(peer.thickness_mm), 2.24472, 5e-6);
  const TriangleMesh cartilage =
      io::read_mesh(folder / "femur_cart_smoothed_binary_resampled_10k_pts.vtk").mesh;
  const auto thickness =
      measure_thickness(
          peer.femur, unweighted_normals(peer.femur), cartilage,
          {.max_thickness_mm = 10.0, .search_inside_mm = 2.5, .max_gap_mm = 10.0, .max_tilt_deg = 90.0})
          .thickness_mm;
  double sum = 0.0, off = 0.0, nodes = 0.0;
  for (std::size_t v = 0; v < thickness.size(); ++v) {
    if (!(peer.thickness_mm[v] > 0.01) || !(thickness[v] > 0.01)) continue;
    sum += thickness[v];
    off += std::abs(thickness[v] - peer.thickness_mm[v]);
    ++nodes;
  }
  EXPECT_GT(nodes, 0.98 * 2638.0) << "at the rim the two surfaces differ";
  EXPECT_NEAR(sum / nodes, 2.24472, 0.01);
  EXPECT_LT(off / nodes, 0.05);
}

TEST(SmoothedThickness, ReplaysAPeersMeans) {
  GENU_REQUIRE_DATA(folder, "thickness_reference");
  const Peer peer = femur_of_a_peer(folder / "femur_thickness_mm_regions_10k_pts.vtk");
  ThicknessMap map{peer.thickness_mm};
  for (double& t : map.thickness_mm)
    if (t <= 0.01) t = 0.0;
  for (const auto& [sigma, file, mean_mm] :
       {std::tuple(1.25, "1.25", 2.25187), std::tuple(3.0, "3", 2.27012)}) {
    const Peer saved = femur_of_a_peer(
        folder / ("femur_thickness_mm_regions_10k_pts_thick_smoothed_" + std::string(file) + "_sigma.vtk"));
    const auto result = smoothed(map, peer.femur, sigma).thickness_mm;
    EXPECT_NEAR(mean_where_covered(result), mean_mm, 1e-4);
    for (std::size_t v = 0; v < result.size(); ++v)
      if (map.thickness_mm[v] > 0.0) {
        ASSERT_NEAR(result[v], saved.thickness_mm[v], 0.002) << v;
      }
  }
}

TEST(SmoothedThickness, HasTheSpreadOfItsGaussianAndKeepsWhatIsBareOrUnknown) {
  // One vertex stands out of an even layer.
  constexpr int cells = 80;
  constexpr double half = 10.0, step = 2.0 * half / cells, sigma = 1.0;
  const TriangleMesh flat = flat_bone(half, cells);
  const auto at = [](int i, int j) { return static_cast<std::size_t>(i + (cells + 1) * j); };
  ThicknessMap map{std::vector<double>(flat.vertices().size(), 2.0)};
  map.thickness_mm[at(40, 40)] = 3.0;
  const auto result = smoothed(map, flat, sigma).thickness_mm;
  // A unit of one vertex's area under a Gaussian in the plane.
  const double peak = step * step / (2.0 * std::numbers::pi * sigma * sigma);
  EXPECT_NEAR(result[at(40, 40)] - 2.0, peak, 1e-3 * peak);
  EXPECT_NEAR(result[at(44, 40)] - 2.0, peak * std::exp(-0.5), 1e-3 * peak);
  EXPECT_NEAR(result[at(5, 5)], 2.0, 1e-12);
  map.thickness_mm[at(42, 40)] = 0.0;
  map.thickness_mm[at(38, 40)] = std::numeric_limits<double>::quiet_NaN();
  const auto kept = smoothed(map, flat, sigma).thickness_mm;
  EXPECT_EQ(kept[at(42, 40)], 0.0);
  EXPECT_TRUE(std::isnan(kept[at(38, 40)]));
  EXPECT_GT(kept[at(43, 40)], 2.0) << "bare bone makes its neighbours no thinner";
  EXPECT_EQ(smoothed(map, flat, sigma, 1).thickness_mm[at(10, 9)], kept[at(10, 9)]);
  EXPECT_THROW(smoothed(map, flat, 0.0), InvalidInput);
  EXPECT_THROW(smoothed(ThicknessMap{{1.0}}, flat, 1.0), InvalidInput);
  EXPECT_THROW(measure_thickness(flat, flat, {.smoothing_mm = -1.0}), InvalidInput);
}

TEST(SmoothedThickness, IsAnOptionOfTheMeasurement) {
  const TriangleMesh bone = testing::icosphere(centre, 20.0, 4), cartilage = shell(centre, 20.0, 22.0, 4);
  const ThicknessMap plain = measure_thickness(bone, cartilage);
  const ThicknessMap with = measure_thickness(bone, cartilage, {.smoothing_mm = 3.0});
  EXPECT_EQ(with.thickness_mm, smoothed(plain, bone, 3.0).thickness_mm);
  EXPECT_NE(with.thickness_mm, plain.thickness_mm);
}

// Peers' values of two cartilage surfaces, by VTK's mass properties.
TEST(Surfaces, OfTwoRealPlatesHaveTheAreaAndVolumeThatPeersFind) {
  GENU_REQUIRE_DATA(folder, "thickness_reference");
  for (const auto& [file, area, volume] :
       {std::tuple("lat_tib", 2540.49, 2514.82), std::tuple("med_tib", 2363.30, 1967.45)}) {
    const TriangleMesh mesh =
        io::read_mesh(folder / (std::string(file) + "_cart_smoothed_binary_no_surface_resampling.vtk")).mesh;
    EXPECT_NEAR(surface::area_mm2(mesh), area, 0.001 * area) << file;
    EXPECT_NEAR(surface::volume_mm3(mesh), volume, 0.001 * volume) << file;
  }
}

}  // namespace
}  // namespace genu::cartilage
