// SPDX-License-Identifier: Apache-2.0
// `genu us calibrate` on recordings that were made with PLUS.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::optional<io::ConfiguredTransform> transform_in(const fs::path& folder,
                                                    const ultrasound::FramePair& frames) {
  for (const io::ConfiguredTransform& t : io::read_tracked_setup(folder / "setup.xml").transforms)
    if (t.frames == frames) return t;
  return std::nullopt;
}

/// Where the phantom stood in the recordings of its wires (PLUS, 11 September 2012).
fs::path phantom_in_place(const ScratchFolder& scratch) {
  io::TrackedSetup setup;
  setup.transforms.push_back({{"Phantom", "Reference"},
                              AffineTransform(Matrix3{{{{-0.0167397, -0.0153548, -0.999742},
                                                        {-0.999834, 0.0075107, 0.0166258},
                                                        {0.00725347, 0.999854, -0.015478}}}},
                                              {15.6642, -25.3628, -40.7799}),
                              std::nullopt,
                              "",
                              {}});
  io::write_tracked_setup(scratch / "phantom.xml", setup);
  return scratch / "phantom.xml";
}

TEST(UsCalibrate, AnImageByNWires) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const ScratchFolder scratch;
  const Ended ended =
      genu({"us", "calibrate", "image", folder / "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha", "--setup",
            "fcal_2.0", "--setup", phantom_in_place(scratch), "--validate",
            folder / "fCal_Test_Validation_3NWires_fCal2.0.igs.mha", "--ruler-mm", "0.09", "0.08", "--out",
            scratch / "image"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tree_of(scratch / "image"), ElementsAre("calibration.json", "setup.xml", "wires.png"));
  const json c = result_in(scratch / "image" / "calibration.json", "spatial_calibration");
  EXPECT_NEAR(c["fitted"]["mean_mm"].get<double>(), 0.542, 0.01);
  EXPECT_NEAR(c["validation"]["mean_mm"].get<double>(), 0.573, 0.01);
  EXPECT_NEAR(c["left_out"]["mean_mm"].get<double>(), 0.631, 0.02);
  EXPECT_EQ(c["views"].get<int>() + c["outliers"].get<int>(), 188);
  EXPECT_EQ(c["pictures"]["width"], 820);
  // A ruler that disagrees is told, in the file and on the screen.
  ASSERT_EQ(c["warnings"].size(), 2U);
  EXPECT_THAT(c["warnings"][0].get<std::string>(), HasSubstr("the ruler"));
  EXPECT_THAT(c["warnings"][1].get<std::string>(), HasSubstr("--depth-mm"));
  EXPECT_THAT(ended.out, HasSubstr("Warning: "));
  // Later verbs find the image's place, what it is worth, and the phantom that was given.
  const auto image = transform_in(scratch / "image", {"Image", "Probe"});
  ASSERT_TRUE(image);
  EXPECT_NEAR(*image->error_mm, c["left_out"]["mean_mm"].get<double>(), 1e-3);
  ASSERT_TRUE(image->pictures);
  EXPECT_EQ(image->pictures->width, 820);
  EXPECT_NEAR(image->transform.linear().rows[0][1], c["probe_from_image"][0][1].get<double>(), 1e-6);
  EXPECT_TRUE(transform_in(scratch / "image", {"Phantom", "Reference"}));
}

// What was fitted validates nothing, and the calibration that was there before is gone, whichever way it led.
TEST(UsCalibrate, ANewCalibrationTakesThePlaceOfTheOldOne) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const ScratchFolder scratch;
  const fs::path wires = folder / "fCal_Test_Validation_3NWires_fCal2.0.igs.mha";
  io::TrackedSetup before;
  before.transforms.push_back({{"Probe", "Image"},
                               AffineTransform(Matrix3{{{{5.0, 0, 0}, {0, 5.0, 0}, {0, 0, 5.0}}}}, {}),
                               std::nullopt,
                               "",
                               {}});
  io::write_tracked_setup(scratch / "before.xml", before);
  const std::vector<std::string> line{"us",      "calibrate",
                                      "image",   wires,
                                      "--setup", "fcal_2.0",
                                      "--setup", phantom_in_place(scratch),
                                      "--setup", scratch / "before.xml",
                                      "--out",   scratch / "image"};
  std::vector<std::string> same = line;
  same.insert(same.end(), {"--validate", folder / "." / "fCal_Test_Validation_3NWires_fCal2.0.igs.mha"});
  expect_one_line(genu(same), 2, "--validate");
  EXPECT_FALSE(fs::exists(scratch / "image"));
  const Ended ended = genu(line);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("the set-up says pixels of 0.2000 x 0.2000"));
  EXPECT_TRUE(transform_in(scratch / "image", {"Image", "Probe"}));
  EXPECT_FALSE(transform_in(scratch / "image", {"Probe", "Image"}));
}

TEST(UsCalibrate, TheTimeByAWaterTank) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const ScratchFolder scratch;
  const std::string video = folder / "WaterTankBottomTranslationVideoBuffer.igs.mha",
                    poses = folder / "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha";
  const Ended ended = genu({"us", "calibrate", "time", video, "--poses", poses, "--reference", "Tracker",
                            "--out", scratch / "time"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tree_of(scratch / "time"), ElementsAre("calibration.json", "signals.png"));
  const json c = result_in(scratch / "time" / "calibration.json", "temporal_calibration");
  EXPECT_NEAR(c["lag_s"].get<double>(), -0.0644, 0.001);
  EXPECT_GT(c["correlation"].get<double>(), 0.98);
  EXPECT_THAT(ended.out, HasSubstr("-0.064"));
  // The video alone has no motion to compare with.
  expect_one_line(genu({"us", "calibrate", "time", video, "--out", scratch / "alone"}), 3,
                  "WaterTankBottomTranslationVideoBuffer.igs.mha");
  EXPECT_FALSE(fs::exists(scratch / "alone"));
}

TEST(UsCalibrate, AStylusAndThenThePhantomThatItTouched) {
  GENU_REQUIRE_DATA(touches, "ultrasound/tracked/EightLandmarkPointsTrackedForPhantomRegistration.igs.mha");
  const ScratchFolder scratch;
  const std::vector<std::string> line{"us",    "calibrate",     "stylus",   touches,
                                      "--out", scratch / "tip", "--replace"};
  ASSERT_EQ(genu(line).exit_code, 0);
  const Ended tip = genu(line);
  ASSERT_EQ(tip.exit_code, 0) << tip.err;
  EXPECT_THAT(tree_of(scratch / "tip"), ElementsAre("calibration.json", "setup.xml"));
  const json c = result_in(scratch / "tip" / "calibration.json", "pivot_calibration");
  EXPECT_LT(c["tip_sd_mm"].get<double>(), 0.1);
  EXPECT_LT(c["left_out"]["mean_mm"].get<double>(), 0.6);
  const auto set = transform_in(scratch / "tip", {"StylusTip", "Stylus"});
  ASSERT_TRUE(set);
  EXPECT_NEAR(set->transform.translation().x, c["tip_in_stylus_mm"][0].get<double>(), 1e-4);

  const Ended placed = genu({"us", "calibrate", "phantom", touches, "--setup", "fcal_2.0", "--setup",
                             scratch / "tip" / "setup.xml", "--out", scratch / "phantom"});
  ASSERT_EQ(placed.exit_code, 0) << placed.err;
  const json r = result_in(scratch / "phantom" / "calibration.json", "landmark_registration");
  EXPECT_EQ(r["landmarks"].size(), 8U);
  EXPECT_LT(r["fitted"]["mean_mm"].get<double>(), 1.3);
  EXPECT_THAT(placed.out, HasSubstr("8 of "));
  const auto phantom = transform_in(scratch / "phantom", {"Phantom", "Reference"});
  ASSERT_TRUE(phantom);
  EXPECT_NEAR(*phantom->error_mm, r["left_out"]["mean_mm"].get<double>(), 1e-3) << "and not the residual";
  EXPECT_TRUE(transform_in(scratch / "phantom", {"StylusTip", "Stylus"}));

  // Without the tip's place nobody knows where it rested.
  expect_one_line(
      genu({"us", "calibrate", "phantom", touches, "--setup", "fcal_2.0", "--out", scratch / "none"}), 3,
      "StylusTip");
  expect_one_line(genu({"us", "calibrate", "phantom", touches, "--out", scratch / "none"}), 2, "landmarks");
  expect_one_line(genu({"us", "calibrate", "image", touches, "--out", scratch / "none"}), 2, "N-wires");
  EXPECT_FALSE(fs::exists(scratch / "none"));
}

TEST(UsCalibrate, RefusesInOneLineAndLeavesNothing) {
  const ScratchFolder scratch;
  // A probe and a stylus that do not move.
  ultrasound::TrackedSequence still;
  for (int f = 0; f < 60; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = {32, 24, 1, std::vector<std::uint8_t>(32 * 24, 20)};
    frame.time_s = 0.05 * f;
    for (const char* moving : {"Probe", "Stylus"}) frame.poses[{moving, "Reference"}] = {};
    still.frames.push_back(std::move(frame));
  }
  io::write_tracked_sequence(scratch / "still.igs.mha", still);
  const std::string file = scratch / "still.igs.mha", out = scratch / "out";
  expect_one_line(genu({"us", "calibrate", "stylus", file, "--out", out}), 3, "still.igs.mha");
  expect_one_line(genu({"us", "calibrate", "time", file, "--out", out}), 3, "still.igs.mha");
  expect_one_line(genu({"us", "calibrate", "image", file, "--setup", "fcal_2.0", "--setup",
                        phantom_in_place(scratch), "--out", out}),
                  3, "still.igs.mha");
  expect_one_line(genu({"us", "calibrate", "stylus", scratch / "absent.igs.mha", "--out", out}), 3,
                  "absent.igs.mha");
  io::write_text(scratch / "broken.xml", "<PlusConfiguration><Coordinate");
  expect_one_line(genu({"us", "calibrate", "image", file, "--setup", scratch / "broken.xml", "--out", out}),
                  3, "broken.xml");
  expect_one_line(genu({"us", "calibrate", "gain", file, "--out", out}), 2, "gain");
  expect_one_line(genu({"us", "calibrate", "stylus", file}), 2, "--out is required");
  expect_one_line(genu({"us", "calibrate", "time", file, "--depth-mm", "40", "--out", out}), 2, "--depth-mm");
  for (const char* none : {"0", "nan", "-0.1"})
    expect_one_line(genu({"us", "calibrate", "image", file, "--ruler-mm", none, "0.1", "--out", out}), 2,
                    "--ruler-mm");
  expect_one_line(genu({"us", "calibrate", "image", file, "--ruler-mm", "0.1", "--out", out}), 2,
                  "--ruler-mm");
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace

}  // namespace genu::testing
