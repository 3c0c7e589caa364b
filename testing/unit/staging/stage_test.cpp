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
    for (const Evidence& e : result.evidence) EXPECT_NE(e.region, Region::MT) << area << ' ' << dABp;
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
