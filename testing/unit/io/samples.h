// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/io/relaxation_files.h>
#include <genu/io/simulation_files.h>
#include <genu/planning/plan.h>
#include <genu/segmentation/agreement.h>
#include <genu/segmentation/segment.h>
#include <genu/staging/stage.h>

// Results with another value in every field, so that no field can be lost or swapped unseen.
namespace genu::testing {

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

inline cartilage::CartilageReport sample_report() {
  cartilage::CartilageReport report;
  report.side = Side::left;
  report.side_source = "header, \"0020,0060\"";
  report.frame = {Side::left, {1.5, -2.25, 1.0 / 3.0}, {0.6, 0.8, 0.0}, {-0.8, 0.6, 0.0}, {0.0, 0.0, 1.0}};
  report.method = "along bone normal, whole";
  report.thickness_options = {.method = cartilage::ThicknessMethod::field_lines,
                              .max_thickness_mm = 7.5,
                              .search_inside_mm = 2.25,
                              .max_gap_mm = 1.25,
                              .max_tilt_deg = 55.0,
                              .field_step_mm = 0.25,
                              .smoothing_mm = 1.5};
  report.margins = {{.margin = cartilage::Margin::lateral_femur,
                     .examined_percent = 93.5,
                     .highest_spur_mm = 3.25,
                     .spacing_mm = 0.7,
                     .spurs = {{"lateral_femur_margin-1", 3.25, 6.5, {1.5, 2.5, -3.5}},
                               {"lateral_femur_margin-2", 1.25, 2.5, {4.5, 5.5, -6.5}}}},
                    {.margin = cartilage::Margin::patella, .spacing_mm = 0.7, .spurs = {}}};
  report.extract_options = {.smoothing_mm = 0.375, .fairing_mm = 1.125};
  report.regions = {{cartilage::Region::MT,
                     1000.1,
                     900.2,
                     80.3,
                     8.03,
                     1.25,
                     20.4,
                     950.5,
                     2000.5,
                     1.96,
                     1.97,
                     0.1,
                     0.71,
                     36.04,
                     0.0,
                     3.5,
                     0.25,
                     1.5,
                     2.5,
                     3.25,
                     2.19,
                     12.5,
                     8.03,
                     2.0,
                     1.0},
                    {.region = cartilage::Region::P,
                     .tAB_mm2 = 0.0,
                     .cAB_mm2 = 0.0,
                     .not_measured_mm2 = 0.0,
                     .VC_mm3 = 1e-7}};
  report.parts = {{.region = cartilage::Region::cMT, .tAB_mm2 = 200.5},
                  {.region = cartilage::Region::MFTC, .tAB_mm2 = 1800.5, .ThCtAB_mean_mm = 3.5}};
  report.lesions = {{"MT-1",
                     cartilage::Region::MT,
                     {1, 2, 3},
                     {4, 5, 6},
                     {0, 0.6, 0.8},
                     80.3,
                     70.2,
                     0.0,
                     2.5,
                     cartilage::Region::eMT,
                     100.0,
                     91.5,
                     4,
                     14.25,
                     7.5,
                     160.75},
                    {"P-1",
                     cartilage::Region::P,
                     {7, 8, 9},
                     {10, 11, 12},
                     {1, 0, 0},
                     12.1,
                     0.0,
                     not_measured,
                     3.5,
                     cartilage::Region::P,
                     48.5,
                     33.25,
                     2,
                     5.5,
                     3.25,
                     not_measured}};
  report.menisci = {{Tissue::medial_meniscus, cartilage::Region::MT, 3.25, 40.5, 450.5, 2350.5},
                    {Tissue::lateral_meniscus, cartilage::Region::LT, not_measured, 59.5, 650.5, 2150.5}};
  report.flags = {"bone cut by the border", "größer als üblich"};
  report.doubts = {"medial tibial cartilage: the Dice to expect is only 0.71"};
  return report;
}

inline io::T2Measures sample_t2() {
  io::T2Measures m;
  m.name = "knee, one";
  m.visit = "12m";
  m.inputs = {"scans"};
  m.created = "2026-01-01T00:00:00Z";
  m.genu_version = "0.1.0";
  m.side = Side::left;
  m.side_source = "option";
  m.labels = "labels.nrrd";
  m.echo_times_ms = {10.0, 20.0, 30.5};
  m.fitted_echo_times_ms = {20.0, 30.5};
  m.noise_sigma = 12.25;
  m.regions = {{.region = cartilage::Region::MT,
                .layer = cartilage::Layer::deep,
                .voxels = 200,
                .fitted = 190,
                .fitted_percent = 95.0,
                .mean_ms = 33.5,
                .sd_ms = 4.25,
                .median_ms = 32.75},
               {.region = cartilage::Region::lP, .layer = cartilage::Layer::superficial}};
  m.flags = {"a flag"};
  m.doubts = {"a doubt"};
  return m;
}

inline std::vector<segmentation::Agreement> sample_agreements() {
  return {{Tissue::femur, 100, 101, 0.875, 0.375, 4.5, 1.25, 1.0},
          {Tissue::patella, 0, 7, 0.0, not_measured, not_measured, not_measured, not_measured}};
}

inline segmentation::SegmentationReport sample_segmentation() {
  segmentation::SegmentationReport report{
      .side = Side::left, .side_source = "fibula", .network = "a network", .quality = {}};
  report.quality.verdict = segmentation::Verdict::review;
  report.quality.score = 0.625;
  report.quality.structures = {{Tissue::femur, 200500.5, 0.96, 0.97, 0.98, true},
                               {Tissue::medial_meniscus, 0.0, 0.125, not_measured, 0.25, false}};
  report.quality.reasons = {"first", "größer"};
  return report;
}

inline staging::StageReport sample_stage() {
  staging::StageReport report;
  report.stage = staging::Stage::moderate;
  report.possible = {staging::Stage::moderate};
  report.confidence = staging::Confidence::borderline;
  report.compartments = {
      {cartilage::Region::MFTC,
       staging::Stage::moderate,
       {staging::Stage::moderate},
       staging::Confidence::clear,
       "why"},
      {cartilage::Region::LFTC, {}, {staging::Stage::minor, staging::Stage::mild}, {}, "gap"}};
  report.reasons = {"first", "second"};
  report.evidence = {{"MT", "dABp", 12.5, "%"}, {"medial_femur_margin", "highest spur", not_measured, "mm"}};
  report.rule_name = "a rule";
  report.rule_version = "7";
  report.statement = "Research use.";
  return report;
}

inline planning::Scorecard sample_card() {
  planning::Scorecard card;
  card.depth_mm = 41.5;
  card.skin_angle_deg = 12.25;
  card.needle = planning::Needle{"21 G, 2 in", 21, 0.82, 50.8, 0.75};
  card.clearances = {
      {"femur", planning::StructureKind::bone, 1.375, "segmented", 0.0, 1.0, 0.25},
      {"tibial_nerve", planning::StructureKind::nerve, not_measured, "estimated", 4.5, not_measured, 0.125}};
  card.view =
      planning::ProbeView{{{1, 2, 3}, {0, 0.6, 0.8}, {1, 0, 0}}, 22.5, 0.5, 12.0, 17.5, 38.0, 9.0, 50.0};
  card.tissues = {{"fat", 11.5}, {"unlabelled", 30.0}};
  card.free_cone_deg = 6.25;
  card.risk = 0.0625;
  card.hit = {0.75, 0.7, 0.8, 4000, {0.5, 0.625, 0.6875, 0.75}};
  return card;
}

inline std::vector<planning::NeedlePlan> sample_plans() {
  planning::NeedlePlan plan;
  plan.target = {.name = "MT-1",
                 .kind = planning::TargetKind::cartilage_lesion,
                 .compartment = planning::Compartment::medial,
                 .point = {1.5, 2.5, 3.5},
                 .points = {{1.5, 2.5, 3.5}, {2, 3, 4}},
                 .normal = Vector3{0, 0.6, 0.8},
                 .tolerance_mm = 2.75,
                 .surface = "femoral_cartilage"};
  plan.approach = "superolateral";
  plan.options = {.entry_spacing_mm = 2.5,
                  .max_ranked = 7,
                  .min_separation_mm = 4.5,
                  .estimated_margin_sd = 1.5,
                  .weights = {0.1, 0.2, 0.3, 0.4},
                  .errors = {0.25, 1.25, 0.75, 2.5, 500, 1234567890123ULL}};
  planning::RankedTrajectory best;
  best.path = {{10.125, 20, 30}, {1.5, 2.5, 3.5}};
  best.card = sample_card();
  best.pareto = true;
  best.score = 0.875;
  planning::RankedTrajectory second = best;
  second.card.needle.reset();
  second.card.view.reset();
  second.pareto = false;
  second.score = 0.5;
  plan.safe = 7;
  plan.ranked = {best, second};
  for (const planning::Rejection reason : planning::all_rejections)
    for (const double x : {1.25, 2.5}) plan.rejected.push_back({{{x, 2, 3}, {4, 5, 6}}, reason, "", "femur"});
  plan.rejected.push_back({{{1, 2, 3}, {7, 8, 9}}, planning::Rejection::crosses_bone, "", "tibia"});
  plan.reasons = {"one is safe"};
  plan.limits = {"popliteal vein unknown"};
  planning::NeedlePlan none;
  none.target.name = "suprapatellar_recess";
  none.target.kind = planning::TargetKind::recess;
  none.approach = "superolateral";
  none.reasons = {"no skin in the window"};
  return {plan, none};
}

/// Two frames of 3 x 4 pixels; the tracker stands 100 mm beside the patient.
inline io::SimulationRecord sample_simulation() {
  io::SimulationRecord record;
  record.labels = "labels, \"0.5 mm\".nrrd";
  record.created = "2026-01-02T03:04:05Z";
  record.genu_version = "1.2.3";
  record.machine.frequency_mhz = 12.5;
  record.errors.tracker_position_sd_mm = 0.25;
  record.sweep.truth.probe_from_image = {Matrix3::from_columns({0.5, 0, 0}, {0, 0.25, 0}, {0, 0, 0.5}), {}};
  record.sweep.probe_from_image = {Matrix3::from_columns({0.75, 0, 0}, {0, 0.25, 0}, {0, 0, 0.5}), {1, 2, 3}};
  record.sweep.truth.patient_from_tracker = RigidTransform::translation_by({100, 0, 0});
  for (int n = 0; n < 2; ++n) {
    ultrasound::TrackedFrame frame;
    frame.time_s = 0.5 * n;
    record.sweep.recording.frames.push_back(frame);
    record.sweep.truth.tracker_from_probe.push_back(RigidTransform::translation_by({0, 0, 7.0 * n}));
    record.sweep.truth.frames.push_back(
        {.bone_px = {12.5, not_measured, not_measured},
         .cartilage_px = {8.0, not_measured, not_measured},
         .skin_px = {0.0, 0.0, not_measured},
         .contact = {1, 1, 0},
         .needles = {{.entry = {0.5, 1.5}, .tip = {2.5, 3.5}, .bend_mm = 0.125}},
         .pixel = {0.5, 0.25}});
  }
  return record;
}

}  // namespace genu::testing
