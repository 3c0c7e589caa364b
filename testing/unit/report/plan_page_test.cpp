// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/report/plan_page.h>
#include <genu/testing/bodies.h>

namespace genu::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A left knee with one plan from 20 mm lateral and 30 mm anterior of the patella's middle.
io::Case planned_knee() {
  io::Case knee;
  knee.name = "case-7";
  planning::Anatomy anatomy;
  anatomy.frame = patient_aligned_frame(Side::left, {70.0, 0.0, 0.0});
  anatomy.structures.push_back({"patella", planning::StructureKind::bone,
                                testing::icosphere(anatomy.frame.at(0.0, 40.0, 30.0), 15.0, 3), "segmented"});
  planning::NeedlePlan plan;
  plan.target.name = "suprapatellar_recess";
  plan.target.point = anatomy.frame.at(5.0, 40.0, 70.0);
  plan.approach = "superolateral";
  planning::RankedTrajectory best;
  best.path = {anatomy.frame.at(20.0, 70.0, 75.0), plan.target.point};
  best.card.depth_mm = best.path.length_mm();
  best.card.needle = planning::Needle{"21 G, 2 in", 21, 0.82, 50.8, 0.7};
  best.card.view = planning::ProbeView{.pose = {anatomy.frame.at(5.0, 70.0, 70.0), {1, 0, 0}, {0, 1, 0}},
                                       .face_angle_deg = 27.0,
                                       .length_mm = 38.0,
                                       .width_mm = 9.0,
                                       .image_depth_mm = 50.0};
  plan.ranked = {best};
  plan.limits = {"the popliteal vein is not known"};
  knee.anatomy = std::move(anatomy);
  knee.plans = {planning::NeedlePlan{}, plan};
  return knee;
}

planning::Approach superolateral() {
  planning::Approach approach;
  approach.name = "superolateral";
  approach.title = "Superolateral, under the quadriceps tendon";
  approach.flexion_deg = 25.0;
  approach.at_risk = {"quadriceps_tendon"};
  approach.accuracy = {{91.0, "landmarks", "a review"}};
  approach.sources = {"a textbook"};
  return approach;
}

TEST(PlanPage, TellsHowToPlaceKneeProbeAndNeedle) {
  const std::string page = plan_page(planned_knee(), 1, superolateral(), {});
  for (const char* text :
       {"flexed 25°", "Superolateral, under the quadriceps tendon",
        "20 mm lateral, 30 mm anterior, 45 mm proximal of the patella&#39;s middle",
        "20 mm lateral, 70 mm anterior, 75 mm proximal of the joint line&#39;s middle", "linear, 38 mm",
        "needle in plane, 27° to its face", "Middle of its face", "; long side ",
        "21 G, 2 in, 34 mm (3.4 cm) from the skin", "quadriceps tendon", "91 % (landmarks; a review)",
        "the popliteal vein is not known", "a textbook", "research use"})
    EXPECT_THAT(page, HasSubstr(text));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(PlanPage, ShowsTheFiguresItIsGiven) {
  const Figure dot{"plan", "plan-2-probe", "what the probe sees", {2, 2, std::vector<std::uint8_t>(12, 9)}};
  EXPECT_THAT(plan_page(planned_knee(), 1, superolateral(), {dot}), HasSubstr("what the probe sees"));
}

TEST(PlanPage, NeedsATrajectory) {
  EXPECT_THROW(plan_page(planned_knee(), 0, superolateral(), {}), InvalidInput);
  EXPECT_THROW(plan_page(planned_knee(), 2, superolateral(), {}), InvalidInput);
  EXPECT_THROW(draw_plan_figures(planned_knee(), 0), InvalidInput);
}

TEST(PlanPage, DrawsOnePlan) {
  const auto figures = draw_plan_figures(planned_knee(), 1);
  ASSERT_EQ(figures.size(), 1u);  // No image and no labels: the scene alone.
  EXPECT_EQ(figures[0].name, "plan-2-3d");
}

}  // namespace
}  // namespace genu::report
