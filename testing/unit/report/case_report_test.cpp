// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/report/case_report.h>
#include <genu/testing/bodies.h>

#include "pages.h"

namespace genu::report {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const Point3 middle{11.0, -7.0, 5.0};

using testing::count_of;
using testing::holds;
using testing::tag_problem;

cartilage::CartilageReport measured() {
  cartilage::CartilageReport report;
  report.side = Side::left;
  report.side_source = "labels";
  report.frame = patient_aligned_frame(Side::left, middle);
  report.method = "along bone normal";
  cartilage::RegionMeasures tibia{.region = cartilage::Region::MT};
  tibia.tAB_mm2 = 1012.4;
  tibia.dABp_percent = 12.34;
  tibia.not_measured_mm2 = 0.0;
  tibia.VC_mm3 = 1890.6;
  tibia.ThCtAB_mean_mm = 1.536;
  tibia.ThCtAB_sd_mm = 0.421;
  tibia.ThCtAB_median_mm = 1.6;
  tibia.ThCcAB_mean_mm = 1.75;
  cartilage::RegionMeasures patella{.region = cartilage::Region::P};
  patella.tAB_mm2 = 900.0;
  patella.not_measured_mm2 = 0.0;
  patella.ThCtAB_mean_mm = patella.ThCtAB_median_mm = patella.ThCtAB_sd_mm = nan;
  patella.ThCcAB_mean_mm = patella.VC_mm3 = patella.dABp_percent = nan;
  report.regions = {tibia, patella};
  cartilage::Lesion lesion;
  lesion.name = "MT-1";
  lesion.region = cartilage::Region::MT;
  lesion.centre = lesion.articular_point = middle;
  lesion.area_mm2 = 87.0;
  lesion.denuded_area_mm2 = 40.0;
  lesion.expected_thickness_mm = 1.8;
  lesion.subregion = cartilage::Region::eMT;
  lesion.mean_depth_percent = 83.0;
  lesion.max_depth_percent = 100.0;
  lesion.icrs_grade = 4;
  lesion.length_mm = 13.6;
  lesion.width_mm = 8.2;
  lesion.volume_lost_mm3 = 131.0;
  report.lesions.push_back(lesion);
  report.parts = {{.region = cartilage::Region::eMT,
                   .focal_loss_percent = 43.5,
                   .full_thickness_loss_percent = 9.75,
                   .MOAKS_size_grade = 2.0,
                   .MOAKS_full_thickness_grade = 1.0},
                  {.region = cartilage::Region::cMT,
                   .focal_loss_percent = 0.0,
                   .full_thickness_loss_percent = 0.0,
                   .MOAKS_size_grade = 0.0,
                   .MOAKS_full_thickness_grade = 0.0}};
  report.flags = {"the tibia is cut by the image's border"};
  cartilage::BoneMap tibia_map;
  tibia_map.bone = Bone::tibia;
  tibia_map.surface = testing::icosphere(middle, 15.0, 3);
  tibia_map.thickness_mm.assign(tibia_map.surface.vertices().size(), 2.0);
  tibia_map.region.assign(tibia_map.surface.vertices().size(), cartilage::Region::MT);
  report.bones.push_back(std::move(tibia_map));
  return report;
}

planning::NeedlePlan plan_with(std::size_t ranked) {
  planning::NeedlePlan plan;
  plan.target.name = "suprapatellar_recess";
  plan.target.point = middle;
  plan.approach = "superolateral";
  for (std::size_t t = 0; t < ranked; ++t) {
    planning::RankedTrajectory r{
        {middle + Vector3{18.0, -1.0 * static_cast<double>(t), 2.0}, middle}, {}, true, 0.7};
    r.card.depth_mm = r.path.length_mm();
    r.card.skin_angle_deg = 21.4;
    r.card.needle = planning::Needle{};
    r.card.clearances = {
        {"popliteal_artery", planning::StructureKind::vessel, 17.26, "estimated", 4.5, 9.5, 0.0123}};
    r.card.hit = {0.75, 0.73, 0.77, 4000, {0.7, 0.74, 0.745, 0.75}};
    r.card.risk = 0.0456;
    r.card.free_cone_deg = 6.25;
    r.card.tissues = {{"fat", 10.0}, {"unlabelled", 8.0}};
    r.card.view = planning::ProbeView{.pose = {middle + Vector3{0, -20, 0}, {-1, 0, 0}, {0, 1, 0}},
                                      .face_angle_deg = 23.0,
                                      .seen_mm = 18.0,
                                      .length_mm = 38.0,
                                      .width_mm = 9.0,
                                      .image_depth_mm = 50.0};
    plan.ranked.push_back(std::move(r));
  }
  const Trajectory path{middle + Vector3{20, 0, 0}, middle};
  plan.rejected.push_back(
      {path, planning::Rejection::vessel, "popliteal artery: 2.0 mm, 5.0 mm asked for", {}});
  for (int r = 0; r < 3; ++r)
    plan.rejected.push_back({path, planning::Rejection::crosses_bone, "femur after 12.0 mm", {}});
  plan.limits = {"the popliteal vein is not known"};
  return plan;
}

io::Case full_case() {
  io::Case knee;
  knee.name = "case-7";
  knee.visit = "month 12";
  knee.inputs = {"scans/case 7.nii.gz"};
  knee.created = "2024-05-06T07:08:09Z";
  knee.genu_version = "0.1.0";
  knee.labels =
      testing::concentric_spheres(testing::oblique_grid({.spacing_mm = {0.9, 0.9, 1.2}}), middle, 12.0, 15.0);
  knee.image = Volume<float>(knee.labels->geometry(), 1.0f);
  knee.cartilage = measured();
  staging::StageReport stage;
  stage.stage = staging::Stage::moderate;
  stage.possible = {staging::Stage::moderate};
  stage.reasons = {"MT dABp is 12.3 %, above 7.5 %"};
  stage.evidence = {{"MT", "dABp", 12.34, "%"}};
  stage.rule_name = "largest denuded area";
  stage.rule_version = "1";
  stage.statement = "Not a Kellgren-Lawrence grade.";
  knee.stage = stage;
  planning::Anatomy anatomy;
  anatomy.frame = knee.cartilage->frame;
  anatomy.skin = testing::icosphere(middle, 20.0, 3);
  anatomy.structures.push_back(
      {"femur", planning::StructureKind::bone, testing::icosphere(middle, 12.0, 3), "segmented"});
  knee.anatomy = std::move(anatomy);
  knee.plans = {plan_with(2)};
  return knee;
}

Figure dot(const std::string& section, const std::string& name) {
  return {section, name, "Caption of " + name, {2, 2, std::vector<std::uint8_t>(12, 9)}};
}

// A plan keeps the best of its safe paths: the page must not say that there are no more.
TEST(CasePage, TellsShownReturnedAndSafeTrajectoriesApart) {
  io::Case knee = full_case();
  knee.plans = {plan_with(20)};
  knee.plans[0].safe = 441;
  EXPECT_THAT(case_page(knee, {}), ::testing::HasSubstr("The 5 best of 20 returned; 441 are safe."));
}

TEST(CasePage, IsWellFormedWithEverythingAndWithNothing) {
  EXPECT_EQ(tag_problem(case_page(full_case(), {dot("slices", "slice-axial"), dot("plan", "plan-1-3d")})),
            "");
  EXPECT_EQ(tag_problem(case_page({}, {})), "");
}

TEST(CasePage, ReachesForNothingOutsideOfItself) {
  const std::string page =
      case_page(full_case(), {dot("slices", "slice-axial"), dot("thickness", "thickness-a")});
  for (const char* outside : {"http", "//", "<script", "<link", "@import", "url(", "<iframe", "onload"}) {
    std::string text = page;  // base64 may hold any letters
    for (std::size_t at = text.find("base64,"); at != std::string::npos; at = text.find("base64,", at + 1))
      text.erase(at + 7, text.find('"', at) - at - 7);
    EXPECT_FALSE(holds(text, outside)) << outside;
  }
  EXPECT_EQ(count_of(page, "src=\"data:image/png;base64,"), 2u);
}

// Names, paths and details come from file names and headers: none may become markup.
TEST(CasePage, EscapesEveryTextFromOutside) {
  const std::string evil = "<script>alert(\"1\")</script>&'";
  io::Case knee = full_case();
  knee.name = knee.visit = knee.created = knee.genu_version = evil;
  knee.inputs = {evil};
  knee.cartilage->flags = {evil};
  knee.cartilage->side_source = knee.cartilage->method = evil;
  knee.cartilage->lesions.front().name = evil;
  knee.stage->reasons = {evil};
  knee.stage->statement = knee.stage->rule_name = knee.stage->rule_version = evil;
  knee.stage->evidence.front().measure = knee.stage->evidence.front().unit = evil;
  knee.anatomy->missing = {evil};
  planning::NeedlePlan& plan = knee.plans.front();
  plan.target.name = plan.approach = evil;
  plan.limits = plan.reasons = {evil};
  plan.ranked.front().card.needle->name = evil;
  plan.ranked.front().card.clearances.front() = {evil, planning::StructureKind::bone, 1.0, evil};
  plan.ranked.front().card.tissues = {{evil, 1.0}};
  Figure figure = dot("slices", "slice-axial");
  figure.caption = evil;
  const std::string page = case_page(knee, {figure});
  EXPECT_FALSE(holds(page, "<script"));
  EXPECT_TRUE(holds(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"));
  EXPECT_EQ(tag_problem(page), "");
}

TEST(CasePage, StatesNumbersWithUnitsAndSensibleDigits) {
  const std::string page = case_page(full_case(), {});
  for (const char* text :
       {"1.54 ± 0.42", ">1.60<", ">1.75<", ">1891<", ">1012<", ">12.3<", "Medial tibia (MT)", ">17.3 ± 4.5<",
        "Left knee", "month 12", "moderate", "2024-05-06T07:08:09Z", "scans/case 7.nii.gz", "0.1.0",
        "estimated", "the tibia is cut by the image&#39;s border", "the popliteal vein is not known"})
    EXPECT_TRUE(holds(page, text) || (std::string_view(text) == "moderate" && holds(page, "Moderate")))
        << text;
  EXPECT_FALSE(holds(page, "1.536"));
}

// Denuded (0) and not measured (NaN) must never look alike.
TEST(CasePage, NotMeasuredIsSaidInWordsAndZeroIsANumber) {
  const std::string page = case_page(full_case(), {});
  EXPECT_FALSE(holds(page, "nan"));
  EXPECT_FALSE(holds(page, "NaN"));
  io::Case whole = full_case();
  whole.cartilage->parts.clear();
  EXPECT_EQ(count_of(case_page(whole, {}), "<td class=\"missing\">not measured</td>"), 7u)
      << "the patella's six measures, and a range that no plate here has";
  EXPECT_TRUE(holds(page, "<td class=\"n\">0.00</td>")) << "the lesion's least thickness";
  EXPECT_TRUE(holds(page, "Medial tibia (eMT)")) << "the lesion's part of its region";
  EXPECT_TRUE(holds(page, "14 × 8")) << "the lesion's extent";
  EXPECT_TRUE(holds(page, "<td class=\"n\">43.5</td>")) << "what lesions take of the sub-region";
  EXPECT_TRUE(holds(page, "(eMT)</td>")) << "the sub-region";
  EXPECT_EQ(count_of(page, "(eMT)</td>"), 3u) << "measured, lost in part, and where the lesion lies";
  EXPECT_EQ(count_of(page, "(cMT)</td>"), 1u) << "nothing is lost there";
}

TEST(CasePage, MenisciAreThereWhereTheyAreLabelled) {
  io::Case knee;
  knee.cartilage.emplace();
  EXPECT_FALSE(holds(case_page(knee, {}), "Menisci"));
  knee.cartilage->menisci = {{Tissue::medial_meniscus, cartilage::Region::MT, 3.12, 40.5, 450.2, 2351.4}};
  const std::string page = case_page(knee, {});
  for (const char* text : {"<h2>Menisci</h2>", "Medial meniscus", ">3.1<", ">40.5<", ">450<", ">2351<"})
    EXPECT_TRUE(holds(page, text)) << text;
}

TEST(CasePage, ShowsBoneSpurs) {
  io::Case knee;
  knee.cartilage.emplace();
  EXPECT_FALSE(holds(case_page(knee, {}), "Bone spurs"));
  cartilage::MarginMeasures femur, patella;
  femur.highest_spur_mm = 4.12;
  femur.examined_percent = 96.6;
  femur.spurs = {{"medial_femur_margin-1", 4.12, 7.4, {}}, {"medial_femur_margin-2", 1.21, 2.2, {}}};
  patella.margin = cartilage::Margin::patella;
  knee.cartilage->margins = {femur, patella};
  const std::string page = case_page(knee, {});
  for (const char* text : {"<h2>Bone spurs</h2>", "Medial margin of the femur", ">4.1<", "4.1 × 7, 1.2 × 2",
                           ">97<", "not measured"})
    EXPECT_TRUE(holds(page, text)) << text;
}

TEST(CasePage, ShowsSubregionsCompartmentsAndTheMethod) {
  io::Case knee = full_case();
  knee.cartilage->method = "along field lines (Laplace)";
  cartilage::RegionMeasures part, whole;
  part.region = cartilage::Region::ccMF;
  part.ThCtAB_mean_mm = 1.234;
  part.ThCtAB_min_mm = 0.456;
  part.ThCtAB_max_mm = 2.345;
  whole.region = cartilage::Region::LFTC;
  whole.ThCtAB_mean_mm = 3.579;
  knee.cartilage->parts = {part, whole};
  const std::string page = case_page(knee, {});
  for (const char* text : {"(ccMF)", ">1.23<", "0.46 to 2.35", "(LFTC)", ">3.58<",
                           "thickness along field lines (Laplace) over tAB", "Compartment", "Sub-region"})
    EXPECT_TRUE(holds(page, text)) << text;
  EXPECT_FALSE(holds(page, "along the bone&#39;s normal over tAB"));
}

TEST(CasePage, APlanShowsItsScorecard) {
  const std::string page = case_page(full_case(), {});
  for (const char* text :
       {"17.3 ± 4.5", ">9.5<", ">1.2<", "75 % (95 % interval of the sampling 73.0 to 77.0)",
        "70.0, 74.0, 74.5, 75.0 % of 4000", "4.6 %", "± 6.2°", "23°", "fat 10.0 mm, unlabelled 8.0 mm",
        "on the Pareto front", "image to patient 1.5 mm"})
    EXPECT_TRUE(holds(page, text)) << text;
}

// Of several ways to one target the best is shown in full, the others by name.
TEST(CasePage, GathersPlansByTarget) {
  io::Case knee = full_case();
  planning::NeedlePlan better = plan_with(1), closed = plan_with(0);
  better.approach = "superomedial";
  better.ranked.front().score = 0.9;
  closed.approach = "lateral_midpatellar";
  closed.reasons = {"No safe path among 7.", "Rejected: bone 100 %.", "a third reason"};
  knee.plans = {plan_with(2), better, closed};
  const std::string page = case_page(knee, {});
  EXPECT_TRUE(holds(page, "Plan 2: suprapatellar recess, approach superomedial"));
  EXPECT_FALSE(holds(page, "Plan 1: "));
  EXPECT_EQ(count_of(page, "<article>"), 1u);
  EXPECT_TRUE(holds(page, "<td>superolateral</td>"));
  EXPECT_FALSE(holds(page, "No safe path among 7."));  // The target has a way in.
  closed.target.name = "TrF-1";
  knee.plans = {better, closed};
  const std::string two = case_page(knee, {});
  EXPECT_TRUE(holds(two, "TrF-1, lateral midpatellar: No safe path among 7. Rejected: bone 100 %."));
  EXPECT_FALSE(holds(two, "a third reason"));
}

TEST(CasePage, APlanWithoutATrajectorySaysWhy) {
  io::Case knee = full_case();
  knee.plans = {plan_with(0)};
  knee.plans.front().reasons = {"every path crosses the femur"};
  const std::string page = case_page(knee, {});
  EXPECT_TRUE(holds(page, "no safe trajectory was found"));
  EXPECT_TRUE(holds(page, "every path crosses the femur"));
  EXPECT_FALSE(holds(page, "Depth to the target"));
}

TEST(CasePage, AnAbstentionNamesWhatRemainsPossible) {
  io::Case knee = full_case();
  knee.stage->stage.reset();
  knee.stage->possible = {staging::Stage::minor, staging::Stage::mild};
  const std::string page = case_page(knee, {});
  EXPECT_TRUE(holds(page, "No stage given"));
  EXPECT_TRUE(holds(page, "minor or mild"));
}

// A missing part that is left out in silence reads as "nothing found".
TEST(CasePage, EveryMissingPartIsSaid) {
  const std::string page = case_page({}, {});
  for (const char* text : {"No image was given", "No labels were given", "this case was not staged",
                           "Cartilage was not measured", "No thickness maps", "No lesions",
                           "No image and no labels", "No plan", "not recorded", "research use"})
    EXPECT_TRUE(holds(page, text)) << text;
}

// Labels of the network must not read as a reader's.
TEST(CasePage, SaysHowFarASegmentationCanBeTrusted) {
  io::Case knee = full_case();
  EXPECT_TRUE(holds(case_page(knee, {}), "The labels were given"));
  segmentation::SegmentationReport made;
  made.quality.verdict = segmentation::Verdict::review;
  made.quality.structures = {{Tissue::femur, 201500.0, 0.9, 0.9, 0.974, true},
                             {Tissue::medial_meniscus, 0.0, 0.0, nan, 0.0, false}};
  made.quality.reasons = {"femoral_cartilage: <cut> by the edge of the image"};
  knee.segmentation = made;
  const std::string page = case_page(knee, {});
  for (const char* text : {"Review: look at the outlines", "&lt;cut&gt; by the edge", "201.5", "0.97",
                           "none found", "best effort", "made by Genu"})
    EXPECT_TRUE(holds(page, text)) << text;
  EXPECT_FALSE(holds(page, "The labels were given"));
  knee.segmentation->quality.verdict = segmentation::Verdict::pass;
  EXPECT_TRUE(holds(case_page(knee, {}), "Pass:"));
}

TEST(CasePage, PutsEachFigureIntoItsSection) {
  io::Case knee = full_case();
  for (int p = 2; p <= 11; ++p) {
    knee.plans.push_back(plan_with(1));
    knee.plans.back().target.name = "lesion " + std::to_string(p);
  }
  const std::string page = case_page(knee, {dot("slices", "slice-axial"), dot("thickness", "thickness-a"),
                                            dot("plan", "plan-1-along"), dot("plan", "plan-11-along")});
  const auto at = [&](const char* words) { return page.find(words); };
  EXPECT_LT(at("Thickness maps</h2>"), at("Caption of thickness-a"));
  EXPECT_LT(at("Slices</h2>"), at("Caption of slice-axial"));
  EXPECT_LT(at("Plan 1:"), at("Caption of plan-1-along"));
  EXPECT_LT(at("Caption of plan-1-along"), at("Plan 2:"));
  EXPECT_LT(at("Plan 11:"), at("Caption of plan-11-along"));
  EXPECT_EQ(count_of(page, "<figcaption>Caption of plan-11-along"), 1u);
}

std::vector<std::string> names_of(const std::vector<Figure>& figures) {
  std::vector<std::string> names;
  for (const Figure& f : figures) names.push_back(f.name);
  return names;
}

TEST(DrawFigures, DrawsWhatThereAreThePartsFor) {
  std::vector<std::string> told;
  const auto figures = draw_figures(full_case(), Progress([&](std::string_view what, double part) {
                                      EXPECT_TRUE(part >= 0.0 && part <= 1.0);
                                      told.emplace_back(what);
                                    }));
  EXPECT_EQ(names_of(figures),
            (std::vector<std::string>{"slice-sagittal-medial", "slice-sagittal-lateral",
                                      "slice-sagittal-middle", "slice-coronal", "slice-axial", "slice-lesion",
                                      "thickness-tibia-above", "plan-1-probe", "plan-1-expected",
                                      "plan-1-along", "plan-1-across", "plan-1-3d"}));
  EXPECT_GE(told.size(), figures.size());
  for (const Figure& f : figures) {
    const auto [low, high] = std::minmax_element(f.picture.rgb.begin(), f.picture.rgb.end());
    EXPECT_GT(*high - *low, 100) << f.name << " is blank";
    EXPECT_FALSE(f.caption.empty());
  }
}

TEST(DrawFigures, NothingToDrawIsNoError) {
  EXPECT_TRUE(draw_figures({}).empty());
}

TEST(DrawFigures, LabelsAloneGiveSlices) {
  io::Case knee;
  knee.labels = full_case().labels;
  EXPECT_EQ(names_of(draw_figures(knee)),
            (std::vector<std::string>{"slice-sagittal", "slice-coronal", "slice-axial"}));
}

TEST(DrawFigures, StopsWhenAskedTo) {
  std::stop_source stop;
  const Progress progress([&](std::string_view, double) { stop.request_stop(); }, stop.get_token());
  EXPECT_THROW(draw_figures(full_case(), progress), Cancelled);
}

}  // namespace
}  // namespace genu::report
