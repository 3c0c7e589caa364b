// SPDX-License-Identifier: Apache-2.0
// `genu us simulate` on a ball of bone under skin.
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/tracked_files.h>
#include <genu/io/volume_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Bone of 10 mm radius about (11, -7, 5) in a limb of 20 mm radius along z.
fs::path labels_in(const ScratchFolder& scratch) {
  const Point3 centre{11.0, -7.0, 5.0};
  const LabelMap labels =
      label(oblique_grid({.spacing_mm = {0.7, 0.7, 1.0}, .centre = centre}), [&](const Point3& p) {
        const double r = std::hypot(p.x - centre.x, p.y - centre.y);
        if (distance(p, centre) < 10.0) return Tissue::femur;
        return r < 18.5 ? Tissue::muscle : r < 20.0 ? Tissue::skin : Tissue::background;
      });
  io::write_labels(scratch / "labels.nrrd", labels, io::label_table_named("genu"));
  return scratch / "labels.nrrd";
}

TEST(UsSimulate, WritesPicturesASequenceAndWhatIsTrueOfThem) {
  const ScratchFolder scratch;
  const Ended ended = genu({"us",         "simulate",
                            "--labels",   labels_in(scratch),
                            "--contact",  "11",
                            "-40",        "3",
                            "--beam",     "0",
                            "1",          "0",
                            "--face",     "1",
                            "0",          "0",
                            "--to",       "11",
                            "-40",        "7",
                            "--to-skin",  "--frames",
                            "3",          "--needle",
                            "-5",         "-22",
                            "5",          "8",
                            "-19",        "5",
                            "--width-mm", "16",
                            "--depth-mm", "24",
                            "--pixel-mm", "0.2",
                            "-o",         scratch / "sweep"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tree_of(scratch / "sweep"),
              ElementsAre("frame_0000.png", "frame_0001.png", "frame_0002.png", "setup.xml", "sweep.igs.mha",
                          "truth.csv", "truth.json"));
  const auto recording = io::read_tracked_sequence(scratch / "sweep" / "sweep.igs.mha");
  ASSERT_EQ(recording.frames.size(), 3u);
  EXPECT_EQ(recording.frames[0].image.width, 80);
  EXPECT_EQ(recording.frames[0].image.height, 120);
  const json truth = result_in(scratch / "sweep" / "truth.json", "ultrasound_truth");
  const json& middle = truth["frames"][1];
  // The face lies on skin 20 mm in front of the ball's middle, the bone 10 mm below it.
  EXPECT_NEAR(middle["patient_from_image"][1][3].get<double>(), -27.0, 0.5);
  EXPECT_NEAR(middle["patient_from_image"][1][3].get<double>() + 0.2 * middle["bone_px"][40].get<double>(),
              -17.0, 0.3);
  EXPECT_NEAR(middle["needles"][0]["tip_out_of_plane_mm"].get<double>(), 0.0, 1e-6);
  EXPECT_NEAR(std::abs(truth["frames"][0]["needles"][0]["tip_out_of_plane_mm"].get<double>()), 2.0, 1e-6);
}

TEST(UsSimulate, SaysWhatItLacks) {
  const ScratchFolder scratch;
  const std::string labels = labels_in(scratch);
  EXPECT_THAT(genu({"us", "simulate", "-o", scratch / "a"}).err, HasSubstr("case folder or --labels"));
  EXPECT_THAT(genu({"us", "simulate", "--labels", labels, "-o", scratch / "a"}).err, HasSubstr("--contact"));
  const Ended beside = genu({"us", "simulate", "--labels", labels, "--contact", "500", "0", "0", "--beam",
                             "0", "1", "0", "--face", "1", "0", "0", "--to-skin", "-o", scratch / "a"});
  EXPECT_EQ(beside.exit_code, 3);
  EXPECT_THAT(beside.err, HasSubstr("no skin"));
  EXPECT_FALSE(fs::exists(scratch / "a"));
}

// Beyond the labels there is muscle without end, which looks like a picture.
TEST(UsSimulate, APictureThatMissesTheLabelsIsRefused) {
  const ScratchFolder scratch;
  const std::string labels = labels_in(scratch);
  const auto at = [&](const std::string& x, const std::vector<std::string>& more) {
    std::vector<std::string> words{
        "us",  "simulate", "--labels",    labels,     "--contact",  x,        "-27",
        "-4",  "--beam",   "0",           "1",        "0",          "--face", "1",
        "0",   "0",        "--width-mm",  "16",       "--depth-mm", "24",     "--pixel-mm",
        "0.2", "-o",       scratch / "a", "--replace"};
    words.insert(words.end(), more.begin(), more.end());
    return genu(words);
  };
  expect_one_line(at("1e6", {}), 3,
                  "probe at (1e+06, -27, -4) and its beam along (0, 1, 0) (--contact, --beam)");
  EXPECT_THAT(at("1e6", {}).err,
              AllOf(HasSubstr("does not meet the labels of "), HasSubstr("which lie from (")));
  EXPECT_FALSE(fs::exists(scratch / "a"));
  EXPECT_EQ(at("11", {}).exit_code, 0);
  expect_one_line(at("11", {"--to", "500", "0", "0", "--frames", "3"}), 3, "frame 1, ");
}

}  // namespace

}  // namespace genu::testing
