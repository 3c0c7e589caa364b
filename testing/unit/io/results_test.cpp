// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/testing/data.h>

#include "calibration_samples.h"
#include "comma_locale.h"
#include "matchers.h"
#include "needle_samples.h"
#include "samples.h"
#include "trochlear_samples.h"

namespace genu::io {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::sample_agreements;
using testing::sample_plans;
using testing::sample_report;
using testing::sample_segmentation;
using testing::sample_stage;
using testing::ScratchFolder;

void expect_same(double a, double b, const char* what) {
  EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << what << ": " << a << ", " << b;
}

TEST(Measurements, AreReadBackFieldByField) {
  const cartilage::CartilageReport report = sample_report();
  const cartilage::CartilageReport read = cartilage_from_json(to_json(report), "m.json");
  EXPECT_EQ(read.side, report.side);
  EXPECT_EQ(read.side_source, report.side_source);
  EXPECT_EQ(read.frame.side, report.frame.side);
  EXPECT_EQ(read.frame.origin, report.frame.origin);
  EXPECT_EQ(read.frame.lateral, report.frame.lateral);
  EXPECT_EQ(read.frame.anterior, report.frame.anterior);
  EXPECT_EQ(read.frame.proximal, report.frame.proximal);
  EXPECT_EQ(read.method, report.method);
  EXPECT_EQ(read.thickness_options.max_thickness_mm, 7.5);
  EXPECT_EQ(read.thickness_options.search_inside_mm, 2.25);
  EXPECT_EQ(read.thickness_options.max_gap_mm, 1.25);
  EXPECT_EQ(read.thickness_options.max_tilt_deg, 55.0);
  EXPECT_EQ(read.extract_options.smoothing_mm, 0.375);
  EXPECT_EQ(read.extract_options.fairing_mm, 1.125);
  EXPECT_EQ(read.flags, report.flags);
  EXPECT_EQ(read.doubts, report.doubts);
  ASSERT_EQ(read.regions.size(), report.regions.size());
  for (std::size_t r = 0; r < read.regions.size(); ++r) {
    const cartilage::RegionMeasures &a = read.regions[r], &b = report.regions[r];
    EXPECT_EQ(a.region, b.region);
    expect_same(a.tAB_mm2, b.tAB_mm2, "tAB");
    expect_same(a.cAB_mm2, b.cAB_mm2, "cAB");
    expect_same(a.dAB_mm2, b.dAB_mm2, "dAB");
    expect_same(a.dABp_percent, b.dABp_percent, "dABp");
    expect_same(a.dABp_margin_sd_percent, b.dABp_margin_sd_percent, "margin SD");
    expect_same(a.not_measured_mm2, b.not_measured_mm2, "not measured");
    expect_same(a.VC_mm3, b.VC_mm3, "VC");
    expect_same(a.VCtAB_mm, b.VCtAB_mm, "VCtAB");
    expect_same(a.ThCtAB_mean_mm, b.ThCtAB_mean_mm, "mean");
    expect_same(a.ThCtAB_median_mm, b.ThCtAB_median_mm, "median");
    expect_same(a.ThCtAB_sd_mm, b.ThCtAB_sd_mm, "SD");
    expect_same(a.ThCcAB_mean_mm, b.ThCcAB_mean_mm, "covered mean");
    expect_same(a.focal_loss_percent, b.focal_loss_percent, "loss");
    expect_same(a.full_thickness_loss_percent, b.full_thickness_loss_percent, "full loss");
    expect_same(a.MOAKS_size_grade, b.MOAKS_size_grade, "MOAKS size");
    expect_same(a.MOAKS_full_thickness_grade, b.MOAKS_full_thickness_grade, "MOAKS full thickness");
  }
  EXPECT_EQ(read.parts.size(), report.parts.size());
  EXPECT_EQ(to_json(read), to_json(report)) << "every other measure too";
  ASSERT_EQ(read.menisci.size(), report.menisci.size());
  for (std::size_t n = 0; n < read.menisci.size(); ++n) {
    const cartilage::MeniscusMeasures &a = read.menisci[n], &b = report.menisci[n];
    EXPECT_EQ(a.meniscus, b.meniscus);
    EXPECT_EQ(a.plate, b.plate);
    expect_same(a.extrusion_mm, b.extrusion_mm, "extrusion");
    expect_same(a.coverage_percent, b.coverage_percent, "coverage");
    expect_same(a.covered_mm2, b.covered_mm2, "covered");
    expect_same(a.volume_mm3, b.volume_mm3, "volume");
  }
  EXPECT_EQ(read.thickness_options.smoothing_mm, 1.5);
  ASSERT_EQ(read.margins.size(), 2U);
  EXPECT_EQ(read.margins[0].margin, cartilage::Margin::lateral_femur);
  expect_same(read.margins[0].highest_spur_mm, 3.25, "highest spur");
  expect_same(read.margins[0].examined_percent, 93.5, "examined");
  expect_same(read.margins[0].spacing_mm, 0.7, "spacing");
  ASSERT_EQ(read.margins[0].spurs.size(), 2U);
  EXPECT_EQ(read.margins[0].spurs[1].name, "lateral_femur_margin-2");
  EXPECT_EQ(read.margins[0].spurs[0].height_mm, 3.25);
  EXPECT_EQ(read.margins[0].spurs[0].length_mm, 6.5);
  EXPECT_EQ(read.margins[0].spurs[0].tip, (Point3{1.5, 2.5, -3.5}));
  EXPECT_TRUE(std::isnan(read.margins[1].highest_spur_mm));
  ASSERT_EQ(read.lesions.size(), report.lesions.size());
  for (std::size_t n = 0; n < read.lesions.size(); ++n) {
    const cartilage::Lesion &a = read.lesions[n], &b = report.lesions[n];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.region, b.region);
    EXPECT_EQ(a.centre, b.centre);
    EXPECT_EQ(a.articular_point, b.articular_point);
    EXPECT_EQ(a.normal, b.normal);
    expect_same(a.area_mm2, b.area_mm2, "area");
    expect_same(a.denuded_area_mm2, b.denuded_area_mm2, "denuded");
    expect_same(a.min_thickness_mm, b.min_thickness_mm, "min");
    expect_same(a.expected_thickness_mm, b.expected_thickness_mm, "expected");
    EXPECT_EQ(a.subregion, b.subregion);
    EXPECT_EQ(a.icrs_grade, b.icrs_grade);
    expect_same(a.max_depth_percent, b.max_depth_percent, "max depth");
    expect_same(a.mean_depth_percent, b.mean_depth_percent, "mean depth");
    expect_same(a.length_mm, b.length_mm, "length");
    expect_same(a.width_mm, b.width_mm, "width");
    expect_same(a.volume_lost_mm3, b.volume_lost_mm3, "volume lost");
  }
}

// 0 is denuded and NaN is not measured: JSON has to keep them apart.
TEST(Measurements, NotMeasuredIsNullAndDenudedIsZero) {
  const json document = json::parse(to_json(sample_report()));
  EXPECT_TRUE(document["regions"][1]["ThCtAB_mean_mm"].is_null());
  EXPECT_EQ(document["regions"][1]["tAB_mm2"], 0.0);
  EXPECT_EQ(document["regions"][0]["region"], "MT");
  EXPECT_EQ(document["lesions"][0]["min_thickness_mm"], 0.0);
  EXPECT_EQ(document["lesions"][0]["subregion"], "eMT");
  EXPECT_EQ(document["lesions"][0]["icrs_grade"], 4);
  EXPECT_TRUE(document["lesions"][1]["volume_lost_mm3"].is_null());
  EXPECT_EQ(document["regions"][0]["MOAKS_size_grade"], 2.0);
  EXPECT_TRUE(document["regions"][1]["MOAKS_size_grade"].is_null());
  EXPECT_EQ(document["schema"], "genu/measurements/1");
  EXPECT_EQ(document["region_numbers"]["TrF"], static_cast<int>(cartilage::Region::TrF));
}

TEST(Measurements, APointThatIsNotFiniteIsNotWritten) {
  cartilage::CartilageReport report = sample_report();
  report.lesions[0].centre.y = testing::not_measured;
  EXPECT_THAT(message_of<InvalidInput>([&] { to_json(report); }), HasSubstr("(1, nan, 3)"));
}

TEST(StageJson, IsReadBackFieldByField) {
  for (const bool abstained : {false, true}) {
    staging::StageReport report = sample_stage();
    if (abstained) {
      report.stage.reset();
      report.confidence.reset();
      report.possible = {staging::Stage::minor, staging::Stage::mild, staging::Stage::severe};
    }
    const staging::StageReport read = stage_from_json(to_json(report), "s.json");
    EXPECT_EQ(read.stage, report.stage);
    EXPECT_EQ(read.possible, report.possible);
    EXPECT_EQ(read.confidence, report.confidence);
    ASSERT_EQ(read.compartments.size(), 2U);
    for (std::size_t c = 0; c < 2; ++c) {
      EXPECT_EQ(read.compartments[c].compartment, report.compartments[c].compartment);
      EXPECT_EQ(read.compartments[c].stage, report.compartments[c].stage);
      EXPECT_EQ(read.compartments[c].possible, report.compartments[c].possible);
      EXPECT_EQ(read.compartments[c].confidence, report.compartments[c].confidence);
      EXPECT_EQ(read.compartments[c].reason, report.compartments[c].reason);
    }
    EXPECT_EQ(read.reasons, report.reasons);
    ASSERT_EQ(read.evidence.size(), 2U);
    for (std::size_t e = 0; e < 2; ++e) {
      EXPECT_EQ(read.evidence[e].place, report.evidence[e].place);
      EXPECT_EQ(read.evidence[e].measure, report.evidence[e].measure);
      expect_same(read.evidence[e].value, report.evidence[e].value, "value");
      EXPECT_EQ(read.evidence[e].unit, report.evidence[e].unit);
    }
    EXPECT_EQ(read.rule_name, report.rule_name);
    EXPECT_EQ(read.rule_version, report.rule_version);
    EXPECT_EQ(read.statement, report.statement);
  }
}

void expect_same_path(const Trajectory& a, const Trajectory& b) {
  EXPECT_EQ(a.entry, b.entry);
  EXPECT_EQ(a.target, b.target);
}

void expect_same_options(const planning::PlanOptions& a, const planning::PlanOptions& b) {
  EXPECT_EQ(a.entry_spacing_mm, b.entry_spacing_mm);
  EXPECT_EQ(a.max_ranked, b.max_ranked);
  EXPECT_EQ(a.min_separation_mm, b.min_separation_mm);
  EXPECT_EQ(a.estimated_margin_sd, b.estimated_margin_sd);
  EXPECT_EQ(a.weights.depth, b.weights.depth);
  EXPECT_EQ(a.weights.risk, b.weights.risk);
  EXPECT_EQ(a.weights.angle, b.weights.angle);
  EXPECT_EQ(a.weights.hit, b.weights.hit);
  EXPECT_EQ(a.errors.segmentation_sd_mm, b.errors.segmentation_sd_mm);
  EXPECT_EQ(a.errors.registration_sd_mm, b.errors.registration_sd_mm);
  EXPECT_EQ(a.errors.hand_sd_mm, b.errors.hand_sd_mm);
  EXPECT_EQ(a.errors.hand_angle_sd_deg, b.errors.hand_angle_sd_deg);
  EXPECT_EQ(a.errors.samples, b.errors.samples);
  EXPECT_EQ(a.errors.seed, b.errors.seed);
}

void expect_same_view(const std::optional<planning::ProbeView>& a,
                      const std::optional<planning::ProbeView>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (!a) return;
  EXPECT_EQ(a->pose.face, b->pose.face);
  EXPECT_EQ(a->pose.axis, b->pose.axis);
  EXPECT_EQ(a->pose.beam, b->pose.beam);
  EXPECT_EQ(a->face_angle_deg, b->face_angle_deg);
  EXPECT_EQ(a->out_of_plane_mm, b->out_of_plane_mm);
  EXPECT_EQ(a->turn_deg, b->turn_deg);
  EXPECT_EQ(a->seen_mm, b->seen_mm);
  EXPECT_EQ(a->length_mm, b->length_mm);
  EXPECT_EQ(a->width_mm, b->width_mm);
  EXPECT_EQ(a->image_depth_mm, b->image_depth_mm);
}

TEST(PlanJson, IsReadBackFieldByField) {
  const std::vector<planning::NeedlePlan> plans = sample_plans();
  const std::vector<planning::NeedlePlan> read = plans_from_json(to_json(plans), "p.json");
  ASSERT_EQ(read.size(), plans.size());
  for (std::size_t p = 0; p < plans.size(); ++p) {
    EXPECT_EQ(read[p].target.name, plans[p].target.name);
    EXPECT_EQ(read[p].target.point, plans[p].target.point);
    EXPECT_EQ(read[p].target.normal, plans[p].target.normal);
    EXPECT_EQ(read[p].target.tolerance_mm, plans[p].target.tolerance_mm);
    EXPECT_EQ(read[p].target.kind, plans[p].target.kind);
    EXPECT_EQ(read[p].target.compartment, plans[p].target.compartment);
    EXPECT_EQ(read[p].target.points, plans[p].target.points);
    expect_same_options(read[p].options, plans[p].options);
    EXPECT_EQ(read[p].target.surface, plans[p].target.surface);
    EXPECT_EQ(read[p].approach, plans[p].approach);
    EXPECT_EQ(read[p].reasons, plans[p].reasons);
    EXPECT_EQ(read[p].limits, plans[p].limits);
    EXPECT_EQ(read[p].safe, plans[p].safe);
    ASSERT_EQ(read[p].ranked.size(), plans[p].ranked.size());
    ASSERT_EQ(read[p].rejected.size(), plans[p].rejected.size());
  }
  for (std::size_t r = 0; r < plans[0].ranked.size(); ++r) {
    const planning::RankedTrajectory &a = read[0].ranked[r], &b = plans[0].ranked[r];
    expect_same_path(a.path, b.path);
    EXPECT_EQ(a.score, b.score);
    EXPECT_EQ(a.pareto, b.pareto);
    expect_same_view(a.card.view, b.card.view);
    EXPECT_EQ(a.card.free_cone_deg, b.card.free_cone_deg);
    EXPECT_EQ(a.card.risk, b.card.risk);
    EXPECT_EQ(a.card.hit.probability, b.card.hit.probability);
    EXPECT_EQ(a.card.hit.low, b.card.hit.low);
    EXPECT_EQ(a.card.hit.high, b.card.hit.high);
    EXPECT_EQ(a.card.hit.samples, b.card.hit.samples);
    EXPECT_EQ(a.card.hit.course, b.card.hit.course);
    ASSERT_EQ(a.card.tissues.size(), b.card.tissues.size());
    for (std::size_t t = 0; t < a.card.tissues.size(); ++t) {
      EXPECT_EQ(a.card.tissues[t].tissue, b.card.tissues[t].tissue);
      EXPECT_EQ(a.card.tissues[t].length_mm, b.card.tissues[t].length_mm);
    }
    EXPECT_EQ(a.card.depth_mm, b.card.depth_mm);
    EXPECT_EQ(a.card.skin_angle_deg, b.card.skin_angle_deg);
    ASSERT_EQ(a.card.needle.has_value(), b.card.needle.has_value());
    ASSERT_EQ(a.card.clearances.size(), b.card.clearances.size());
    for (std::size_t c = 0; c < a.card.clearances.size(); ++c) {
      EXPECT_EQ(a.card.clearances[c].structure, b.card.clearances[c].structure);
      EXPECT_EQ(a.card.clearances[c].kind, b.card.clearances[c].kind);
      expect_same(a.card.clearances[c].distance_mm, b.card.clearances[c].distance_mm, "distance");
      EXPECT_EQ(a.card.clearances[c].source, b.card.clearances[c].source);
      EXPECT_EQ(a.card.clearances[c].position_sd_mm, b.card.clearances[c].position_sd_mm);
      expect_same(a.card.clearances[c].asked_mm, b.card.clearances[c].asked_mm, "asked");
      EXPECT_EQ(a.card.clearances[c].touch, b.card.clearances[c].touch);
    }
  }
  EXPECT_EQ(read[0].ranked[0].card.needle->name, "21 G, 2 in");
  EXPECT_EQ(read[0].ranked[0].card.needle->gauge, 21);
  EXPECT_EQ(read[0].ranked[0].card.needle->diameter_mm, 0.82);
  EXPECT_EQ(read[0].ranked[0].card.needle->length_mm, 50.8);
  EXPECT_EQ(read[0].ranked[0].card.needle->bend_percent, 0.75);
  for (std::size_t r = 0; r < plans[0].rejected.size(); ++r) {
    expect_same_path(read[0].rejected[r].path, plans[0].rejected[r].path);
    EXPECT_EQ(read[0].rejected[r].reason, plans[0].rejected[r].reason);
    EXPECT_EQ(read[0].rejected[r].structure, plans[0].rejected[r].structure);
  }
}

phantom::Knee sample_phantom() {
  phantom::KneeOptions options;
  options.side = Side::left;
  options.femoral_thickness_mm = 2.25;
  options.patellar_change_mm = -0.25;
  options.defects = {{"hole", phantom::Plate::medial_tibia, 1.0, 2.0, 9.0, 0.75}};
  options.spurs = {{Bone::femur, false, 3.5, 5.5}};
  options.patient_from_knee = RigidTransform::rotation_about({}, {1, 2, 3}, 20.0);
  return phantom::Knee(options);
}

TEST(TruthJson, KeepsToItsSchemaAndHoldsTheTruth) {
  const phantom::Knee knee = sample_phantom();
  const phantom::Truth truth = phantom::truth_of(knee, 2.0);
  const std::string text = to_json(knee, truth);
  validate_json(text, "truth", "truth.json");
  const json document = json::parse(text);
  EXPECT_EQ(document["side"], "left");
  EXPECT_EQ(document["thickness_mm"]["femur"], 2.25);
  EXPECT_EQ(document["thickness_change_mm"]["patella"], -0.25);
  EXPECT_EQ(document["patient_from_knee"]["rotation"][1][2],
            knee.options().patient_from_knee.rotation().rows[1][2]);
  ASSERT_EQ(document["plates"].size(), truth.plates.size());
  for (std::size_t p = 0; p < truth.plates.size(); ++p) {
    EXPECT_EQ(document["plates"][p]["plate"], std::string(name(truth.plates[p].plate)));
    EXPECT_EQ(document["plates"][p]["mean_thickness_mm"], truth.plates[p].mean_thickness_mm);
    EXPECT_EQ(document["plates"][p]["cartilage_volume_mm3"], truth.plates[p].cartilage_volume_mm3);
    EXPECT_EQ(document["plates"][p]["denuded_area_mm2"], truth.plates[p].denuded_area_mm2);
    EXPECT_EQ(document["plates"][p]["subchondral_area_mm2"], truth.plates[p].subchondral_area_mm2);
  }
  ASSERT_EQ(document["lesions"].size(), 1U);
  EXPECT_EQ(document["lesions"][0]["name"], "hole");
  EXPECT_EQ(document["lesions"][0]["depth_fraction"], 0.75);
  EXPECT_EQ(document["lesions"][0]["centre_mm"][0], truth.lesions[0].centre.x);
  EXPECT_EQ(document["bone_spurs"][0]["medial"], false);
}

TEST(StagingRule, ThoseThatShipAreTheTestedOnes) {
  const staging::Rule rule = read_staging_rule(data_file("staging/rule-1.json"));
  using cartilage::Margin;
  using cartilage::Region;
  EXPECT_THAT(rule.plates, ::testing::UnorderedElementsAre(Region::MT, Region::cMF, Region::LT, Region::cLF));
  EXPECT_EQ(rule.moderate_above_dABp_percent, 7.5);
  EXPECT_EQ(rule.severe_above_dABp_percent, 29.5);
  EXPECT_EQ(rule.version, "1");
  EXPECT_THAT(rule.source, HasSubstr("441 knees"));
  EXPECT_FALSE(rule.spurs);
  const staging::Rule second = read_staging_rule(data_file("staging/rule-2.json"));
  EXPECT_EQ(second.version, "2");
  EXPECT_EQ(second.plates, rule.plates);
  EXPECT_EQ(second.moderate_above_dABp_percent, 7.5);
  EXPECT_EQ(second.severe_above_dABp_percent, 29.5);
  ASSERT_TRUE(second.spurs);
  EXPECT_THAT(second.spurs->margins, ::testing::UnorderedElementsAre(
                                         Margin::medial_femur, Margin::lateral_femur, Margin::medial_tibia));
  EXPECT_EQ(second.spurs->minor_below_mm, 2.0);
  EXPECT_EQ(second.spurs->mild_from_mm, 3.0);
  EXPECT_EQ(second.spurs->min_examined_percent, 80.0);
  EXPECT_EQ(second.spurs->max_spacing_mm, 1.5);
  EXPECT_EQ(second.spurs->height_error_mm, 0.5);
}

TEST(StagingRule, ThresholdsOutOfOrderAreRefused) {
  const ScratchFolder scratch;
  json rule = json::parse(read_text(data_file("staging/rule-1.json")));
  rule["severe_above_dABp_percent"] = 7.5;
  write_text(scratch / "r.json", rule.dump());
  EXPECT_THAT(message_of([&] { read_staging_rule(scratch / "r.json"); }),
              AllOf(HasSubstr("r.json"), HasSubstr("/severe_above_dABp_percent"), HasSubstr("7.5")));
  rule = json::parse(read_text(data_file("staging/rule-2.json")));
  rule["spurs"]["mild_from_mm"] = 1.75;
  write_text(scratch / "r.json", rule.dump());
  EXPECT_THAT(message_of([&] { read_staging_rule(scratch / "r.json"); }),
              AllOf(HasSubstr("r.json"), HasSubstr("/spurs/mild_from_mm"), HasSubstr("1.75")));
}

TEST(PlansCsv, HasARowForEachRankedTrajectory) {
  const std::string text = plans_csv(sample_plans());
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_EQ(lines, 3);
  EXPECT_THAT(text, HasSubstr("target,approach,rank,pareto,score,depth_mm,"));
  EXPECT_THAT(text, HasSubstr("MT-1,superolateral,1,1,0.875,41.5,12.25,22.5,0.5,17.5,6.25,0.0625,0.75,0.7,"
                              "0.8,\"21 G, 2 in\",femur,1.375,segmented,10.125,20,30,1.5,2.5,3.5\n"));
  EXPECT_THAT(text, HasSubstr("MT-1,superolateral,2,0,0.5,41.5,12.25,,,,6.25,0.0625,0.75,0.7,0.8,,femur,"));
}

TEST(Approaches, ThoseThatShipServeEveryKindOfTarget) {
  const auto approaches = read_approaches(data_file("planning/approaches.json"));
  std::set<planning::TargetKind> targets;
  for (const planning::Approach& approach : approaches) {
    targets.insert(approach.targets.begin(), approach.targets.end());
    EXPECT_FALSE(approach.sources.empty());
    EXPECT_GE(approach.needles.back().length_mm, 76.0) << "a 3 in needle at least";
    for (const std::string& name : approach.may_cross) EXPECT_TRUE(tissue_named(name)) << name;
    for (const std::string& name : approach.at_risk) EXPECT_TRUE(tissue_named(name)) << name;
    for (const auto& [name, clearance] : approach.min_clearance_of_mm)
      EXPECT_TRUE(tissue_named(name)) << name;
    // Entries lie on the side that the approach is named for.
    const Vector3 low = approach.entry.min_mm, high = approach.entry.max_mm;
    if (approach.side_of_entry == "lateral") {
      EXPECT_GT(low.x + high.x, 0.0) << approach.name;
      EXPECT_GE(low.x, 0.0) << approach.name;
    }
    if (approach.side_of_entry == "medial") {
      EXPECT_LE(high.x, 0.0) << approach.name;
    }
  }
  EXPECT_EQ(targets.size(), planning::all_target_kinds.size() - 1) << "all but a picked point";
  const planning::Approach& first = approaches.front();
  EXPECT_EQ(first.name, "superolateral");
  EXPECT_EQ(first.entry.from, planning::EntryWindow::From::patella);
  EXPECT_EQ(first.entry.min_mm, (Vector3{8, -50, 0}));
  EXPECT_EQ(first.entry.max_mm, (Vector3{80, 20, 75}));
  EXPECT_EQ(first.needles.front().diameter_mm, 0.51);
  EXPECT_EQ(first.needles.front().bend_percent, 2.0);
  EXPECT_EQ(first.probe.footprint.length_mm, 38.0);
  EXPECT_EQ(first.probe.guidance, planning::Guidance::in_plane);
  EXPECT_EQ(first.min_clearance_mm, (std::array{1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 1.0}));
  EXPECT_EQ(first.min_clearance_of_mm.at("great_saphenous_vein"), 2.0);
  ASSERT_EQ(first.accuracy.size(), 2u);
  EXPECT_EQ(first.accuracy[0].percent, 91.0);
}

TEST(Approaches, WhatTheSchemaCannotSayIsRefusedToo) {
  const ScratchFolder scratch;
  const json good = json::parse(read_text(data_file("planning/approaches.json")));
  const auto refusal = [&](const json& document) {
    write_text(scratch / "a.json", document.dump());
    return message_of([&] { read_approaches(scratch / "a.json"); });
  };
  json bad = good;
  bad["approaches"][0]["entry"]["min_mm"][1] = 50.0;
  EXPECT_THAT(refusal(bad),
              AllOf(HasSubstr("a.json"), HasSubstr("/approaches/0/entry/min_mm"), HasSubstr("50")));
  bad = good;
  std::swap(bad["approaches"][1]["needles"][0], bad["approaches"][1]["needles"][2]);
  EXPECT_THAT(refusal(bad), HasSubstr("/approaches/1/needles/1"));
  bad = good;
  bad["approaches"][1]["needles"][0] = "12 G";
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/approaches/1/needles"), HasSubstr("'12 G'")));
  bad = good;
  bad["approaches"][2]["probe"]["name"] = "convex";
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/approaches/2/probe/name"), HasSubstr("'convex'")));
  bad = good;
  bad["approaches"][2]["probe"]["axis"] = {0, 0, 0};
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/approaches/2"), HasSubstr("axis")));
  bad = good;
  bad["approaches"][1]["name"] = "superolateral";
  EXPECT_THAT(refusal(bad),
              AllOf(HasSubstr("/approaches/1/name"), HasSubstr("'superolateral' is there twice")));
}

// ---- anatomy table ----

/// The table that ships, with as little of it as the schema allows.
json small_anatomy_table() {
  json document = json::parse(read_text(data_file("planning/anatomy.json")));
  for (auto& samples : document["bones"]) samples.erase(samples.begin() + 100, samples.end());
  document["structures"].erase(document["structures"].begin() + 2, document["structures"].end());
  return document;
}

TEST(AnatomyTables, TheOneThatShipsHasWhatItShould) {
  const planning::AnatomyTable table = read_anatomy_table(data_file("planning/anatomy.json"));
  EXPECT_EQ(table.name, "spl_knee");
  for (const auto& samples : table.bones) {
    EXPECT_GE(samples.size(), 700u);
    for (const auto& sample : samples) EXPECT_NEAR(length(sample.normal), 1.0, 1e-9);
  }
  std::map<std::string, planning::TableStructure> structures;
  for (const auto& structure : table.structures) {
    structures[structure.name] = structure;
    EXPECT_GT(structure.spread_sd_mm, 0.0) << structure.name;
    EXPECT_FALSE(structure.source.empty()) << structure.name;
  }
  EXPECT_EQ(structures.size(), 19u);
  EXPECT_EQ(structures.at("tibial_nerve").kind, planning::StructureKind::nerve);
  EXPECT_EQ(structures.at("pes_anserinus_tendon").courses.size(), 2u);
  const auto& artery = structures.at("popliteal_artery").courses.front();
  EXPECT_EQ(artery.front().bones, (planning::BoneWeights{1, 0, 0})) << "its upper end";
  EXPECT_EQ(artery.back().bones, (planning::BoneWeights{0, 1, 0}));
  for (const auto& section : artery) {
    EXPECT_LT(section.centre_mm.y, std::abs(section.centre_mm.z) < 20.0 ? -20.0 : 5.0) << "behind the joint";
    EXPECT_GE(length(section.major_half_axis_mm), section.minor_half_axis_mm - 0.02);
    EXPECT_NEAR(section.minor_half_axis_mm, 3.0, 1.5);
  }
  EXPECT_GT(structures.at("common_peroneal_nerve").courses[0].back().centre_mm.x, 20.0) << "lateral";
  EXPECT_LT(structures.at("great_saphenous_vein").courses[0].back().centre_mm.x, -20.0) << "medial";
  EXPECT_GT(table.skin.rings.size(), 15u);
  EXPECT_GT(table.skin.position_sd_mm, 0.0);
}

TEST(AnatomyTables, WhatTheSchemaCannotSayIsRefusedToo) {
  const ScratchFolder scratch;
  const json good = small_anatomy_table();
  const auto refusal = [&](const json& document) {
    write_text(scratch / "a.json", document.dump());
    return message_of([&] { read_anatomy_table(scratch / "a.json"); });
  };
  write_text(scratch / "good.json", good.dump());
  EXPECT_EQ(read_anatomy_table(scratch / "good.json").structures.size(), 2u);
  json bad = good;
  bad["structures"][1]["name"] = "big_toe";
  EXPECT_THAT(refusal(bad),
              AllOf(HasSubstr("a.json"), HasSubstr("/structures/1/name"), HasSubstr("big_toe")));
  bad = good;
  bad["structures"][1]["name"] = good["structures"][0]["name"];
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/structures/1/name"), HasSubstr("is there twice")));
  bad = good;
  bad["structures"][0]["courses"][0][3]["bones"] = {0.5, 0.25, 0.0};
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/structures/0/courses/0/3/bones"), HasSubstr("0.25")));
  bad = good;
  bad["structures"][0]["courses"][0][3]["minor_half_axis_mm"] = 40.0;
  EXPECT_THAT(refusal(bad),
              AllOf(HasSubstr("/structures/0/courses/0/3/major_half_axis_mm"), HasSubstr("40")));
  bad = good;
  bad["structures"][0]["courses"][0][3]["centre_mm"] = good["structures"][0]["courses"][0][2]["centre_mm"];
  EXPECT_THAT(refusal(bad), HasSubstr("/structures/0/courses/0/3/centre_mm"));
  bad = good;
  bad["bones"]["tibia"][7] = {1.0, 2.0, 3.0, 0.5, 0.0, 0.0};
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/bones/tibia/7"), HasSubstr("0.5")));
  bad = good;
  bad["skin"]["rings"][4]["points_mm"].erase(0);
  EXPECT_THAT(refusal(bad), AllOf(HasSubstr("/skin/rings/4/points_mm"), HasSubstr("35")));
}

// ---- agreement ----

TEST(Agreements, GoIntoJsonAndCsvWithNothingWhereNothingWasMeasured) {
  const json document = json::parse(to_json(sample_agreements(), "first", "second"));
  EXPECT_EQ(document["a"], "first");
  EXPECT_EQ(document["b"], "second");
  const json& femur = document["structures"][0];
  EXPECT_EQ(femur["structure"], "femur");
  EXPECT_EQ(femur["voxels_b"], 101);
  EXPECT_EQ(femur["hausdorff_95_mm"], 1.25);
  EXPECT_TRUE(document["structures"][1]["assd_mm"].is_null());

  EXPECT_EQ(
      agreement_csv(sample_agreements(), "a, or 1", "b"),
      "a,b,structure,voxels_a,voxels_b,dice,assd_mm,hausdorff_mm,hausdorff_95_mm,volume_difference_percent\n"
      "\"a, or 1\",b,femur,100,101,0.875,0.375,4.5,1.25,1\n"
      "\"a, or 1\",b,patella,0,7,0,,,,\n");
}

TEST(Results, ASegmentationsStatementComesBackWhole) {
  const segmentation::SegmentationReport written = sample_segmentation();
  const segmentation::SegmentationReport read = segmentation_from_json(to_json(written), "a.json");
  EXPECT_EQ(read.side, written.side);
  EXPECT_EQ(read.side_source, written.side_source);
  EXPECT_EQ(read.network, "a network");
  EXPECT_EQ(read.quality.verdict, written.quality.verdict);
  EXPECT_EQ(read.quality.score, written.quality.score);
  EXPECT_EQ(read.quality.reasons, written.quality.reasons);
  ASSERT_EQ(read.quality.structures.size(), 2U);
  for (std::size_t s = 0; s < 2; ++s) {
    const auto &a = read.quality.structures[s], &b = written.quality.structures[s];
    EXPECT_EQ(a.tissue, b.tissue);
    EXPECT_EQ(a.volume_mm3, b.volume_mm3);
    EXPECT_EQ(a.overlap, b.overlap);
    EXPECT_EQ(a.score, b.score);
    EXPECT_EQ(a.validated, b.validated);
  }
  EXPECT_EQ(read.quality.structures[0].agreement, 0.97);
  EXPECT_TRUE(std::isnan(read.quality.structures[1].agreement));
}

TEST(Results, ACalibrationIsReadWithTheStructuresThatItNames) {
  const ScratchFolder scratch;
  const json good{{"schema", "genu/network/1"},
                  {"name", "a network"},
                  {"validated", {"tibia"}},
                  {"calibration",
                   {{"review_below", 0.75},
                    {"fail_below", 0.5},
                    {"fits",
                     {{{"structures", {"femur", "patella"}},
                       {"intercept", 0.125},
                       {"overlap", 0.5},
                       {"agreement", 0.25}}}}}}};
  write_text(scratch / "good.json", good.dump());
  const segmentation::Calibration read = read_calibration(scratch / "good.json");
  EXPECT_EQ(read.name, "a network");
  EXPECT_EQ(read.validated, std::vector{Tissue::tibia});
  EXPECT_EQ(read.review_below, 0.75);
  EXPECT_EQ(read.fail_below, 0.5);
  ASSERT_EQ(read.fits.size(), 1U);
  EXPECT_EQ(read.fits[0].structures, (std::vector{Tissue::femur, Tissue::patella}));
  EXPECT_EQ(read.fits[0].intercept, 0.125);
  EXPECT_EQ(read.fits[0].overlap, 0.5);
  EXPECT_EQ(read.fits[0].agreement, 0.25);
  json bad = good;
  bad["calibration"]["fits"][0]["structures"][1] = "knee cap";
  write_text(scratch / "bad.json", bad.dump());
  EXPECT_THAT(message_of([&] { read_calibration(scratch / "bad.json"); }),
              AllOf(HasSubstr("bad.json"), HasSubstr("knee cap")));
  bad = good;
  bad["calibration"]["fail_below"] = 0.8;
  write_text(scratch / "bad.json", bad.dump());
  EXPECT_THAT(message_of([&] { read_calibration(scratch / "bad.json"); }),
              AllOf(HasSubstr("bad.json"), HasSubstr("0.8 is above 0.75")));
}

// ---- schemas ----

struct SchemaCase {
  std::string schema;
  json valid;
  std::set<std::string> optional;  ///< Keys that may be absent.
};

std::vector<SchemaCase> schema_cases() {
  const auto shipped = [](const char* file) { return json::parse(read_text(data_file(file))); };
  const phantom::Knee knee = sample_phantom();
  return {{"measurements", json::parse(to_json(sample_report())), {"menisci"}},
          {"t2", json::parse(to_json(testing::sample_t2())), {}},
          {"ultrasound_truth", json::parse(to_json(testing::sample_simulation())), {}},
          {"segmentation", json::parse(to_json(sample_segmentation())), {}},
          {"spatial_calibration", json::parse(testing::sample_spatial_calibration()), {}},
          {"temporal_calibration", json::parse(testing::sample_temporal_calibration()), {}},
          {"pivot_calibration", json::parse(testing::sample_pivot_calibration()), {}},
          {"landmark_registration", json::parse(testing::sample_landmark_registration()), {}},
          {"bone_registration", json::parse(testing::sample_bone_registration()), {}},
          {"needle", json::parse(to_json(testing::sample_needle())), {}},
          {"trochlear_cartilage", json::parse(to_json(testing::sample_trochlea())), {}},
          {"reconstruction", json::parse(testing::sample_reconstruction()), {}},
          {"network", shipped("models/knee-1.json"), {}},
          {"stage", json::parse(to_json(sample_stage())), {}},
          {"plan", json::parse(to_json(sample_plans())), {}},
          {"agreement", json::parse(to_json(sample_agreements(), "a.nrrd", "b.nrrd")), {}},
          {"truth", json::parse(to_json(knee, phantom::truth_of(knee, 2.0))), {}},
          {"staging_rule", shipped("staging/rule-2.json"), {"tested_on", "spurs"}},
          {"approaches", shipped("planning/approaches.json"), {}},
          {"anatomy_table", small_anatomy_table(), {}},
          {"label_table", shipped("labels/pymskt.json"), {"title", "origin"}}};
}

/// Every place in a document, the root first: "", "/regions", "/regions/0", ...
std::vector<json::json_pointer> places(const json& document,
                                       const json::json_pointer& from = json::json_pointer()) {
  std::vector<json::json_pointer> all{from};
  const json& value = document.at(from);
  const auto append = [&](const json::json_pointer& to) {
    const auto below = places(document, to);
    all.insert(all.end(), below.begin(), below.end());
  };
  if (value.is_object())
    for (const auto& item : value.items()) append(from / item.key());
  if (value.is_array() && !value.empty()) append(from / 0);  // the rest are alike
  return all;
}

// Each schema is strict: nothing may be missing, nothing unknown may be there, nothing may be of another
// kind, and the message names the place. This guards against a schema that lets a misspelt field pass unread.
TEST(Schemas, EveryBreachIsRefusedAndItsPlaceNamed) {
  for (const SchemaCase& one : schema_cases()) {
    EXPECT_NO_THROW(validate_json(one.valid.dump(), one.schema, "good.json")) << one.schema;
    for (const json::json_pointer& place : places(one.valid)) {
      const auto refusal = [&](const json& document) {
        return message_of([&] { validate_json(document.dump(), one.schema, "bad.json"); });
      };
      const auto names_the_place =
          AllOf(HasSubstr("bad.json"), HasSubstr("at " + (place.empty() ? "/" : place.to_string())));
      json bad = one.valid;
      bad[place] = json{{"surprise", 1}};
      EXPECT_THAT(refusal(bad), names_the_place) << one.schema << ", another kind";
      if (one.valid.at(place).is_object()) {
        bad = one.valid;
        bad[place]["surprise"] = 1;
        EXPECT_THAT(refusal(bad), AllOf(names_the_place, HasSubstr("surprise")))
            << one.schema << ", one too many";
      }
      if (!place.empty() && one.valid.at(place.parent_pointer()).is_object() &&
          !one.optional.contains(place.back())) {
        bad = one.valid;
        bad[place.parent_pointer()].erase(place.back());
        EXPECT_THAT(refusal(bad), AllOf(HasSubstr("bad.json"), HasSubstr("'" + place.back() + "'")))
            << one.schema << ", one too few at " << place;
      }
    }
  }
}

TEST(Schemas, TheMessageHoldsTheValue) {
  json document = json::parse(to_json(sample_report()));
  document["regions"][1]["region"] = "XX";
  document["lesions"][0]["area_mm2"] = "eighty";
  const std::string message = message_of([&] { cartilage_from_json(document.dump(), "m.json"); });
  EXPECT_THAT(message, AllOf(HasSubstr("m.json"), HasSubstr("at /regions/1/region"), HasSubstr("\"XX\""),
                             HasSubstr("at /lesions/0/area_mm2"), HasSubstr("\"eighty\"")));
}

TEST(Schemas, ReadersRefuseTextsThatAreNoJsonOrOfAnotherKind) {
  EXPECT_THAT(message_of([] { cartilage_from_json("{\"schema\": ", "cut.json"); }),
              AllOf(HasSubstr("cut.json"), HasSubstr("not JSON")));
  EXPECT_THAT(message_of([] { plans_from_json("", "empty.json"); }), HasSubstr("empty.json"));
  EXPECT_THAT(message_of([] { plans_from_json("{\"schema\": 1e999}", "huge.json"); }),
              HasSubstr("huge.json"));
  EXPECT_THAT(message_of([] { stage_from_json(to_json(sample_plans()), "p.json"); }),
              AllOf(HasSubstr("p.json"), HasSubstr("genu/plan/2")));
  EXPECT_THAT(message_of([] { validate_json("{}", "no_such", "x.json"); }), HasSubstr("no_such.schema.json"));
}

// ---- CSV ----

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  return cells;
}

TEST(Csv, RowsFitTheHeaderAndReadBackExactly) {
  const cartilage::CartilageReport report = [] {
    auto r = sample_report();
    r.method = "plain";
    return r;
  }();
  std::string header = measures_csv_header();
  ASSERT_EQ(header.back(), '\n');
  header.pop_back();
  const std::vector<std::string> columns = cells_of(header);
  EXPECT_EQ(columns, (std::vector<std::string>{"case", "visit", "side", "region", "measure", "value", "unit",
                                               "method"}));
  std::istringstream rows(measures_csv_rows(report, "P1", "12m"));
  std::map<std::pair<std::string, std::string>, std::string> values;  // of region and measure
  for (std::string line; std::getline(rows, line);) {
    // The method is the last cell, in quotes, for it lists its parameters.
    const std::size_t method = line.find(
        line.find("_margin,") != std::string::npos
            ? ",\"bone beyond the shape that its margin has within 16 mm, "
        : line.find("_meniscus,") != std::string::npos
            ? ",\"against the tAB of its plate; extrusion along the lateral axis in the central 0.1 "
            : ",\"plain; max 7.5 mm, inside 2.25 mm, gap 1.25 mm, tilt 55 deg, field step 0.25 mm, ");
    ASSERT_NE(method, std::string::npos) << line;
    const std::vector<std::string> cells = cells_of(line.substr(0, method));
    ASSERT_EQ(cells.size(), columns.size() - 1) << line;
    EXPECT_EQ(cells[0] + cells[1] + cells[2], "P112mleft");
    EXPECT_TRUE((values.emplace(std::pair{cells[3], cells[4]}, cells[5] + " " + cells[6]).second)) << line;
  }
  EXPECT_EQ((values[{"MT", "tAB"}]), "1000.1 mm2");
  EXPECT_EQ((values[{"MT", "dABp"}]), "8.03 percent");
  EXPECT_EQ((values[{"MT", "ThCtAB_mean"}]), "1.97 mm");
  EXPECT_EQ((values[{"P", "VC"}]), "1e-07 mm3");
  EXPECT_EQ((values[{"P", "cAB"}]), "0 mm2");
  EXPECT_EQ((values[{"P", "ThCtAB_mean"}]), " mm") << "not measured is an empty cell, denuded is 0";
  EXPECT_EQ((values[{"cMT", "tAB"}]), "200.5 mm2");
  EXPECT_EQ((values[{"MFTC", "ThCtAB_mean"}]), "3.5 mm");
  EXPECT_EQ((values[{"medial_meniscus", "extrusion"}]), "3.25 mm");
  EXPECT_EQ((values[{"medial_meniscus", "volume"}]), "2350.5 mm3");
  EXPECT_EQ((values[{"lateral_meniscus", "extrusion"}]), " mm");
  EXPECT_EQ((values[{"lateral_meniscus", "coverage"}]), "59.5 percent");
  EXPECT_EQ((values[{"lateral_femur_margin", "highest_spur"}]), "3.25 mm");
  EXPECT_EQ((values[{"lateral_femur_margin", "examined"}]), "93.5 percent");
  EXPECT_EQ((values[{"patella_margin", "highest_spur"}]), " mm");
  EXPECT_EQ(values.size(), 4U * 24U + 2U * 4U + 2U * 3U)
      << "four regions, two menisci and two margins, each measure once";
}

TEST(Csv, TextsAreQuotedWhereTheyMustBe) {
  const std::string rows = measures_csv_rows(sample_report(), "Doe, \"J\"", "two\nlines");
  EXPECT_TRUE(rows.starts_with("\"Doe, \"\"J\"\"\",\"two\nlines\",left,MT,"));
  EXPECT_THAT(rows, HasSubstr(",\"along bone normal, whole; max"));
}

// A German desktop writes 1,5 where a comma ends the cell.
// Names of files and texts in headers can be in any encoding; the work must not be lost when they are
// written.
TEST(Texts, WhatIsNotUtf8IsReplacedInEveryForm) {
  EXPECT_EQ(as_utf8("Kn\xc3\xa9 \xe2\x82\xac"), "Kn\xc3\xa9 \xe2\x82\xac");
  EXPECT_EQ(as_utf8("Kn\xe9-1"), "Kn\xef\xbf\xbd-1");
  EXPECT_EQ(csv_cell("Kn\xe9, 1"), "\"Kn\xef\xbf\xbd, 1\"");
  cartilage::CartilageReport report;
  report.flags = {"image series: Kn\xe9"};
  EXPECT_THAT(to_json(report), ::testing::HasSubstr("image series: Kn\xef\xbf\xbd"));
}

TEST(Csv, NumbersDoNotDependOnTheLocale) {
  const std::string csv = measures_csv_rows(sample_report(), "P1", "0m"), document = to_json(sample_report());
  const testing::CommaLocale german;
  EXPECT_EQ(measures_csv_rows(sample_report(), "P1", "0m"), csv);
  EXPECT_EQ(to_json(sample_report()), document);
  EXPECT_EQ(cartilage_from_json(document, "m.json").regions[0].tAB_mm2, 1000.1);
}

}  // namespace
}  // namespace genu::io
