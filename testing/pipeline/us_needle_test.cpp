// SPDX-License-Identifier: Apache-2.0
// `genu us needle` on pictures, clips and recordings.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "../unit/io/ultrasound_object.h"
#include "command.h"
#include "needle_insertion.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ultrasound::scenes::needle_scene;
using ultrasound::scenes::Scene;

json needle_in(const fs::path& folder) {
  return result_in(folder / "needle.json", "needle");
}

double off_px(const json& point, const PixelPoint& truth) {
  return std::hypot(point[0].get<double>() - truth.x, point[1].get<double>() - truth.y);
}

TEST(UsNeedle, AStillWithoutScaleIsInPixelsAndSaysSo) {
  GENU_REQUIRE_DATA(picture, "ultrasound/needle/in_vitro/image/041.nii.gz_07799.png");
  const ScratchFolder scratch;
  const Ended ended = genu({"us", "needle", picture, "-o", scratch / "needle"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("seen in 1 of 1 picture"), HasSubstr("No scale, all is in pixels")));
  EXPECT_THAT(tree_of(scratch / "needle"), ElementsAre("needle.csv", "needle.json", "picture_0001.png"));
  const json found = needle_in(scratch / "needle");
  EXPECT_EQ(found["pixel_mm"], nullptr);
  EXPECT_EQ(found["plan"], nullptr);
  EXPECT_EQ(found["followed"], false);
  EXPECT_EQ(found["pictures"][0]["state"], "seen");
  EXPECT_EQ(found["pictures"][0]["needle"]["length_mm"], nullptr);
}

TEST(UsNeedle, ADicomRegionIsWhereItLooksAndWhatAPixelIs) {
  const ScratchFolder scratch;
  const Scene scene = needle_scene({});
  // A screen with the picture at (90, 60), and beside it a bright line that is no needle.
  UltrasoundObject screen{.columns = 640, .rows = 480};
  screen.bytes.assign(640 * 480, 0);
  for (int y = 0; y < scene.frame.height; ++y)
    for (int x = 0; x < scene.frame.width; ++x)
      screen.bytes[static_cast<std::size_t>((y + 60) * 640 + x + 90)] = scene.frame.at(x, y);
  for (int n = 0; n < 110; ++n)
    for (int thick = 0; thick < 3; ++thick)
      screen.bytes[static_cast<std::size_t>((340 + n + thick) * 640 + 60 + 3 * n)] = 255;
  screen.more = [](DcmDataset& d) { add_region(d, 90, 60, 90 + 419, 60 + 259); };
  write_object(scratch / "still.dcm", screen);
  const Ended ended =
      genu({"us", "needle", scratch / "still.dcm", "--side", "left", "-o", scratch / "needle"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("Scale: region 1 of the file."));
  const json found = needle_in(scratch / "needle");
  EXPECT_EQ(found["region_px"], json({90, 60, 420, 260}));
  EXPECT_EQ(found["side"], "left");
  EXPECT_EQ(found["pixel_mm"], json({0.1, 0.1}));
  const json& needle = found["pictures"][0]["needle"];
  EXPECT_LT(off_px(needle["tip_px"], {scene.needle.tip.x + 90, scene.needle.tip.y + 60}), 14.0);
  EXPECT_NEAR(needle["angle_deg"].get<double>(), 30.0, 2.0);
}

TEST(UsNeedle, OfRegionsOfTwoScalesTheNamedPartChoosesOne) {
  const ScratchFolder scratch;
  write_two_scales(scratch / "still.dcm");
  const auto looked = [&](const char* name, const std::vector<std::string>& more) {
    std::vector<std::string> words{"us", "needle", scratch / "still.dcm", "-o", scratch / name};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = genu(words);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out;
  };
  EXPECT_THAT(looked("all", {}),
              AllOf(HasSubstr("regions 1 (0.100000 x 0.100000 mm a pixel) and 2 (0.200000 x 0.100000 mm) "
                              "differ in scale; --region within one of them takes its scale"),
                    Not(HasSubstr("Odd: no millimetres"))));
  EXPECT_TRUE(needle_in(scratch / "all")["pixel_mm"].is_null());
  EXPECT_THAT(looked("right", {"--region", "110", "10", "80", "80"}),
              AllOf(HasSubstr("Scale: region 2 of the file."), Not(HasSubstr("no millimetres"))));
  EXPECT_EQ(needle_in(scratch / "right")["pixel_mm"], json({0.2, 0.1}));
  EXPECT_THAT(looked("both", {"--region", "60", "10", "80", "80"}), HasSubstr("differ in scale"));
}

TEST(UsNeedle, NoNeedleIsAnAnswerWithAReason) {
  const ScratchFolder scratch;
  ultrasound::TrackedSequence one;
  one.frames.push_back(insertion(false).frames[0]);
  io::write_tracked_sequence(scratch / "still.igs.mha", one);
  const Ended ended = genu({"us", "needle", scratch / "still.igs.mha", "-o", scratch / "needle"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("seen in 0 of 1 picture"),
                    HasSubstr("Picture 1: no needle: the line most like one has a confidence of")));
  const json found = needle_in(scratch / "needle");
  EXPECT_EQ(found["pictures"][0]["state"], "none");
  EXPECT_EQ(found["pictures"][0]["needle"], nullptr);
  EXPECT_THAT(found["pictures"][0]["why_none"].get<std::string>(), HasSubstr("where 0.50 is asked for"));
  const Ended again =
      genu({"us", "needle", scratch / "still.igs.mha", "-o", scratch / "needle", "--replace"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  expect_one_line(
      genu({"us", "reconstruct", scratch / "still.igs.mha", "-o", scratch / "needle", "--replace"}), 3,
      "it holds no reconstruction.json");
}

TEST(UsNeedle, ARecordingIsFollowedAndMeasuredWhereItsPosesAreSound) {
  const ScratchFolder scratch;
  io::write_tracked_sequence(scratch / "in.igs.mha", insertion());
  io::write_tracked_setup(scratch / "setup.xml", setup_to("Patient"));
  write_plan(scratch / "plan.json");
  const Ended ended = genu({"us", "needle", scratch / "in.igs.mha", "--setup", scratch / "setup.xml",
                            "--plan", scratch / "plan.json", "--position-sd-mm", "1", "--rotation-sd-deg",
                            "0.5", "--side", "left", "--figures", "3", "-o", scratch / "needle"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("seen in 7 of 7 pictures, and measured against the plan in 6"),
                               HasSubstr("1 frame shows no sound image and is left out"),
                               HasSubstr("Picture 3: no numbers: nothing sound leads from Image to Patient: "
                                         "ProbeToTracker OUT_OF_VIEW")));
  EXPECT_THAT(tree_of(scratch / "needle"), ElementsAre("needle.csv", "needle.json", "picture_0001.png",
                                                       "picture_0004.png", "picture_0008.png"));
  const json found = needle_in(scratch / "needle");
  EXPECT_EQ(found["followed"], true);
  EXPECT_EQ(found["frames_without_image"], 1);
  EXPECT_EQ(found["plan"]["tolerance_mm"], 2.0);
  ASSERT_EQ(found["pictures"].size(), 7U);
  for (std::size_t n = 0; n < 7; ++n) {
    const json& picture = found["pictures"][n];
    const int frame = picture["frame"];
    EXPECT_EQ(frame, n < 4 ? n + 1 : n + 2) << "the frame without image is not numbered anew";
    EXPECT_EQ(picture["deviation"].is_null(), frame == 3) << frame;
    if (frame == 3) continue;
    const Scene scene =
        needle_scene({.tip_depth_mm = 12.0 + 0.3 * (frame - 1), .seed = 39U + unsigned(frame)});
    const Point3 tip{5.0 + 0.1 * scene.needle.tip.x, 0.1 * scene.needle.tip.y, 0.0};
    const double truth_mm = distance(tip, {33, 18, 0});
    const json& told = picture["deviation"]["tip_to_target_mm"];
    EXPECT_NEAR(told["value"].get<double>(), truth_mm, 2.5 * told["sd"].get<double>()) << frame;
    EXPECT_NEAR(picture["plan"]["target_off_mm"].get<double>(), 0.0, 1e-6);
  }
  const std::string csv = io::read_text(scratch / "needle" / "needle.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 8) << "a header and a row a picture";
  EXPECT_THAT(csv, HasSubstr("\n3,10.1,seen,"));
  EXPECT_THAT(csv, HasSubstr("ProbeToTracker OUT_OF_VIEW\n"));

  const Ended one = genu({"us", "needle", scratch / "in.igs.mha", "--frame", "6", "-o", scratch / "one"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(tree_of(scratch / "one"), ElementsAre("needle.csv", "needle.json", "picture_0006.png"));
  EXPECT_EQ(needle_in(scratch / "one")["followed"], false);
}

TEST(UsNeedle, WhatMakesNoSenseIsSaidInOneLineAndLeavesNothing) {
  const ScratchFolder scratch;
  ultrasound::TrackedSequence recording = insertion();
  io::write_tracked_sequence(scratch / "in.igs.mha", recording);
  io::write_tracked_setup(scratch / "setup.xml", setup_to("Patient"));
  io::write_tracked_setup(scratch / "nowhere.xml", setup_to("Reference"));
  io::TrackedSetup other = setup_to("Patient");
  other.transforms[0].pictures->width = 800;
  io::write_tracked_setup(scratch / "other.xml", other);
  write_plan(scratch / "plan.json");
  write_object(scratch / "still.dcm", {.columns = 64, .rows = 64, .bytes = counted(64 * 64)});
  const std::string in = scratch / "in.igs.mha", plan = scratch / "plan.json", setup = scratch / "setup.xml";
  const auto refusal = [&](const std::vector<std::string>& more, int code) {
    std::vector<std::string> line{"us", "needle"};
    line.insert(line.end(), more.begin(), more.end());
    line.insert(line.end(), {"-o", scratch / "needle"});
    const Ended ended = genu(line);
    EXPECT_EQ(ended.exit_code, code) << ended.err;
    EXPECT_THAT(ended.err, AllOf(StartsWith("genu: error: "), Not(HasSubstr("\n\n"))));
    EXPECT_FALSE(fs::exists(scratch / "needle"));
    return ended.err;
  };
  EXPECT_THAT(refusal({"absent.png"}, 3), HasSubstr("absent.png"));
  write_object(scratch / "dot.dcm", {.columns = 1, .rows = 1, .bytes = {7, 0}});
  EXPECT_THAT(refusal({scratch / "dot.dcm"}, 3), AllOf(HasSubstr("dot.dcm': "), HasSubstr("1 x 1 pixels")));
  EXPECT_THAT(refusal({in, "--frame", "9"}, 2), HasSubstr("there is no frame 9"));
  EXPECT_THAT(refusal({in, "--frame", "5"}, 3), HasSubstr("shows no image: its status is INVALID"));
  EXPECT_THAT(refusal({in, "--side", "up"}, 2), HasSubstr("--side"));
  EXPECT_THAT(refusal({in, "--region", "0", "0", "900", "10"}, 3), HasSubstr("region"));
  EXPECT_THAT(refusal({in, "--plan", plan}, 2), HasSubstr("--setup"));
  EXPECT_THAT(refusal({in, "--setup", setup, "--position-sd-mm", "1"}, 2), HasSubstr("--plan FILE"));
  EXPECT_THAT(refusal({in, "--setup", setup, "--plan", plan, "--target", "elsewhere"}, 2),
              AllOf(HasSubstr("no plan for the target \"elsewhere\""), HasSubstr("there are ")));
  for (const char* none : {"nan", "-0.1", "2"})
    EXPECT_THAT(refusal({in, "--min-confidence", none}, 2), HasSubstr("--min-confidence"));
  EXPECT_THAT(refusal({in, "--pixel-mm", "1e300"}, 2), HasSubstr("--pixel-mm"));
  EXPECT_THAT(refusal({in, "--setup", setup, "--pixel-mm", "0.3"}, 3),
              AllOf(HasSubstr("which size of pixels holds"), HasSubstr("0.3000")));
  recording.fields = {{"DepthMm", "60"}};
  io::write_tracked_sequence(scratch / "deep.igs.mha", recording);
  EXPECT_THAT(refusal({scratch / "deep.igs.mha", "--setup", setup, "--depth-mm", "40"}, 3),
              AllOf(HasSubstr("deep.igs.mha"), HasSubstr("60.0 mm"), HasSubstr("--depth-mm 40.0")));
  EXPECT_THAT(refusal({in, "--setup", scratch / "nowhere.xml", "--plan", plan}, 3),
              HasSubstr("leads nowhere from Image to Patient"));
  EXPECT_THAT(refusal({in, "--setup", scratch / "other.xml"}, 3), HasSubstr("is of other pictures"));
  EXPECT_THAT(refusal({scratch / "still.dcm", "--setup", setup}, 2), HasSubstr("tracked recordings"));
  EXPECT_THAT(refusal({in, "--setup", setup, "--plan", plan, "--case", "knee"}, 2), HasSubstr("--plan"));
  EXPECT_THAT(refusal({in, "--setup", setup, "--plan", plan, "--registration", plan}, 3),
              HasSubstr("plan.json"));
}

}  // namespace

}  // namespace genu::testing
