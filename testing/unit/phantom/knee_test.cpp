// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/phantom/knee.h>
#include <genu/testing/bodies.h>

#include "surface_points.h"

namespace genu::phantom {
namespace {

/// A knee with everything that changes thickness, tilted and away from the standard place.
KneeOptions eventful() {
  KneeOptions o;
  o.scale = 1.07;
  o.patient_from_knee = testing::random_pose(5);
  o.defects = {{"a", Plate::femur, -23.0, 2.0, 9.0, 1.0},
               {"b", Plate::femur, 2.0, 34.0, 7.0, 0.4},
               {"c", Plate::medial_tibia, 1.0, -4.0, 8.0, 0.5},
               {"d", Plate::patella, 3.0, 2.0, 6.0, 1.0}};
  o.lateral_tibial_change_mm = -0.3;
  o.spurs = {{Bone::tibia, true, 4.0, 6.0}, {Bone::femur, false, 3.0, 6.0}};
  return o;
}

std::vector<Point3> limb_points(const Knee& knee, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> side(-70.0, 70.0);
  std::uniform_real_distribution<double> height(-50.0, 95.0);
  std::vector<Point3> points;
  for (std::size_t n = 0; n < count; ++n)
    points.push_back(knee.frame().at(side(random), side(random), height(random)));
  return points;
}

TEST(Knee, CartilageEndsExactlyItsThicknessAboveTheBone) {
  const Knee knee(eventful());
  constexpr double close = 1e-3;
  for (const Plate plate : plates) {
    const Bone bone = bone_under(plate);
    for (const Point3& q : plate_points(knee, plate, 1000)) {
      const Vector3 n = knee.bone_normal(bone, q);
      const double t = knee.thickness_mm(bone, q).value();
      const auto covered = [&](double s) { return is_cartilage_of(knee.tissue_at(q + s * n), bone); };
      for (const double s : {0.1 * t, 0.5 * t, 0.9 * t, t - close}) {
        if (s < close) continue;
        ASSERT_TRUE(covered(s)) << name(plate) << " " << q << " t " << t << " at " << s;
      }
      for (const double beyond : {close, 0.1, 0.3, 1.0})
        ASSERT_FALSE(covered(t + beyond)) << name(plate) << " " << q << " t " << t << " + " << beyond;
      ASSERT_TRUE(is_part_of(knee.tissue_at(q - close * n), bone)) << name(plate) << " " << q;
    }
  }
}

TEST(Knee, DistanceAlongTheNormalIsTheDistance) {
  const Knee knee(eventful());
  for (const Plate plate : plates) {
    const Bone bone = bone_under(plate);
    for (const Point3& q : plate_points(knee, plate, 300, 2))
      for (const double s : {-2.0, -0.5, 0.0, 1.0, 3.0}) {
        const Point3 p = q + s * knee.bone_normal(bone, q);
        ASSERT_NEAR(knee.bone_distance_mm(bone, p), s, 1e-8) << name(plate) << " " << q;
        ASSERT_LT(distance(knee.closest_on_bone(bone, p), q), 1e-6) << name(plate) << " " << q << " " << s;
      }
  }
}

// A projection that stops at a local minimum, or off the surface, would find a point further than the
// nearest.
TEST(Knee, NoPointOfTheSurfaceIsNearerThanTheNearest) {
  const Knee knee{KneeOptions{}};
  for (const Plate plate : plates) {
    const Bone bone = bone_under(plate);
    const std::vector<Point3> surface = plate_points(knee, plate, 6000, 3);
    std::mt19937_64 random(4);
    std::uniform_real_distribution<double> offset(-4.0, 6.0);
    for (const Point3& q : plate_points(knee, plate, 200, 9)) {
      const Point3 p = q + Vector3{offset(random), offset(random), offset(random)};
      double nearest = std::numeric_limits<double>::max();
      for (const Point3& s : surface) nearest = std::min(nearest, distance(p, s));
      ASSERT_LE(std::abs(knee.bone_distance_mm(bone, p)), nearest + 1e-7) << name(plate) << " " << p;
    }
  }
}

TEST(Knee, LeftIsTheMirrorImageOfRight) {
  KneeOptions o;
  o.defects = {{"a", Plate::femur, -20.0, -10.0, 9.0, 0.7}, {"b", Plate::lateral_tibia, 4.0, 5.0, 9.0, 1.0}};
  o.spurs = {{Bone::patella, false, 3.0, 5.0}};
  const Knee right(o);
  o.side = Side::left;
  const Knee left(o);
  EXPECT_EQ(right.frame().origin, (Point3{-70.0, 0.0, 0.0}));
  EXPECT_EQ(left.frame().origin, (Point3{70.0, 0.0, 0.0}));
  for (const Point3& p : limb_points(right, 20000, 6)) {
    const Point3 mirrored{-p.x, p.y, p.z};
    ASSERT_EQ(right.tissue_at(p), left.tissue_at(mirrored)) << p;
  }
  for (const Plate plate : plates)
    for (const Point3& q : plate_points(right, plate, 200, 7)) {
      const Bone bone = bone_under(plate);
      const Point3 mirrored{-q.x, q.y, q.z};
      ASSERT_EQ(left.plate_at(bone, mirrored), plate);
      ASSERT_NEAR(left.thickness_mm(bone, mirrored).value(), right.thickness_mm(bone, q).value(), 1e-9);
    }
}

TEST(Knee, DefectsLieAtTheSameAnatomicalPlaceInBothKnees) {
  KneeOptions o;
  o.defects = {{"a", Plate::femur, -20.0, -10.0, 9.0, 0.7}, {"b", Plate::patella, 4.0, 5.0, 9.0, 1.0}};
  const Knee right(o);
  o.side = Side::left;
  const Knee left(o);
  const Truth r = truth_of(right, 2.0);
  const Truth l = truth_of(left, 2.0);
  for (std::size_t n = 0; n < o.defects.size(); ++n) {
    const Vector3 in_right = right.frame().coordinates(r.lesions[n].centre);
    EXPECT_LT(length(in_right - left.frame().coordinates(l.lesions[n].centre)), 1e-9);
    EXPECT_GT(o.defects[n].u_mm * in_right.x, 0.0) << "u is lateral";
    EXPECT_NEAR(r.lesions[n].area_mm2, l.lesions[n].area_mm2, 1e-9);
  }
}

TEST(Knee, TheKneeMovesWithItsPose) {
  const Knee standard{KneeOptions{}};
  KneeOptions o;
  o.patient_from_knee = testing::random_pose(11);
  const Knee moved(o);
  for (const Point3& p : limb_points(standard, 20000, 8))
    ASSERT_EQ(standard.tissue_at(p), moved.tissue_at(o.patient_from_knee(p))) << p;
}

TEST(Knee, AKneeOfAnotherSizeIsTheSameKneeScaled) {
  const Knee standard{KneeOptions{}};
  KneeOptions o;
  o.scale = 1.2;
  o.femoral_thickness_mm *= o.scale;
  o.medial_tibial_thickness_mm *= o.scale;
  o.lateral_tibial_thickness_mm *= o.scale;
  o.patellar_thickness_mm *= o.scale;
  const Knee larger(o);
  std::size_t different = 0;
  for (const Point3& p : limb_points(standard, 20000, 8)) {
    const Vector3 x = o.scale * standard.frame().coordinates(p);
    different += standard.tissue_at(p) != larger.tissue_at(larger.frame().at(x.x, x.y, x.z));
  }
  EXPECT_LE(different, 1u) << "a point on a boundary may fall to either side by rounding";
}

TEST(Knee, OpposingCartilagesNearlyTouchAndNeverOverlap) {
  std::vector<KneeOptions> all(4);
  all[1].femoral_thickness_mm = all[1].patellar_thickness_mm = all[1].medial_tibial_thickness_mm = 3.5;
  all[2].femoral_thickness_mm = all[2].lateral_tibial_thickness_mm = 0.5;
  all[3].scale = 0.8;
  all[3].femoral_change_mm = all[3].medial_tibial_change_mm = all[3].lateral_tibial_change_mm =
      all[3].patellar_change_mm = 0.2;
  for (const KneeOptions& o : all) {
    const Knee knee(o);
    double narrowest_tibial = 99.0;
    double narrowest_patellar = 99.0;
    for (const Plate plate : {Plate::medial_tibia, Plate::lateral_tibia, Plate::patella})
      for (const Point3& q : plate_points(knee, plate, 3000, 12)) {
        const Bone bone = bone_under(plate);
        const Point3 articular = q + knee.thickness_mm(bone, q).value() * knee.bone_normal(bone, q);
        const Point3 opposite = knee.closest_on_bone(Bone::femur, articular);
        const double gap = knee.bone_distance_mm(Bone::femur, articular) -
                           knee.thickness_mm(Bone::femur, opposite).value_or(0.0);
        double& narrowest = plate == Plate::patella ? narrowest_patellar : narrowest_tibial;
        narrowest = std::min(narrowest, gap);
      }
    for (const double gap : {narrowest_tibial, narrowest_patellar}) {
      EXPECT_GT(gap, 0.05);
      EXPECT_LT(gap, 0.8);
    }
  }
}

TEST(Knee, AFollowUpChangesTheThicknessByExactlyTheChange) {
  KneeOptions o;
  const Knee before(o);
  o.femoral_change_mm = -0.25;
  o.medial_tibial_change_mm = -0.4;
  o.lateral_tibial_change_mm = 0.15;
  o.patellar_change_mm = -0.1;
  const Knee after(o);
  const std::vector<std::pair<Plate, Point3>> middles{
      {Plate::femur, before.frame().at(-23.0, 2.0, 2.0)},
      {Plate::femur, before.frame().at(24.0, -30.0, 20.0)},
      {Plate::medial_tibia, before.frame().at(-23.0, 3.0, -2.0)},
      {Plate::lateral_tibia, before.frame().at(25.0, -5.0, -2.0)},
      {Plate::patella, before.frame().at(8.0, 33.0, 34.0)}};
  const auto change = [&](Plate plate) {
    return plate == Plate::femur           ? o.femoral_change_mm
           : plate == Plate::medial_tibia  ? o.medial_tibial_change_mm
           : plate == Plate::lateral_tibia ? o.lateral_tibial_change_mm
                                           : o.patellar_change_mm;
  };
  for (const auto& [plate, near] : middles) {
    const Bone bone = bone_under(plate);
    const Point3 q = before.closest_on_bone(bone, near);
    EXPECT_EQ(after.closest_on_bone(bone, near), q) << "bones stay where they are";
    EXPECT_NEAR(after.thickness_mm(bone, q).value() - before.thickness_mm(bone, q).value(), change(plate),
                1e-12)
        << name(plate);
  }
}

TEST(Knee, ASpurStandsOutOfItsBoneByItsHeightAndLeavesThePlatesAlone) {
  for (const Bone bone : all_bones)
    for (const bool medial : {true, false}) {
      KneeOptions o;
      const Knee smooth(o);
      o.spurs = {{bone, medial, 5.0, 5.0}};
      const Knee spurred(o);
      // Seen from many places beside the knee, the nearest points of the bone cover the spur's round tip.
      double highest = 0.0;
      for (const Point3& p : limb_points(smooth, 3000, 13)) {
        const Vector3 x = smooth.frame().coordinates(p);
        const Point3 beside = smooth.frame().at(medial ? -80.0 : 80.0, x.y, x.z);
        const Point3 q = spurred.closest_on_bone(bone, beside);
        highest = std::max(highest, smooth.bone_distance_mm(bone, q));
      }
      EXPECT_NEAR(highest, 5.0, 0.05) << name(bone) << (medial ? " medial" : " lateral");
      const Truth with = truth_of(spurred, 2.0);
      const Truth without = truth_of(smooth, 2.0);
      // At the thin edge of the patella a spur's foot reaches the plate's rim, by less than a thousandth of
      // it.
      for (std::size_t n = 0; n < with.plates.size(); ++n) {
        const double area = without.plates[n].subchondral_area_mm2;
        const double volume = without.plates[n].cartilage_volume_mm3;
        const double share = bone == Bone::patella ? 1e-3 : 1e-12;
        EXPECT_NEAR(with.plates[n].subchondral_area_mm2, area, share * area);
        EXPECT_NEAR(with.plates[n].cartilage_volume_mm3, volume, share * volume);
      }
    }
}

TEST(Knee, StructuresLieWhereTheyBelong) {
  const Knee knee{KneeOptions{}};
  const auto at = [&](double l, double a, double p) { return knee.tissue_at(knee.frame().at(l, a, p)); };
  EXPECT_EQ(at(0, 11, 80), Tissue::femur);
  EXPECT_EQ(at(-22, -3, 25), Tissue::femur);
  EXPECT_EQ(at(0, -2, -25), Tissue::tibia);
  EXPECT_EQ(at(3, 20, -34), Tissue::tibia) << "tuberosity";
  EXPECT_EQ(at(0, 45, 31), Tissue::patella);
  EXPECT_EQ(at(35, -23, -30), Tissue::fibula) << "lateral and behind";
  EXPECT_EQ(at(0, 32, 70), Tissue::suprapatellar_recess);
  EXPECT_EQ(at(0, 44, 65), Tissue::quadriceps_tendon);
  EXPECT_EQ(at(2, 36, -12), Tissue::patellar_tendon);
  EXPECT_EQ(at(0, 26, -5), Tissue::fat) << "behind the patellar tendon";
  EXPECT_EQ(at(2, -41, 0), Tissue::popliteal_artery);
  EXPECT_EQ(at(4.5, -48.6, 0), Tissue::popliteal_vein) << "behind and lateral of the artery";
  EXPECT_EQ(at(-22, -44, -30), Tissue::muscle);
  EXPECT_EQ(at(0, -22, 8), Tissue::fat) << "notch";
  EXPECT_EQ(at(0, 100, 20), Tissue::background);
}

void expect_refused(const std::function<void(KneeOptions&)>& change, const std::string& name,
                    const std::string& value) {
  KneeOptions o;
  change(o);
  try {
    const Knee knee(o);
    ADD_FAILURE() << name << " = " << value << " was accepted";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr(name), ::testing::HasSubstr(value)));
  }
}

TEST(Knee, RefusesOptionsOutOfRangeByNameAndValue) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_refused([](KneeOptions& o) { o.scale = 1.5; }, "scale", "1.5");
  expect_refused([=](KneeOptions& o) { o.scale = nan; }, "scale", "nan");
  expect_refused([](KneeOptions& o) { o.femoral_thickness_mm = 0.1; }, "femoral_thickness_mm", "0.1");
  expect_refused([](KneeOptions& o) { o.medial_tibial_thickness_mm = 9; }, "medial_tibial_thickness_mm", "9");
  expect_refused([](KneeOptions& o) { o.lateral_tibial_thickness_mm = -1; }, "lateral_tibial_thickness_mm",
                 "-1");
  expect_refused([](KneeOptions& o) { o.patellar_thickness_mm = 4; }, "patellar_thickness_mm", "4");
  expect_refused([](KneeOptions& o) { o.femoral_change_mm = 1; }, "femoral_change_mm", "1");
  expect_refused([](KneeOptions& o) { o.medial_tibial_change_mm = -7; }, "medial_tibial_change_mm", "-7");
  expect_refused([](KneeOptions& o) { o.lateral_tibial_change_mm = 3; }, "lateral_tibial_change_mm", "3");
  expect_refused([](KneeOptions& o) { o.patellar_change_mm = 0.5; }, "patellar_change_mm", "0.5");
  const auto defect = [](Defect d) { return [d](KneeOptions& o) { o.defects = {d}; }; };
  expect_refused(defect({"x", Plate::patella, 0, 0, 40, 1}), "'x' diameter_mm", "40");
  expect_refused(defect({"x", Plate::patella, 0, 0, 8, 0}), "depth_fraction", "0");
  expect_refused(defect({"x", Plate::femur, 0, -10, 8, 1}), "on the plate femur", "-10");
  expect_refused(defect({"x", Plate::medial_tibia, 17, 0, 8, 1}), "on the plate medial_tibia", "17");
  const auto spur = [](BoneSpur s) { return [s](KneeOptions& o) { o.spurs = {s}; }; };
  expect_refused(spur({Bone::tibia, true, 20, 6}), "tibia, height_mm", "20");
  expect_refused(spur({Bone::femur, true, 4, 0.5}), "femur, width_mm", "0.5");
}

}  // namespace
}  // namespace genu::phantom
