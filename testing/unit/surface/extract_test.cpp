// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>
#include <genu/testing/bodies.h>

namespace genu::surface {
namespace {

using std::numbers::pi;

bool is_femur(Tissue t) {
  return t == Tissue::femur;
}
bool is_cartilage(Tissue t) {
  return t == Tissue::femoral_cartilage;
}

std::size_t count(const LabelMap& labels, Tissue tissue) {
  return static_cast<std::size_t>(std::count(labels.voxels().begin(), labels.voxels().end(), tissue));
}

double labelled_volume_mm3(const LabelMap& labels, Tissue tissue) {
  return static_cast<double>(count(labels, tissue)) * labels.geometry().voxel_volume_mm3();
}

/// Mean and standard deviation over area.
struct Spread {
  double mean = 0.0, sd = 0.0, worst = 0.0;
};
Spread spread(const std::vector<double>& values, const std::vector<double>& areas) {
  double sum = 0.0, squares = 0.0, area = 0.0;
  Spread result;
  for (std::size_t v = 0; v < values.size(); ++v) {
    sum += areas[v] * values[v];
    squares += areas[v] * values[v] * values[v];
    area += areas[v];
    result.worst = std::max(result.worst, std::abs(values[v]));
  }
  result.mean = sum / area;
  result.sd = std::sqrt(std::max(0.0, squares / area - result.mean * result.mean));
  return result;
}

TEST(Extract, NothingChosenIsAnEmptyMesh) {
  const LabelMap labels(testing::oblique_grid({.extent_mm = {5, 5, 5}}));
  EXPECT_TRUE(extract(labels, is_femur).empty());
}

TEST(Extract, RefusesSmoothingAndFairingThatMeanNothing) {
  const LabelMap labels(testing::oblique_grid({.extent_mm = {5, 5, 5}}), Tissue::femur);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(extract(labels, is_femur, {.smoothing_mm = bad}), InvalidInput) << bad;
    EXPECT_THROW(extract(labels, is_femur, {.fairing_mm = bad}), InvalidInput) << bad;
  }
}

class SphereOnGrid : public ::testing::TestWithParam<testing::GridOptions> {};

TEST_P(SphereOnGrid, LiesWhereItIsWithItsAreaAndVolume) {
  const Point3 centre{11.3, -7.2, 5.1};
  const LabelMap labels = testing::concentric_spheres(testing::oblique_grid(GetParam()), centre, 20.0, 22.5);
  const TriangleMesh mesh = extract(labels, is_femur);
  ASSERT_TRUE(is_closed(mesh));
  const double volume = labelled_volume_mm3(labels, Tissue::femur);
  EXPECT_NEAR(volume_mm3(mesh) / volume, 1.0, 5e-4);
  EXPECT_NEAR(area_mm2(mesh) / (4.0 * pi * 400.0), 1.0, 0.005);
  std::vector<double> off;
  for (const Point3& p : mesh.vertices()) off.push_back(distance(p, centre) - 20.0);
  const Spread radial = spread(off, vertex_areas_mm2(mesh));
  EXPECT_NEAR(radial.mean, 0.0, 0.01);
  EXPECT_LT(radial.sd, 0.03);
  EXPECT_LT(radial.worst, 0.25);  // Less than half of the distance between slices.
}

// Stair steps would turn normals by up to 45 degrees.
TEST_P(SphereOnGrid, HasNoStairSteps) {
  const Point3 centre{11.3, -7.2, 5.1};
  const TriangleMesh mesh =
      extract(testing::concentric_spheres(testing::oblique_grid(GetParam()), centre, 20.0, 22.5), is_femur);
  const auto normals = vertex_normals(mesh);
  std::vector<double> tilt;
  for (std::size_t v = 0; v < normals.size(); ++v)
    tilt.push_back(angle_deg(normals[v], mesh.vertices()[v] - centre));
  const Spread off = spread(tilt, vertex_areas_mm2(mesh));
  EXPECT_LT(std::hypot(off.mean, off.sd), 2.0);
  EXPECT_LT(off.worst, 15.0);
}

INSTANTIATE_TEST_SUITE_P(Grids, SphereOnGrid,
                         ::testing::Values(testing::GridOptions{}, testing::GridOptions{.left_handed = true},
                                           testing::GridOptions{.spacing_mm = {0.7, 0.36, 0.36}},
                                           testing::GridOptions{.spacing_mm = {0.5, 0.5, 0.5}}));

TEST(Extract, AThinShellKeepsItsVolumeAndHasNoHoles) {
  const Point3 centre{11.3, -7.2, 5.1};
  for (const double thickness : {0.7, 1.0, 2.5}) {
    const LabelMap labels =
        testing::concentric_spheres(testing::oblique_grid(), centre, 20.0, 20.0 + thickness);
    const TriangleMesh shell = extract(labels, is_cartilage);
    ASSERT_TRUE(is_closed(shell));
    EXPECT_NEAR(volume_mm3(shell) / labelled_volume_mm3(labels, Tissue::femoral_cartilage), 1.0, 0.005)
        << thickness;
    // Two spheres, one in the other, without a handle: the Euler characteristic of both together is 4. Where
    // the shell is thinner than a voxel its labels themselves have holes.
    const auto characteristic = static_cast<std::int64_t>(shell.vertices().size()) -
                                static_cast<std::int64_t>(shell.triangles().size()) / 2;
    if (thickness > 0.99) {
      EXPECT_EQ(characteristic, 4) << thickness;
    }
  }
}

TEST(Extract, APlateThinnerThanTheSmoothingSurvivesWhereItIs) {
  // 0.6 mm is less than the kernel's full width: a fixed level of one half would lose it.
  const ImageGeometry grid =
      testing::oblique_grid({.spacing_mm = {0.3, 0.3, 0.3}, .extent_mm = {24, 24, 12}});
  const Point3 middle = grid.to_patient(ContinuousIndex{39.5, 39.5, 20.0});
  const Vector3 normal = normalized(grid.direction().column(2) + 0.2 * grid.direction().column(0));
  const LabelMap labels = testing::label(grid, [&](const Point3& p) {
    const Vector3 d = p - middle;
    const double height = dot(d, normal);
    return std::abs(height) <= 0.3 && length(d - height * normal) < 9.0 ? Tissue::femoral_cartilage
                                                                        : Tissue::background;
  });
  const TriangleMesh plate = extract(labels, is_cartilage);
  EXPECT_NEAR(volume_mm3(plate) / labelled_volume_mm3(labels, Tissue::femoral_cartilage), 1.0, 0.005);
  std::vector<double> heights;
  for (const Point3& p : plate.vertices()) {
    const Vector3 d = p - middle;
    if (length(d - dot(d, normal) * normal) < 7.5) heights.push_back(std::abs(dot(d, normal)));
  }
  ASSERT_GT(heights.size(), 1000u);
  const Spread half = spread(heights, std::vector<double>(heights.size(), 1.0));
  EXPECT_NEAR(half.mean, 0.3, 0.02);
  EXPECT_LT(half.sd, 0.05);
}

/// Half a space below an oblique plane, within a ball, and a layer on it.
LabelMap layered_ball(const ImageGeometry& grid, const Point3& centre, const Vector3& up, double layer_mm) {
  return testing::label(grid, [=](const Point3& p) {
    const double height = dot(p - centre, up);
    if (distance(p, centre) > 18.0) return Tissue::background;
    return height <= 0.0        ? Tissue::femur
           : height <= layer_mm ? Tissue::femoral_cartilage
                                : Tissue::background;
  });
}

// Slices of 3 mm used to give a flight of stairs: normals of 14 degrees off on average.
TEST(Extract, ThickSlicesMakeNoSteps) {
  const Point3 centre{11.3, -7.2, 5.1};
  const ImageGeometry grid = testing::oblique_grid({.spacing_mm = {0.5, 0.5, 3.0}});
  const TriangleMesh ball = extract(testing::concentric_spheres(grid, centre, 20.0, 22.5), is_femur);
  ASSERT_TRUE(is_closed(ball));
  std::vector<double> off, tilt;
  const auto normals = vertex_normals(ball);
  for (std::size_t v = 0; v < normals.size(); ++v) {
    off.push_back(distance(ball.vertices()[v], centre) - 20.0);
    tilt.push_back(angle_deg(normals[v], ball.vertices()[v] - centre));
  }
  const auto areas = vertex_areas_mm2(ball);
  EXPECT_NEAR(volume_mm3(ball) / (4.0 / 3.0 * pi * 8000.0), 1.0, 0.005);
  EXPECT_NEAR(spread(off, areas).mean, 0.0, 0.03);
  EXPECT_LT(spread(off, areas).sd, 0.12);
  EXPECT_LT(std::hypot(spread(tilt, areas).mean, spread(tilt, areas).sd), 5.0);
}

// A layer of 2 mm that climbs 3 mm from slice to slice: its outlines do not overlap, yet it has no holes.
TEST(Extract, ALayerAcrossThickSlicesHasNoHoles) {
  const Point3 centre{11.3, -7.2, 5.1};
  const ImageGeometry grid = testing::oblique_grid({.spacing_mm = {0.5, 0.5, 3.0}});
  const Matrix3& d = grid.direction();
  const Vector3 up = normalized(d.column(2) + 1.07 * d.column(0) + 0.23 * d.column(1));
  const LabelMap labels = layered_ball(grid, centre, up, 2.0);
  const TriangleMesh layer = extract(labels, is_cartilage, {.beneath = is_femur});
  ASSERT_TRUE(is_closed(layer));
  std::vector<double> lower, upper;
  for (const Point3& p : layer.vertices()) {
    const double height = dot(p - centre, up);
    if (length(p - centre - height * up) < 13.0) (height < 1.0 ? lower : upper).push_back(height);
  }
  const Spread low = spread(lower, std::vector<double>(lower.size(), 1.0)),
               high = spread(upper, std::vector<double>(upper.size(), 1.0));
  EXPECT_NEAR(low.mean, 0.0, 0.1);
  EXPECT_NEAR(high.mean, 2.0, 0.1);
  EXPECT_LT(low.sd, 0.1);
  EXPECT_LT(high.sd, 0.1);
  // Volumes of labels in thick slices are rough themselves: the surface's may differ by so much.
  EXPECT_NEAR(volume_mm3(layer) / labelled_volume_mm3(labels, Tissue::femoral_cartilage), 1.0, 0.05);
  // A ray through every place crosses it exactly twice.
  const MeshQuery query(layer);
  const Vector3 u = any_perpendicular(up), v = cross(up, u);
  for (int a = -12; a <= 12; ++a)
    for (int b = -12; b <= 12; ++b) {
      const Point3 foot = centre + 0.73 * a * u + 0.73 * b * v;
      EXPECT_EQ(query.crossings(foot - 3.0 * up, foot + 5.0 * up).size(), 2u) << a << ", " << b;
    }
}

TEST(Extract, ASingleVoxelIsNotLost) {
  LabelMap labels(testing::oblique_grid({.extent_mm = {8, 8, 8}}));
  labels[{10, 11, 5}] = Tissue::femur;
  const TriangleMesh speck = extract(labels, is_femur);
  ASSERT_FALSE(speck.empty());
  EXPECT_NEAR(volume_mm3(speck) / labels.geometry().voxel_volume_mm3(), 1.0, 0.005);
}

TEST(Extract, LabelsAtTheBorderAreClosedThere) {
  const LabelMap labels(testing::oblique_grid({.extent_mm = {9, 9, 9}}), Tissue::femur);
  const TriangleMesh block = extract(labels, is_femur);
  EXPECT_TRUE(is_closed(block));
  EXPECT_NEAR(volume_mm3(block) / labelled_volume_mm3(labels, Tissue::femur), 1.0, 0.005);
}

TEST(Extract, HasTheSameBitsForAnyNumberOfThreads) {
  const LabelMap labels = testing::concentric_spheres(testing::oblique_grid({.extent_mm = {30, 30, 30}}),
                                                      {11.3, -7.2, 5.1}, 10.0, 12.0);
  const TriangleMesh one = extract(labels, is_cartilage, {.threads = 1});
  const TriangleMesh eight = extract(labels, is_cartilage, {.threads = 8});
  EXPECT_EQ(one.vertices(), eight.vertices());
  EXPECT_EQ(one.triangles(), eight.triangles());
}

TEST(Extract, MovesWithThePatient) {
  LabelMap labels =
      testing::concentric_spheres(testing::oblique_grid({.extent_mm = {24, 24, 24}}), {11, -7, 5}, 8, 10);
  const TriangleMesh here = extract(labels, is_femur);
  const RigidTransform motion = testing::random_pose(3);
  const TriangleMesh there =
      extract(LabelMap(moved(labels.geometry(), motion), std::move(labels).take_voxels()), is_femur);
  ASSERT_EQ(here.vertices().size(), there.vertices().size());
  double worst = 0.0;
  for (std::size_t v = 0; v < here.vertices().size(); ++v)
    worst = std::max(worst, distance(motion(here.vertices()[v]), there.vertices()[v]));
  EXPECT_LT(worst, 1e-4);
}

}  // namespace
}  // namespace genu::surface
