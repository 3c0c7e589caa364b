// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <genu/planning/scorecard.h>

#include "scene.h"

namespace genu::planning {
namespace {

TEST(Scale, IsWhatTheApproachAllows) {
  Approach approach = testing::lateral_approach();
  approach.probe.guidance = Guidance::in_plane;
  approach.probe.max_face_angle_deg = 50.0;
  const Scale scale = scale_of(approach);
  EXPECT_DOUBLE_EQ(scale.longest_reach_mm, 76.2 - approach.hub_reserve_mm);
  EXPECT_TRUE(scale.in_plane);
  EXPECT_EQ(scale.preferred_face_angle_deg, 30.0);
  EXPECT_EQ(scale.max_face_angle_deg, 50.0);
  EXPECT_EQ(scale.max_skin_angle_deg, approach.max_skin_angle_deg);
  approach.probe.guidance = Guidance::none;
  EXPECT_FALSE(scale_of(approach).in_plane);
}

TEST(NearestSpared, PassesOverWhatMayBeEntered) {
  Scorecard card;
  EXPECT_EQ(nearest_spared(card), nullptr);
  constexpr double may_be_entered = std::numeric_limits<double>::quiet_NaN();
  card.clearances = {{"iliotibial_tract", StructureKind::tendon, 0.5, "estimated", 4.0, may_be_entered, 0.0},
                     {"femur", StructureKind::bone, 3.0, "segmented", 0.0, 1.0, 0.0},
                     {"patella", StructureKind::bone, 4.0, "segmented", 0.0, 1.0, 0.0}};
  ASSERT_NE(nearest_spared(card), nullptr);
  EXPECT_EQ(nearest_spared(card)->structure, "femur");
}

}  // namespace
}  // namespace genu::planning
