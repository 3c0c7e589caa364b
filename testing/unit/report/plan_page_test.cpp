// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

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

/// The same, with a bone around the target in the labels.
io::Case labelled_knee() {
  io::Case knee = planned_knee();
  const planning::RankedTrajectory& best = knee.plans[1].ranked[0];
  const Point3 bone = best.path.target + Vector3{0.0, 20.0, 0.0};
  knee.labels = testing::concentric_spheres(
      testing::oblique_grid({.centre = bone, .extent_mm = {60, 60, 60}}), bone, 10.0, 12.0);
  return knee;
}

std::vector<std::string> names_of(const std::vector<Figure>& figures) {
  std::vector<std::string> names;
  for (const Figure& figure : figures) names.push_back(figure.name);
  return names;
}

TEST(PlanPage, ShowsWhatToExpectOnTheScreenWithMarksAndWithout) {
  const io::Case knee = labelled_knee();
  const auto figures = draw_plan_figures(knee, 1);
  EXPECT_THAT(names_of(figures),
              ::testing::ElementsAre("plan-2-probe", "plan-2-expected", "plan-2-expected-plain",
                                     "plan-2-along", "plan-2-across", "plan-2-3d"));
  EXPECT_NE(figures[1].picture, figures[2].picture);
  EXPECT_EQ(figures[1].picture.width, figures[2].picture.width);
  const std::string page = plan_page(knee, 1, superolateral(), figures);
  for (const char* text :
       {"What to expect on the screen", "simulated from the labels", "nothing pressed",
        "echo levels set by eye", "needle coming from the left", "The labels have no skin"})
    EXPECT_THAT(page, HasSubstr(text));
  EXPECT_THAT(page, Not(HasSubstr("No picture of what ultrasound will show")));
}

TEST(PlanPage, SaysWhyThereIsNothingToExpect) {
  const auto page_of = [](const io::Case& knee) {
    return plan_page(knee, 1, superolateral(), draw_plan_figures(knee, 1));
  };
  EXPECT_THAT(page_of(planned_knee()), HasSubstr("will show: there are no labels to simulate it from."));
  io::Case unseen = labelled_knee();
  unseen.plans[1].ranked[0].card.view.reset();
  EXPECT_THAT(page_of(unseen), HasSubstr("will show: there is no place for the probe"));
  EXPECT_THAT(plan_page(labelled_knee(), 1, superolateral(), {}),
              HasSubstr("What ultrasound will show was not drawn."));
}

TEST(CaseReport, ShowsWhatToExpectOfAPlanOnce) {
  io::Case knee = labelled_knee();
  const auto has = [&](const char* name) {
    const auto names = names_of(draw_figures(knee));
    return std::count(names.begin(), names.end(), name);
  };
  EXPECT_EQ(has("plan-2-expected"), 1);
  EXPECT_EQ(has("plan-2-expected-plain"), 0);
  knee.plans[1].ranked[0].card.view.reset();
  EXPECT_EQ(has("plan-2-expected"), 0);
  EXPECT_THAT(case_page(knee, draw_figures(knee)), HasSubstr("will show: there is no place for the probe"));
}

}  // namespace
}  // namespace genu::report
