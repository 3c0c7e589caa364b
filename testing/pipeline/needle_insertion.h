// SPDX-License-Identifier: Apache-2.0
// A tracked needle on its way, its set-up and its plan.
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/tracked_files.h>

#include "../unit/ultrasound/needle_scenes.h"

namespace genu::testing {

/// A needle that goes in over 8 frames of one tissue; the pose of frame 3 is lost, frame 5 shows no image.
inline ultrasound::TrackedSequence insertion(bool needle = true) {
  ultrasound::TrackedSequence sequence;
  for (int f = 0; f < 8; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = ultrasound::scenes::needle_scene(
                      {.tip_depth_mm = 12.0 + 0.3 * f, .needle = needle, .seed = 40U + unsigned(f)})
                      .frame;
    frame.time_s = 10.0 + 0.05 * f;
    ultrasound::TrackedPose& pose = frame.poses[{"Probe", "Tracker"}];
    pose.rows[3] = 5.0;
    if (f == 2) pose.status = "OUT_OF_VIEW";
    if (f == 4) frame.image_status = "INVALID";
    sequence.frames.push_back(std::move(frame));
  }
  return sequence;
}

/// Of the pictures of `insertion`, and from the tracker on to another frame.
inline io::TrackedSetup setup_to(const char* last) {
  io::TrackedSetup setup;
  setup.transforms.push_back(
      {.frames = {"Image", "Probe"},
       .transform = AffineTransform(Matrix3{{{{0.1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}}}}, {}),
       .error_mm = {},
       .date = {},
       .pictures = ultrasound::ImageSetup{.width = 420, .height = 260, .depth_mm = {}}});
  setup.transforms.push_back({.frames = {"Tracker", last}, .transform = {}, .error_mm = {}, .date = {}});
  return setup;
}

/// A plan of one path, in the plane of the pictures of `insertion`.
inline void write_plan(const std::filesystem::path& file) {
  planning::NeedlePlan plan;
  plan.target = {.name = "recess", .point = {33, 18, 0}, .normal = {}, .tolerance_mm = 2.0, .surface = {}};
  plan.approach = "superolateral";
  planning::RankedTrajectory ranked;
  ranked.path = {{5, 2, 0}, plan.target.point};
  plan.ranked.push_back(ranked);
  io::write_text(file, io::to_json(std::vector{plan}));
}

}  // namespace genu::testing
