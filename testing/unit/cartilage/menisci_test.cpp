// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <genu/cartilage/menisci.h>
#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/io/volume_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::cartilage {
namespace {

/// A knee's frame in any pose; a left knee's is the mirror image of a right one's.
KneeFrame frame_of(Side side, std::uint64_t seed) {
  const RigidTransform pose = testing::random_pose(seed);
  const auto turned = [&](const Vector3& v) { return pose(v); };
  return {side, Point3{11.0, -7.0, 5.0}, turned({side == Side::right ? 1.0 : -1.0, 0.0, 0.0}),
          turned({0.0, 1.0, 0.0}), turned({0.0, 0.0, 1.0})};
}

// Plates of 20 x 40 mm, 10 mm apart, flat at height 0.
constexpr double inner = 5.0, outer = 25.0, half_depth = 20.0;

/// A flat tibia with both plates; their borders lie midway between vertices.
BoneMap flat_tibia(const KneeFrame& frame) {
  constexpr double step = 0.5;
  constexpr std::uint32_t columns = 140, rows = 120;
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  BoneMap map;
  map.bone = Bone::tibia;
  for (std::uint32_t r = 0; r < rows; ++r)
    for (std::uint32_t c = 0; c < columns; ++c) {
      const double x = step * (c - 0.5 * (columns - 1)), y = step * (r - 0.5 * (rows - 1));
      vertices.push_back(frame.at(x, y, 0.0));
      const bool on_plate = std::abs(x) > inner && std::abs(x) < outer && std::abs(y) < half_depth;
      map.region.push_back(!on_plate ? Region::outside : x < 0.0 ? Region::MT : Region::LT);
      if (r + 1 == rows || c + 1 == columns) continue;
      const std::uint32_t v = r * columns + c;
      triangles.push_back({v, v + 1, v + columns + 1});
      triangles.push_back({v, v + columns + 1, v + columns});
    }
  map.surface = TriangleMesh(std::move(vertices), std::move(triangles));
  map.thickness_mm.assign(map.region.size(), 2.0);
  map.subregion.assign(map.region.size(), Region::outside);
  return map;
}

/// A bar along the medial plate's rim and a ring on the lateral one, 1 to 6 mm above the bone.
LabelMap bar_and_ring(const KneeFrame& frame, double bar_edge_mm, double ring_mm, bool lateral = true) {
  return testing::label(testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.8}, .extent_mm = {76, 76, 76}}),
                        [=](const Point3& p) {
                          const Vector3 at = frame.coordinates(p);
                          if (at.z < 1.0 || at.z > 6.0) return Tissue::background;
                          if (at.x > -bar_edge_mm && at.x < -18.0 && std::abs(at.y) < 15.0)
                            return Tissue::medial_meniscus;
                          const double radius = std::hypot(at.x - 15.0, at.y);
                          return lateral && radius > 4.0 && radius < ring_mm ? Tissue::lateral_meniscus
                                                                             : Tissue::background;
                        });
}

// The smoothing of the labels moves borders by up to 0.1 mm: a hundredth of the ring's plate.
TEST(MeasureMenisci, ReadsKnownExtrusionAndCoverageInAnyPose) {
  for (const Side side : {Side::left, Side::right})
    for (const std::uint64_t seed : {1, 2}) {
      const KneeFrame frame = frame_of(side, seed);
      const LabelMap labels = bar_and_ring(frame, 28.0, 8.0);
      const auto menisci = measure_menisci(labels, frame, flat_tibia(frame));
      ASSERT_EQ(menisci.size(), 2U);
      const MeniscusMeasures &medial = menisci[0], &lateral = menisci[1];
      EXPECT_EQ(medial.meniscus, Tissue::medial_meniscus);
      EXPECT_EQ(medial.plate, Region::MT);
      EXPECT_NEAR(medial.extrusion_mm, 3.0, 0.1);
      EXPECT_NEAR(medial.covered_mm2, 7.0 * 30.0, 5.0);
      EXPECT_NEAR(medial.coverage_percent, 100.0 * 210.0 / 800.0, 0.7);
      EXPECT_NEAR(medial.volume_mm3, 10.0 * 30.0 * 5.0, 20.0);
      EXPECT_EQ(lateral.plate, Region::LT);
      EXPECT_NEAR(lateral.extrusion_mm, -2.0, 0.15) << "the ring ends within the plate";
      const double ring = std::numbers::pi * (64.0 - 16.0);
      EXPECT_NEAR(lateral.coverage_percent, 100.0 * ring / 800.0, 1.0);
      EXPECT_NEAR(lateral.volume_mm3, 5.0 * ring, 20.0);
    }
}

TEST(MeasureMenisci, FollowsAShift) {
  const KneeFrame frame = frame_of(Side::right, 3);
  const BoneMap tibia = flat_tibia(frame);
  const auto at = [&](double edge) {
    return measure_menisci(bar_and_ring(frame, edge, 8.0), frame, tibia)[0];
  };
  const MeniscusMeasures near = at(24.0), far = at(29.0);
  EXPECT_NEAR(far.extrusion_mm - near.extrusion_mm, 5.0, 0.15);
  EXPECT_GT(far.coverage_percent, near.coverage_percent);
}

TEST(MeasureMenisci, MeasuresWhatIsThere) {
  const KneeFrame frame = frame_of(Side::right, 4);
  const BoneMap tibia = flat_tibia(frame);
  EXPECT_EQ(measure_menisci(bar_and_ring(frame, 28.0, 8.0, false), frame, tibia).size(), 1U);
  // Horns without a body: nothing lies in the middle.
  LabelMap horns = bar_and_ring(frame, 28.0, 8.0, false);
  for (std::size_t v = 0; v < horns.voxels().size(); ++v)
    if (std::abs(frame.coordinates(horns.geometry().to_patient(horns.geometry().index_of(v))).y) < 8.0)
      horns.voxels()[v] = Tissue::background;
  const auto torn = measure_menisci(horns, frame, tibia);
  ASSERT_EQ(torn.size(), 1U);
  EXPECT_TRUE(std::isnan(torn[0].extrusion_mm));
  EXPECT_NEAR(torn[0].covered_mm2, 7.0 * 14.0, 5.0);
  // A plate that is not there leaves nothing to compare with.
  BoneMap bare = tibia;
  bare.region.assign(bare.region.size(), Region::outside);
  const auto nowhere = measure_menisci(horns, frame, bare);
  EXPECT_TRUE(std::isnan(nowhere[0].extrusion_mm) && std::isnan(nowhere[0].coverage_percent));
  EXPECT_GT(nowhere[0].volume_mm3, 0.0);
}

TEST(MeasureMenisci, RefusesOtherBonesAndOptions) {
  const KneeFrame frame = frame_of(Side::right, 5);
  BoneMap map = flat_tibia(frame);
  const LabelMap labels;
  EXPECT_THROW(measure_menisci(labels, frame, map, {.central_part = 0.0}), InvalidInput);
  EXPECT_THROW(measure_menisci(labels, frame, map, {.reach_mm = -1.0}), InvalidInput);
  map.bone = Bone::femur;
  EXPECT_THROW(measure_menisci(labels, frame, map), InvalidInput);
}

// pymskt's saved output for this knee is 3.89 and -0.47 mm, 39.8 and 59.4 %.
TEST(MeasureMenisci, RanksARealKneeAsAPeerDoes) {
  GENU_REQUIRE_DATA(file, "knee_labels/pymskt_right_knee_dess.nrrd");
  const CartilageReport report = measure_knee(io::read_labels(file, io::label_table_named("pymskt")));
  ASSERT_EQ(report.menisci.size(), 2U);
  const MeniscusMeasures &medial = report.menisci[0], &lateral = report.menisci[1];
  RecordProperty("medial", std::to_string(medial.extrusion_mm) + " mm, " +
                               std::to_string(medial.coverage_percent) + " %");
  RecordProperty("lateral", std::to_string(lateral.extrusion_mm) + " mm, " +
                                std::to_string(lateral.coverage_percent) + " %");
  EXPECT_GT(medial.extrusion_mm, lateral.extrusion_mm + 2.0);
  EXPECT_LT(medial.coverage_percent, lateral.coverage_percent - 10.0);
  EXPECT_NEAR(medial.extrusion_mm, 3.89, 1.0);
  EXPECT_NEAR(lateral.extrusion_mm, -0.47, 1.0);
  EXPECT_NEAR(medial.coverage_percent, 39.8, 5.0);
  EXPECT_NEAR(lateral.coverage_percent, 59.4, 5.0);
  const double voxel_mm3 = 0.7 * 0.36458 * 0.36458;
  EXPECT_NEAR(medial.volume_mm3, 25228 * voxel_mm3, 0.01 * medial.volume_mm3)
      << "the count of its label's voxels";
  EXPECT_NEAR(lateral.volume_mm3, 22957 * voxel_mm3, 0.01 * lateral.volume_mm3);
}

}  // namespace
}  // namespace genu::cartilage
