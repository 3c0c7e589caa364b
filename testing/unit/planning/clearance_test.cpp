// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <random>

#include <genu/core/error.h>
#include <genu/planning/clearance.h>

#include "scene.h"

namespace genu::planning {
namespace {

using testing::add_sphere;
using testing::empty_limb;

const KneeFrame frame = patient_aligned_frame(Side::right, {3.0, -2.0, 5.0});

Point3 random_point(std::mt19937_64& random, double reach_mm) {
  std::uniform_real_distribution<double> u(-reach_mm, reach_mm);
  const double x = u(random), y = u(random), z = u(random);
  return frame.origin + Vector3{x, y, z};
}

TEST(ClearanceField, GivesTheDistanceToASphere) {
  Anatomy anatomy = empty_limb(frame);
  const Vector3 centre{5.0, 8.0, -12.0};
  add_sphere(anatomy, "femur", StructureKind::bone, centre, 15.0, 5);
  const ClearanceField field(anatomy);
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    const Trajectory path{random_point(random, 60.0), random_point(random, 60.0)};
    const double to_centre = testing::to_segment(testing::in_frame(frame, centre), path.entry, path.target);
    if (to_centre < 15.1) continue;
    // Facets of 0.6 mm lie up to 0.003 mm inside of a sphere of 15 mm.
    EXPECT_NEAR(field.axis_distance_mm(0, path.entry, path.target), to_centre - 15.0, 0.005);
  }
}

TEST(ClearanceField, EqualsTheOracleAndItsLowerBoundIsOne) {
  Anatomy anatomy = empty_limb(frame);
  add_sphere(anatomy, "femur", StructureKind::bone, {5.0, 8.0, -12.0}, 15.0, 3);
  add_sphere(anatomy, "popliteal_artery", StructureKind::vessel, {-20.0, -12.0, 3.0}, 4.0, 2);
  const ClearanceField field(anatomy);
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    const Point3 from = random_point(random, 45.0), to = random_point(random, 45.0);
    for (std::size_t s = 0; s < 2; ++s) {
      const double truth = testing::oracle_distance_mm(anatomy.structures[s].surface, from, to);
      EXPECT_NEAR(std::abs(field.axis_distance_mm(s, from, to)), truth, 1e-6);
      EXPECT_LE(field.axis_distance_at_least_mm(s, from, to), truth + 1e-9);
      EXPECT_EQ(field.first_crossing_mm(s, from, to).has_value(),
                testing::oracle_crosses(anatomy.structures[s].surface, from, to));
    }
  }
}

TEST(ClearanceField, IsNegativeInsideAStructure) {
  Anatomy anatomy = empty_limb(frame);
  add_sphere(anatomy, "far", StructureKind::tendon, {30.0, 0.0, 0.0}, 5.0);
  add_sphere(anatomy, "around", StructureKind::bone, {0.0, 0.0, 0.0}, 20.0, 5);
  const ClearanceField field(anatomy);
  EXPECT_NEAR(field.axis_distance_mm(0, frame.origin, frame.at(4.0, 0.0, 0.0)), 21.0, 0.01);
  EXPECT_NEAR(field.axis_distance_mm(1, frame.origin, frame.at(4.0, 0.0, 0.0)), -16.0, 0.01);
}

TEST(ClearanceField, InterpolatesTheSkinsNormal) {
  const Anatomy anatomy = empty_limb(frame);
  const ClearanceField field(anatomy);
  std::mt19937_64 random(5);
  for (int round = 0; round < 100; ++round) {
    const auto on_skin = field.skin()->closest(random_point(random, 40.0));
    const Vector3 at = frame.coordinates(on_skin.point);
    const Vector3 truth = normalized(at.x * frame.lateral + at.y * frame.anterior);
    EXPECT_LT(angle_deg(field.skin_normal(on_skin), truth), 0.1);
  }
}

TEST(ClearanceField, RefusesAStructureWithoutASurfaceAndAPathThatIsNotFinite) {
  Anatomy anatomy = empty_limb(frame);
  anatomy.structures.push_back({"patella", StructureKind::bone, {}, "segmented"});
  EXPECT_THROW(ClearanceField{anatomy}, InvalidInput);
  anatomy.structures.clear();
  add_sphere(anatomy, "femur", StructureKind::bone, {0.0, 0.0, 0.0}, 15.0, 3);
  const ClearanceField field(anatomy);
  EXPECT_THROW(field.obstacles().nearest(frame.origin, {std::numeric_limits<double>::quiet_NaN(), 0, 0}),
               InvalidInput);
}

TEST(ClearanceField, HasNoSkinWhereTheAnatomyHasNone) {
  const Anatomy anatomy;
  EXPECT_EQ(ClearanceField(anatomy).skin(), nullptr);
}

}  // namespace
}  // namespace genu::planning
