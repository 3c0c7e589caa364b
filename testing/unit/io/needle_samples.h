// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/io/needle_files.h>

namespace genu::testing {

/// A needle 10 mm from its target, a picture whose place is not known, and one without a needle.
inline io::NeedleRecord sample_needle() {
  io::NeedleRecord record{
      .inputs = {"sweep.igs.mha", "setup.xml"},
      .created = "2026-11-22T10:00:00Z",
      .genu_version = "0.1.0",
      .pixel = PixelSize{0.1, 0.1},
      .pixel_source = "Image to Probe of setup.xml",
      .finder = {.side = ultrasound::EntrySide::left, .region = PixelBounds{0, 0, 400, 300}},
      .followed = true,
      .frames_without_image = 1,
      .plan = {},
      .warnings = {"one remark"}};
  io::NeedlePlanChosen& plan = record.plan.emplace();
  plan.target = "suprapatellar_recess";
  plan.approach = "superolateral";
  plan.error_source = "the command line";
  ultrasound::NeedleGuide& guide = plan.guide;
  guide.plan = {{0, 0, 0}, {40, 20, 0}};
  guide.tolerance_mm = 3.0;
  guide.errors = {.position_sd_mm = 1.0, .rotation_sd_deg = 0.5};
  guide.always.set({"Image", "Probe"},
                   AffineTransform(Matrix3{{{{0.1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}}}}, {}));
  guide.always.set({"Tracker", "Patient"}, {});
  ultrasound::TrackedFrame moment;
  moment.poses[{"Probe", "Tracker"}] = {};
  ultrasound::NeedleFinding seen{
      .state = ultrasound::NeedleState::seen, .needle = ultrasound::NeedleInImage{}, .tip_sd_px = 3.0};
  seen.needle->tip = {300, 150};
  seen.needle->far_end = {100, 50};
  seen.needle->angle_deg = 26.565;
  seen.needle->confidence = 0.9;
  seen.needle->why = "strong, long";
  record.pictures.push_back({1, 0.0, seen, ultrasound::guidance_of(moment, seen, guide)});
  moment.poses.begin()->second.status = "MISSING";
  record.pictures.push_back({2, 0.05, seen, ultrasound::guidance_of(moment, seen, guide)});
  ultrasound::NeedleFinding none{.why_none = "the line most like one is weak, short",
                                 .doubtful = seen.needle};
  record.pictures.push_back({4, 0.15, none, ultrasound::guidance_of(moment, none, guide)});
  return record;
}

}  // namespace genu::testing
