// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>

#include "surface_points.h"

namespace genu::phantom {
namespace {

const PlateTruth& of(const Truth& truth, Plate plate) {
  return truth.plates[static_cast<std::size_t>(plate)];
}

TEST(Truth, VolumesAreThoseOfTheVoxels) {
  KneeOptions o;
  o.scale = 0.95;
  o.defects = {{"a", Plate::femur, -23.0, 2.0, 9.0, 1.0}, {"b", Plate::patella, 3.0, 2.0, 8.0, 0.5}};
  const Knee knee(o);
  const Truth truth = truth_of(knee);
  const ImageGeometry grid = testing::oblique_grid({.spacing_mm = {0.5, 0.45, 0.55},
                                                    .centre = knee.frame().at(0.0, 2.0, 24.0),
                                                    .extent_mm = {112.0, 112.0, 100.0}});
  const LabelMap labels = scan(knee, grid, {.samples_per_mm = 1}).labels;
  std::array<double, 4> volume{};
  for (const Tissue t : labels.voxels()) {
    if (t == Tissue::femoral_cartilage) volume[0] += grid.voxel_volume_mm3();
    if (t == Tissue::medial_tibial_cartilage) volume[1] += grid.voxel_volume_mm3();
    if (t == Tissue::lateral_tibial_cartilage) volume[2] += grid.voxel_volume_mm3();
    if (t == Tissue::patellar_cartilage) volume[3] += grid.voxel_volume_mm3();
  }
  for (const Plate plate : plates) {
    const double exact = of(truth, plate).cartilage_volume_mm3;
    EXPECT_NEAR(volume[static_cast<std::size_t>(plate)], exact, 0.003 * exact) << name(plate);
  }
}

TEST(Truth, DoesNotDependOnTheStep) {
  KneeOptions o;
  o.defects = {{"a", Plate::lateral_tibia, 1.0, 2.0, 11.0, 1.0}};
  const Knee knee(o);
  const Truth coarse = truth_of(knee, 0.8);
  const Truth fine = truth_of(knee, 0.3);
  for (const Plate plate : plates) {
    const PlateTruth& a = of(coarse, plate);
    const PlateTruth& b = of(fine, plate);
    EXPECT_NEAR(a.subchondral_area_mm2, b.subchondral_area_mm2, 1e-3 * b.subchondral_area_mm2) << name(plate);
    EXPECT_NEAR(a.mean_thickness_mm, b.mean_thickness_mm, 2e-3 * b.mean_thickness_mm) << name(plate);
    EXPECT_NEAR(a.cartilage_volume_mm3, b.cartilage_volume_mm3, 2e-3 * b.cartilage_volume_mm3) << name(plate);
    EXPECT_NEAR(a.denuded_area_mm2, b.denuded_area_mm2, 0.1) << name(plate);
  }
}

// The area of the surface, counted without charts: the volume of a thin layer under the plates over its
// thickness. A wrong area element of a chart shows here.
TEST(Truth, AreaIsTheVolumeOfAThinLayerOverItsThickness) {
  const Knee knee{KneeOptions{}};
  const Truth truth = truth_of(knee);
  constexpr double thickness = 0.6;
  const ImageGeometry grid = testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.5},
                                                    .centre = knee.frame().at(0.0, 10.0, 20.0),
                                                    .extent_mm = {106.0, 106.0, 96.0}});
  std::array<double, 4> layer{};
  const auto count = [&](Bone bone, const Point3& p) {
    const double depth = -knee.bone_distance_mm(bone, p);
    if (depth < 0.0 || depth > thickness) return;
    const auto plate = knee.plate_at(bone, knee.closest_on_bone(bone, p));
    if (plate) layer[static_cast<std::size_t>(*plate)] += grid.voxel_volume_mm3() / thickness;
  };
  for (std::size_t v = 0; v < grid.voxel_count(); ++v) {
    const Point3 p = grid.to_patient(grid.index_of(v));
    const Vector3 x = knee.frame().coordinates(p);
    if (std::abs(x.x) > 40.0) continue;
    const bool under_plateau = x.z > -8.0 && x.z < 3.0 && x.y > -28.0 && x.y < 26.0;
    const bool under_facets = x.y > 32.0 && x.y < 44.0 && x.z > 10.0 && x.z < 54.0;
    if (under_plateau && knee.tissue_at(p) == Tissue::tibia) count(Bone::tibia, p);
    if (under_facets && knee.tissue_at(p) == Tissue::patella) count(Bone::patella, p);
  }
  for (const Plate plate : {Plate::medial_tibia, Plate::lateral_tibia, Plate::patella}) {
    const double exact = of(truth, plate).subchondral_area_mm2;
    // The layer lies on the inside, where curvature changes its area by up to 1 %.
    EXPECT_NEAR(layer[static_cast<std::size_t>(plate)], exact, 0.012 * exact) << name(plate);
  }
}

TEST(Truth, ADenudedDefectHasTheAreaOfItsDisc) {
  KneeOptions o;
  o.defects = {{"a", Plate::femur, -23.0, 0.0, 10.0, 1.0},
               {"b", Plate::medial_tibia, 0.0, 0.0, 12.0, 1.0},
               {"c", Plate::lateral_tibia, 0.0, 0.0, 12.0, 0.6},
               {"d", Plate::patella, 9.0, 1.0, 7.0, 1.0}};
  const Knee knee(o);
  const Truth truth = truth_of(knee);
  for (const LesionTruth& lesion : truth.lesions) {
    const double radius = 0.5 * lesion.defect.diameter_mm;
    const double disc = std::numbers::pi * radius * radius;
    EXPECT_NEAR(lesion.area_mm2, disc, 0.005 * disc) << lesion.defect.name;
    const double denuded = of(truth, lesion.defect.plate).denuded_area_mm2;
    EXPECT_NEAR(denuded, lesion.defect.depth_fraction == 1.0 ? lesion.area_mm2 : 0.0, 1e-9)
        << lesion.defect.name;
    const Bone bone = bone_under(lesion.defect.plate);
    EXPECT_NEAR(knee.bone_distance_mm(bone, lesion.centre), 0.0, 1e-9);
    EXPECT_NEAR(dot(knee.bone_normal(bone, lesion.centre), lesion.normal), 1.0, 1e-9);
  }
}

TEST(Truth, APartialDefectTakesItsShareOfTheThickness) {
  KneeOptions o;
  const Knee whole(o);
  o.defects = {{"c", Plate::lateral_tibia, 0.0, 0.0, 12.0, 0.6}};
  const Knee worn(o);
  const Point3 q = truth_of(worn, 2.0).lesions[0].centre;
  EXPECT_NEAR(worn.thickness_mm(Bone::tibia, q).value(), 0.4 * whole.thickness_mm(Bone::tibia, q).value(),
              1e-12);
}

TEST(Truth, WithoutCartilageEverythingIsDenuded) {
  KneeOptions o;
  o.medial_tibial_change_mm = -5.0;
  const Truth before = truth_of(Knee{KneeOptions{}}, 1.0);
  const Truth after = truth_of(Knee(o), 1.0);
  const PlateTruth& bare = of(after, Plate::medial_tibia);
  EXPECT_EQ(bare.denuded_area_mm2, bare.subchondral_area_mm2);
  EXPECT_EQ(bare.mean_thickness_mm, 0.0);
  EXPECT_EQ(bare.cartilage_volume_mm3, 0.0);
  EXPECT_EQ(bare.subchondral_area_mm2, of(before, Plate::medial_tibia).subchondral_area_mm2);
  EXPECT_EQ(of(after, Plate::femur).cartilage_volume_mm3, of(before, Plate::femur).cartilage_volume_mm3);
}

// The option names the mean where the plate has its full thickness: where a follow-up changes it by the whole
// change. Points are weighted by the area of the bone they stand for.
TEST(Truth, TheMeanAwayFromTheMarginsIsTheOption) {
  KneeOptions o;
  const Knee before(o);
  o.femoral_change_mm = o.medial_tibial_change_mm = o.lateral_tibial_change_mm = o.patellar_change_mm = -0.1;
  const Knee after(o);
  std::array<double, 4> area{};
  std::array<double, 4> sum{};
  const auto add = [&](Bone bone, const Point3& near, const Vector3& along, double weight) {
    // Newton along the ray finds where it meets the bone.
    Point3 q = near;
    for (int i = 0; i < 30; ++i) {
      const Point3 foot = before.closest_on_bone(bone, q);
      const Vector3 n = before.bone_normal(bone, foot);
      const double d = before.bone_distance_mm(bone, q);
      if (std::abs(dot(n, along)) < 0.1) return;
      q += -(d / dot(n, along)) * along;
    }
    if (std::abs(before.bone_distance_mm(bone, q)) > 1e-6) return;
    const auto plate = before.plate_at(bone, q);
    if (!plate) return;
    const double t = before.thickness_mm(bone, q).value();
    if (std::abs(t - after.thickness_mm(bone, q).value() - 0.1) > 1e-9) return;
    const auto n = static_cast<std::size_t>(*plate);
    const double dA = weight / std::abs(dot(before.bone_normal(bone, q), along));
    area[n] += dA;
    sum[n] += t * dA;
  };
  const KneeFrame& f = before.frame();
  for (double l = -40.0; l < 40.0; l += 1.0) {
    for (double a = -26.0; a < 26.0; a += 1.0) add(Bone::tibia, f.at(l, a, -2.0), f.proximal, 1.0);
    for (double p = 14.0; p < 52.0; p += 1.0) add(Bone::patella, f.at(l, 34.0, p), f.anterior, 1.0);
  }
  EXPECT_NEAR(sum[1] / area[1], o.medial_tibial_thickness_mm, 0.005);
  EXPECT_NEAR(sum[2] / area[2], o.lateral_tibial_thickness_mm, 0.005);
  EXPECT_NEAR(sum[3] / area[3], o.patellar_thickness_mm, 0.005);
}

TEST(Truth, RefusesAStepThatCannotBe) {
  const Knee knee{KneeOptions{}};
  EXPECT_THROW(truth_of(knee, 0.0), InvalidInput);
  EXPECT_THROW(truth_of(knee, std::numeric_limits<double>::quiet_NaN()), InvalidInput);
}

}  // namespace
}  // namespace genu::phantom
