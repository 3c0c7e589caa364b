// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/staging/stage.h>

namespace genu::staging {
namespace {

using cartilage::Region;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Rule tested_rule() {
  Rule rule;
  rule.name = "largest-dABp";
  rule.version = "1";
  rule.plates = {Region::MT, Region::cMF, Region::LT, Region::cLF};
  return rule;
}

cartilage::RegionMeasures plate(Region region, double dABp_percent, double not_measured_percent = 0.0) {
  cartilage::RegionMeasures measures;
  measures.region = region;
  measures.tAB_mm2 = 1000.0;
  measures.dABp_percent = dABp_percent;
  measures.dAB_mm2 = 10.0 * dABp_percent;
  measures.not_measured_mm2 = 10.0 * not_measured_percent;
  return measures;
}

cartilage::CartilageReport knee(double mt, double cmf, double lt, double clf) {
  cartilage::CartilageReport report;
  // The patella is far worse, and no plate of the rule.
  report.regions = {plate(Region::MT, mt), plate(Region::LT, lt), plate(Region::cMF, cmf),
                    plate(Region::cLF, clf), plate(Region::P, 90.0)};
  return report;
}

TEST(StageKnee, IsDecidedByTheLargestDenudedAreaOfTheRulesPlates) {
  EXPECT_THAT(stage_knee(knee(0.0, 42.1, 17.5, 13.6), tested_rule()).stage, Optional(Stage::severe));
  EXPECT_THAT(stage_knee(knee(6.7, 12.5, 7.4, 5.0), tested_rule()).stage, Optional(Stage::moderate));
  EXPECT_THAT(stage_knee(knee(0.3, 0.0, 0.0, 29.0), tested_rule()).stage, Optional(Stage::moderate));
  EXPECT_THAT(stage_knee(knee(0.0, 0.0, 30.0, 0.0), tested_rule()).stage, Optional(Stage::severe));
}

TEST(StageKnee, StagesEachCompartmentByItsOwnPlates) {
  const auto report = stage_knee(knee(42.1, 8.0, 0.0, 13.6), tested_rule());
  ASSERT_EQ(report.compartments.size(), 2U);
  EXPECT_EQ(report.compartments[0].compartment, Region::MFTC);
  EXPECT_THAT(report.compartments[0].stage, Optional(Stage::severe));
  EXPECT_EQ(report.compartments[1].compartment, Region::LFTC);
  EXPECT_THAT(report.compartments[1].stage, Optional(Stage::moderate));
  EXPECT_THAT(report.compartments[1].reason, HasSubstr("13.6 % of cLF"));
  // What one compartment lacks leaves the other's stage alone.
  auto gap = knee(42.1, 8.0, 0.0, 13.6);
  gap.regions[1].tAB_mm2 = nan;
  const auto partial = stage_knee(gap, tested_rule());
  EXPECT_THAT(partial.compartments[0].stage, Optional(Stage::severe));
  EXPECT_EQ(partial.compartments[1].stage, std::nullopt);
  EXPECT_THAT(partial.compartments[1].possible, ElementsAre(Stage::moderate, Stage::severe));
  Rule medial = tested_rule();
  medial.plates = {Region::MT};
  EXPECT_EQ(stage_knee(gap, medial).compartments.size(), 1U);
}

TEST(StageKnee, IsBorderlineWhereTheErrorReachesAThreshold) {
  const auto confidence = [](double mt) { return stage_knee(knee(mt, 0, 0, 0), tested_rule()).confidence; };
  EXPECT_THAT(confidence(9.0), Optional(Confidence::borderline));
  EXPECT_THAT(confidence(15.0), Optional(Confidence::clear));
  EXPECT_THAT(confidence(28.0), Optional(Confidence::borderline));
  EXPECT_THAT(confidence(31.0), Optional(Confidence::borderline));
  EXPECT_THAT(confidence(60.0), Optional(Confidence::clear));
  EXPECT_EQ(confidence(1.0), std::nullopt) << "no stage, no confidence";
  EXPECT_THAT(stage_knee(knee(28.0, 0, 0, 0), tested_rule()).reasons, Contains(HasSubstr("borderline")));
  EXPECT_EQ(name(Confidence::clear), "clear");
}

TEST(StageKnee, AbstainsBetweenMinorAndMildBecauseCartilageDoesNotSeparateThem) {
  const auto report = stage_knee(knee(0.3, 1.9, 1.8, 1.4), tested_rule());
  EXPECT_EQ(report.stage, std::nullopt);
  EXPECT_THAT(report.possible, ElementsAre(Stage::minor, Stage::mild));
  EXPECT_THAT(report.reasons, Contains(HasSubstr("bone spurs")));
  EXPECT_THAT(report.reasons.front(), HasSubstr("1.9 % of cMF"));
}

using cartilage::Margin;

Rule rule_with_spurs() {
  Rule rule = tested_rule();
  rule.spurs = SpurRule{.margins = {Margin::medial_femur, Margin::lateral_femur, Margin::medial_tibia}};
  return rule;
}

cartilage::CartilageReport spurred(double medial_femur, double lateral_femur, double medial_tibia) {
  cartilage::CartilageReport report = knee(0.3, 1.9, 1.8, 1.4);
  const auto margin = [](Margin which, double highest) {
    cartilage::MarginMeasures m;
    m.margin = which;
    m.highest_spur_mm = highest;
    m.examined_percent = 97.0;
    m.spacing_mm = 0.7;
    return m;
  };
  // Those of the others are high, and not of the rule.
  report.margins = {margin(Margin::medial_femur, medial_femur), margin(Margin::lateral_femur, lateral_femur),
                    margin(Margin::medial_tibia, medial_tibia), margin(Margin::lateral_tibia, 6.0),
                    margin(Margin::patella, 6.0)};
  return report;
}

TEST(StageKnee, PartsMinorFromMildByBoneSpurs) {
  const auto mild = stage_knee(spurred(0.0, 0.0, 4.0), rule_with_spurs());
  EXPECT_THAT(mild.stage, Optional(Stage::mild));
  EXPECT_THAT(mild.possible, ElementsAre(Stage::mild));
  EXPECT_THAT(mild.confidence, Optional(Confidence::clear));
  EXPECT_THAT(mild.reasons, Contains(HasSubstr("4.0 mm (Margin of the medial tibia)")));
  const auto minor = stage_knee(spurred(0.0, 1.2, 0.0), rule_with_spurs());
  EXPECT_THAT(minor.stage, Optional(Stage::minor));
  EXPECT_THAT(minor.confidence, Optional(Confidence::clear));
  EXPECT_THAT(stage_knee(spurred(0, 0, 0), rule_with_spurs()).reasons,
              Contains(HasSubstr("no bone spur was found: not mild")));
  const auto between = stage_knee(spurred(2.0, 0.0, 0.0), rule_with_spurs());
  EXPECT_EQ(between.stage, std::nullopt);
  EXPECT_THAT(between.possible, ElementsAre(Stage::minor, Stage::mild));
  EXPECT_THAT(between.reasons, Contains(HasSubstr("too little to part minor from mild")));
  EXPECT_THAT(stage_knee(spurred(0.0, 3.0, 0.0), rule_with_spurs()).stage, Optional(Stage::mild));
}

TEST(StageKnee, IsBorderlineWhereAHeightMayLieOnTheOtherSide) {
  const auto confidence = [](double mm) {
    return stage_knee(spurred(mm, 0, 0), rule_with_spurs()).confidence;
  };
  EXPECT_THAT(confidence(3.4), Optional(Confidence::borderline));
  EXPECT_THAT(confidence(3.6), Optional(Confidence::clear));
  EXPECT_THAT(confidence(1.6), Optional(Confidence::borderline));
  EXPECT_THAT(confidence(1.4), Optional(Confidence::clear));
  EXPECT_EQ(confidence(2.5), std::nullopt);
}

TEST(StageKnee, PrintsAHeightSoThatItDiffersFromAThresholdThatItIsNotOn) {
  const auto below = stage_knee(spurred(1.96, 0, 0), rule_with_spurs());
  EXPECT_THAT(below.reasons, Contains(HasSubstr("the highest has 1.96 mm")));
  const auto between = stage_knee(spurred(2.97, 0, 0), rule_with_spurs());
  EXPECT_THAT(between.reasons, Contains(HasSubstr("stands out by 2.97 mm")));
}

TEST(StageKnee, TakesSlicesOfTheGreatestSpacingAsAHeaderRoundsIt) {
  auto oblique = spurred(0.0, 0.0, 0.0);
  for (auto& margin : oblique.margins) margin.spacing_mm = 1.50000006;
  EXPECT_THAT(stage_knee(oblique, rule_with_spurs()).stage, Optional(Stage::minor));
}

// The outline of a margin that was lost is an estimate: the stage holds for all of what it may be.
TEST(StageKnee, LeavesOpenWhatALostMarginLeavesOpen) {
  auto lost = knee(12.0, 0.0, 0.0, 0.0);
  lost.regions[0].dABp_margin_sd_percent = 3.0;
  const auto open = stage_knee(lost, rule_with_spurs());
  EXPECT_EQ(open.stage, std::nullopt);
  EXPECT_THAT(open.possible, ElementsAre(Stage::minor, Stage::mild, Stage::moderate));
  EXPECT_THAT(open.reasons, Contains(HasSubstr("between 6.0 % and 18.0 %")));
  EXPECT_THAT(open.reasons.front(), HasSubstr("12.0 % of MT"));
  lost.regions[0].dABp_margin_sd_percent = 1.0;
  EXPECT_THAT(stage_knee(lost, rule_with_spurs()).stage, Optional(Stage::moderate));
  lost.regions[0].dABp_percent = 60.0;
  lost.regions[0].dABp_margin_sd_percent = 6.0;
  EXPECT_THAT(stage_knee(lost, rule_with_spurs()).stage, Optional(Stage::severe));
}

TEST(StageKnee, StagesACompartmentByItsOwnSpurs) {
  const auto report = stage_knee(spurred(0.0, 5.0, 0.0), rule_with_spurs());
  ASSERT_EQ(report.compartments.size(), 2U);
  EXPECT_THAT(report.compartments[0].stage, Optional(Stage::minor));
  EXPECT_THAT(report.compartments[1].stage, Optional(Stage::mild));
  EXPECT_THAT(report.compartments[1].reason, HasSubstr("5.0 mm (Lateral margin of the femur)"));
  Rule medial = rule_with_spurs();
  medial.spurs->margins = {Margin::medial_femur};
  const auto silent = stage_knee(spurred(0.0, 5.0, 0.0), medial);
  EXPECT_THAT(silent.compartments[1].possible, ElementsAre(Stage::minor, Stage::mild))
      << "no margin, no word";
}

TEST(StageKnee, AbstainsWhereAMarginWasNotExamined) {
  auto cut = spurred(0.0, 0.0, 0.0);
  cut.margins[2].examined_percent = 60.0;
  const auto abstained = stage_knee(cut, rule_with_spurs());
  EXPECT_EQ(abstained.stage, std::nullopt);
  EXPECT_THAT(abstained.reasons, Contains(HasSubstr("60 % of its length")));
  cut.margins[2].highest_spur_mm = 4.0;
  EXPECT_THAT(stage_knee(cut, rule_with_spurs()).stage, Optional(Stage::mild)) << "what was seen suffices";
  cut.margins.clear();
  EXPECT_THAT(stage_knee(cut, rule_with_spurs()).possible, ElementsAre(Stage::minor, Stage::mild));
  EXPECT_THAT(stage_knee(cut, rule_with_spurs()).reasons,
              Contains(HasSubstr("was not examined for bone spurs")));
  auto thick = spurred(0.0, 0.0, 6.0);
  for (auto& margin : thick.margins) margin.spacing_mm = 3.0;
  EXPECT_EQ(stage_knee(thick, rule_with_spurs()).stage, std::nullopt);
  EXPECT_THAT(stage_knee(thick, rule_with_spurs()).reasons, Contains(HasSubstr("labels 3.0 mm apart")));
  auto nothing = spurred(nan, 0.0, 0.0);
  EXPECT_EQ(stage_knee(nothing, rule_with_spurs()).stage, std::nullopt);
}

TEST(StageKnee, LetsSpursMoveNoStageBeyondMinorAndMild) {
  auto worn = spurred(0.0, 0.0, 0.0);
  worn.regions[0] = plate(Region::MT, 20.0);
  EXPECT_THAT(stage_knee(worn, rule_with_spurs()).stage, Optional(Stage::moderate));
  EXPECT_THAT(stage_knee(worn, rule_with_spurs()).reasons, Not(Contains(HasSubstr("spur"))));
  auto doubtful = spurred(0.0, 0.0, 5.0);
  doubtful.doubts = {"nobody looked"};
  EXPECT_EQ(stage_knee(doubtful, rule_with_spurs()).possible.size(), 4U);
  // A plate that is missing leaves more open, but never what a spur has ruled out.
  auto gap = spurred(0.0, 0.0, 5.0);
  gap.regions[0].tAB_mm2 = nan;
  EXPECT_THAT(stage_knee(gap, rule_with_spurs()).possible,
              ElementsAre(Stage::mild, Stage::moderate, Stage::severe));
}

TEST(StageKnee, RefusesARuleOnSpursThatMakesNoSense) {
  const auto refused = [](auto&& change) {
    Rule rule = rule_with_spurs();
    change(*rule.spurs);
    EXPECT_THROW(stage_knee(spurred(0, 0, 0), rule), InvalidInput);
  };
  refused([](SpurRule& r) { r.margins.clear(); });
  refused([](SpurRule& r) { r.minor_below_mm = 0.0; });
  refused([](SpurRule& r) { r.mild_from_mm = 1.0; });
  refused([](SpurRule& r) { r.mild_from_mm = nan; });
  refused([](SpurRule& r) { r.min_examined_percent = 101.0; });
  refused([](SpurRule& r) { r.max_spacing_mm = 0.0; });
  refused([](SpurRule& r) { r.height_error_mm = -0.1; });
}

TEST(Evidence, SaysWhereItIsFrom) {
  EXPECT_EQ(place_title({"MT", "dABp", 1.0, "%"}), "Medial tibia (MT)");
  EXPECT_EQ(place_title({"medial_femur_margin", "highest spur", 1.0, "mm"}), "Medial margin of the femur");
  EXPECT_EQ(place_title({"elsewhere", "", 1.0, ""}), "elsewhere");
}

TEST(StageKnee, TakesThresholdsAsStrictlyAbove) {
  EXPECT_THAT(stage_knee(knee(7.5, 0, 0, 0), tested_rule()).possible, ElementsAre(Stage::minor, Stage::mild));
  EXPECT_THAT(stage_knee(knee(29.5, 0, 0, 0), tested_rule()).stage, Optional(Stage::moderate));
  const auto just_above = stage_knee(knee(std::nextafter(29.5, 30.0), 0, 0, 0), tested_rule());
  EXPECT_THAT(just_above.stage, Optional(Stage::severe));
  // The text never shows a value as the threshold that it is above of.
  EXPECT_THAT(stage_knee(knee(7.5004, 0, 0, 0), tested_rule()).reasons.front(), HasSubstr("7.5004 %"));
}

TEST(StageKnee, AbstainsWhereAMissingPlateCouldChangeTheStage) {
  auto report = knee(0.0, 0.0, 0.0, 0.0);
  report.regions.erase(report.regions.begin());  // MT
  auto result = stage_knee(report, tested_rule());
  EXPECT_EQ(result.stage, std::nullopt);
  EXPECT_THAT(result.possible, ElementsAre(Stage::minor, Stage::mild, Stage::moderate, Stage::severe));
  EXPECT_THAT(result.reasons, Contains(HasSubstr("MT (Medial tibia) was not measured")));
  // The largest that was measured, not the plate that was not.
  EXPECT_THAT(result.reasons.front(), HasSubstr("0.0 % of cMF"));

  report.regions[0].dABp_percent = 12.0;  // LT: at least moderate
  result = stage_knee(report, tested_rule());
  EXPECT_EQ(result.stage, std::nullopt);
  EXPECT_THAT(result.possible, ElementsAre(Stage::moderate, Stage::severe));
  EXPECT_THAT(result.reasons, Not(Contains(HasSubstr("bone spurs"))));
}

TEST(StageKnee, IsSevereOnOnePlateWhateverIsMissing) {
  cartilage::CartilageReport report;
  report.regions = {plate(Region::cMF, 30.0, 50.0)};
  const auto result = stage_knee(report, tested_rule());
  EXPECT_THAT(result.stage, Optional(Stage::severe));
  EXPECT_THAT(result.possible, ElementsAre(Stage::severe));
  EXPECT_THAT(result.reasons, Contains(HasSubstr("could not change")));
}

TEST(StageKnee, BoundsAPlateThatWasPartlyMeasured) {
  const auto with = [](double dABp, double unmeasured) {
    auto report = knee(0, 0, 0, 0);
    report.regions[0] = plate(Region::MT, dABp, unmeasured);
    return stage_knee(report, tested_rule());
  };
  EXPECT_THAT(with(0.0, 10.0).possible, ElementsAre(Stage::minor, Stage::mild));  // 10 % is tolerated
  EXPECT_THAT(with(0.0, 20.0).possible, ElementsAre(Stage::minor, Stage::mild, Stage::moderate));
  EXPECT_EQ(with(0.0, 20.0).stage, std::nullopt);
  EXPECT_THAT(with(8.0, 20.0).stage, Optional(Stage::moderate));  // 8 to 28 %
  EXPECT_THAT(with(8.0, 22.0).possible, ElementsAre(Stage::moderate, Stage::severe));
  EXPECT_THAT(with(8.0, 22.0).evidence, Contains(::testing::Field(&Evidence::measure, "not measured")));
}

// What a measurement says of a plate that has no cartilage at all.
TEST(StageKnee, TakesARowOfNaNForAPlateThatWasNotMeasured) {
  auto report = knee(0.0, 0.0, 0.0, 0.0);
  report.regions[0].tAB_mm2 = report.regions[0].dABp_percent = report.regions[0].not_measured_mm2 = nan;
  const auto result = stage_knee(report, tested_rule());
  EXPECT_THAT(result.possible, Contains(Stage::severe));
  EXPECT_THAT(result.reasons.front(), HasSubstr("0.0 % of cMF"));
  EXPECT_THAT(result.reasons, Contains(HasSubstr("MT (Medial tibia) was not measured")));
}

TEST(StageKnee, TakesNoNumberFromAPlateWithoutArea) {
  for (const auto& [area, dABp] : {std::pair{0.0, 0.0},
                                   {nan, 0.0},
                                   {1000.0, nan},
                                   {1000.0, -1.0},
                                   {1000.0, 101.0},
                                   {std::numeric_limits<double>::infinity(), 0.0}}) {
    auto report = knee(0, 0, 0, 0);
    report.regions[0].tAB_mm2 = area;
    report.regions[0].dABp_percent = dABp;
    const auto result = stage_knee(report, tested_rule());
    EXPECT_EQ(result.stage, std::nullopt) << area << ' ' << dABp;
    EXPECT_EQ(result.possible.size(), 4u) << area << ' ' << dABp;
    for (const Evidence& e : result.evidence) EXPECT_NE(e.place, "MT") << area << ' ' << dABp;
  }
}

TEST(StageKnee, AbstainsFullyWithoutAnyMeasure) {
  const auto result = stage_knee({}, tested_rule());
  EXPECT_EQ(result.stage, std::nullopt);
  EXPECT_EQ(result.possible.size(), 4u);
  EXPECT_THAT(result.evidence, IsEmpty());
  EXPECT_THAT(result.reasons, Not(Contains(HasSubstr("largest denuded area measured"))));
}

// The theorem behind the bounds: whatever the missing values turn out to be, the stage they give was
// possible.
TEST(StageKnee, LeavesOpenEveryStageThatTheMissingValuesCouldGive) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> percent(0.0, 60.0), part(0.0, 1.0);
  for (int round = 0; round < 2000; ++round) {
    auto known = knee(percent(random), percent(random), percent(random), percent(random));
    auto complete = known;
    for (int p = 0; p < 4; ++p) {
      if (part(random) < 0.5) continue;
      const double unmeasured = std::min(100.0 - known.regions[p].dABp_percent, percent(random));
      known.regions[p].not_measured_mm2 = 10.0 * unmeasured;
      if (unmeasured > tested_rule().max_not_measured_percent)
        complete.regions[p].dABp_percent += part(random) * unmeasured;
    }
    const auto guess = stage_knee(known, tested_rule());
    for (const Stage true_stage : stage_knee(complete, tested_rule()).possible)
      EXPECT_THAT(guess.possible, Contains(true_stage)) << "round " << round;
  }
}

TEST(StageKnee, LabelsInDoubtGiveNoStageAndRuleNoneOut) {
  // 42 % would be severe, and nothing denuded minor or mild.
  for (const double denuded : {0.0, 42.1}) {
    cartilage::CartilageReport report = knee(denuded, 0.0, 0.0, 0.0);
    report.doubts = {"medial tibial cartilage: the Dice to expect is only 0.71"};
    const StageReport stage = stage_knee(report, tested_rule());
    EXPECT_EQ(stage.stage, std::nullopt);
    EXPECT_THAT(stage.possible, ElementsAre(Stage::minor, Stage::mild, Stage::moderate, Stage::severe));
    EXPECT_THAT(stage.reasons.front(), HasSubstr("labels are in doubt"));
    EXPECT_THAT(stage.reasons, Contains(HasSubstr("only 0.71")));
    EXPECT_THAT(stage.reasons, Not(Contains(HasSubstr("What is missing"))));
    EXPECT_THAT(stage.evidence, Not(IsEmpty()));
  }
}

TEST(StageKnee, SaysWhatItIsAndRestsOn) {
  auto knee_report = knee(1, 2, 3, 4);
  knee_report.flags = {"femur is cut by the border of the image beside the joint"};
  const auto result = stage_knee(knee_report, tested_rule());
  EXPECT_THAT(result.statement, HasSubstr("not a Kellgren-Lawrence grade"));
  EXPECT_EQ(result.rule_name, "largest-dABp");
  EXPECT_EQ(result.rule_version, "1");
  EXPECT_EQ(result.evidence.size(), 4u);
  EXPECT_THAT(result.reasons.back(), HasSubstr("femur is cut by the border of the image beside the joint"));
}

TEST(StageKnee, RefusesARuleThatCannotDecide) {
  const auto refused = [](auto change) {
    Rule rule = tested_rule();
    change(rule);
    EXPECT_THROW(stage_knee(knee(0, 0, 0, 0), rule), InvalidInput);
  };
  refused([](Rule& r) { r.plates.clear(); });
  refused([](Rule& r) { r.plates.push_back(Region::outside); });
  refused([](Rule& r) { r.severe_above_dABp_percent = 7.5; });
  refused([](Rule& r) { r.moderate_above_dABp_percent = nan; });
  refused([](Rule& r) { r.max_not_measured_percent = -1.0; });
  refused([](Rule& r) { r.dABp_error_percent = nan; });
}

TEST(Stage, RoundTripsThroughItsName) {
  for (const Stage stage : {Stage::minor, Stage::mild, Stage::moderate, Stage::severe})
    EXPECT_THAT(stage_named(name(stage)), Optional(stage));
  EXPECT_EQ(stage_named("KL2"), std::nullopt);
}

}  // namespace
}  // namespace genu::staging
