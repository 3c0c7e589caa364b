// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <genu/core/error.h>
#include <genu/planning/approach.h>

#include "scene.h"

namespace genu::planning {
namespace {

TEST(Approach, FitsItsKindsOfTargetInItsCompartments) {
  Approach approach = testing::lateral_approach();
  approach.targets = {TargetKind::meniscus, TargetKind::joint_space};
  approach.compartments = {Compartment::lateral};
  Target target;
  target.kind = TargetKind::meniscus;
  target.compartment = Compartment::lateral;
  EXPECT_TRUE(fits(approach, target));
  target.compartment = Compartment::medial;
  EXPECT_FALSE(fits(approach, target));
  approach.compartments.clear();
  EXPECT_TRUE(fits(approach, target));
  target.kind = TargetKind::recess;
  EXPECT_FALSE(fits(approach, target));
  target.kind = TargetKind::point;  // Nobody can say which way leads to a picked point.
  EXPECT_TRUE(fits(approach, target));
}

TEST(Approach, AsksForTheClearanceOfAStructureOrElseOfItsKind) {
  Approach approach = testing::lateral_approach();
  approach.min_clearance_of_mm["great_saphenous_vein"] = 2.0;
  EXPECT_EQ(approach.asked_of({"great_saphenous_vein", StructureKind::vessel, {}, "estimated"}), 2.0);
  EXPECT_EQ(approach.asked_of({"popliteal_vein", StructureKind::vessel, {}, "estimated"}), 5.0);
  EXPECT_EQ(approach.asked_of({"femur", StructureKind::bone, {}, "segmented"}), 1.0);
  EXPECT_EQ(approach.asked_of({"tibial_nerve", StructureKind::nerve, {}, "estimated"}), 5.0);
}

TEST(Approach, IsRefusedWithTheValueThatIsWrong) {
  const auto refused = [](auto change, const char* word) {
    Approach approach = testing::lateral_approach();
    change(approach);
    try {
      check(approach);
      ADD_FAILURE() << "not refused: " << word;
    } catch (const InvalidInput& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(word));
    }
  };
  EXPECT_NO_THROW(check(testing::lateral_approach()));
  refused([](auto& a) { a.probe.footprint.length_mm = 0.0; }, "probe is 0 mm long");
  refused([](auto& a) { a.probe.others = {{25.0, 10.0, 0.0}}; }, "sees 0 mm deep");
  refused([](auto& a) { a.probe.axis = {}; }, "axis");
  refused([](auto& a) { a.probe.max_turn_deg = 0.0; }, "turn");
  refused([](auto& a) { a.probe.max_face_angle_deg = 20.0; }, "face");
  refused([](auto& a) { a.min_clearance_of_mm["femur"] = -1.0; }, "femur");
  refused([](auto& a) { a.min_clearance_mm[6] = std::nan(""); }, "meniscus");
  refused([](auto& a) { a.needles[0].bend_percent = -1.0; }, "bends");
  refused([](auto& a) { a.hub_reserve_mm = -1.0; }, "hub_reserve_mm");
  refused([](auto& a) { a.flexion_deg = std::nan(""); }, "flexion_deg");
}

}  // namespace
}  // namespace genu::planning
