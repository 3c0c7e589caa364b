// SPDX-License-Identifier: Apache-2.0
// `genu segment`, and what run and batch do with an image that has no labels.
#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/case_folder.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/segmentation/agreement.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A coarse phantom knee as DICOM, made once.
const fs::path& knee() {
  static const ScratchFolder scratch;
  static const fs::path folder = [] {
    const Ended ended = genu({"phantom", "--out", scratch / "knee", "--samples-per-mm", "1", "--in-plane-mm",
                              "0.8", "--slice-mm", "3", "--side", "left"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return scratch / "knee";
  }();
  return folder;
}

TEST(Segment, WritesLabelsAndEverythingThatIsKnownOfThem) {
  const ScratchFolder scratch;
  const Ended ended = genu({"segment", knee() / "dicom", "--out", scratch / "labels.nii.gz", "--report",
                            scratch / "quality.json", "--probabilities", scratch / "maps"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("left (given)"), HasSubstr("Dice to expect"), HasSubstr("best effort")));
  const LabelMap labels = io::read_labels(scratch / "labels.nii.gz", io::label_table_named("genu"));
  const LabelMap truth = io::read_labels(knee() / "labels.nrrd", io::label_table_named("genu"));
  EXPECT_TRUE(nearly_equal(labels.geometry(), truth.geometry()));
  const segmentation::SegmentationReport report =
      io::segmentation_from_json(io::read_text(scratch / "quality.json"), "quality.json");
  EXPECT_EQ(report.side, Side::left);
  // The probabilities belong to the labels.
  const Volume<float> femur = io::read_volume(scratch / "maps" / "femur.nrrd");
  const Volume<float> tibia = io::read_volume(scratch / "maps" / "tibia.nrrd");
  ASSERT_EQ(femur.voxels().size(), labels.voxels().size());
  std::size_t wrong = 0;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    ASSERT_TRUE(femur.voxels()[v] >= 0.0F && femur.voxels()[v] <= 1.0F);
    if (labels.voxels()[v] == Tissue::femur && femur.voxels()[v] < tibia.voxels()[v]) ++wrong;
  }
  EXPECT_EQ(wrong, 0U);
  // Measured on this phantom: bones 0.98 to 0.99, cartilages 0.85 to 0.89.
  for (const segmentation::Agreement& a : segmentation::compare_labels(truth, labels)) {
    const auto judged = std::find_if(report.quality.structures.begin(), report.quality.structures.end(),
                                     [&](const auto& s) { return s.tissue == a.tissue; });
    if (judged == report.quality.structures.end() || !judged->validated) continue;
    const bool is_bone =
        a.tissue == Tissue::femur || a.tissue == Tissue::tibia || a.tissue == Tissue::patella;
    EXPECT_GT(a.dice, is_bone ? 0.96 : 0.75) << info(a.tissue).name;
  }
  EXPECT_TRUE(fs::exists(scratch / "maps" / "lateral_meniscus.nrrd"));
  const Ended again = genu({"segment", knee() / "dicom", "--out", scratch / "labels.nii.gz",
                            "--probabilities", scratch / "maps", "--replace"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

// Refused before the work, not after it; and the image is not written over.
TEST(Segment, OutputsThatCantBeWrittenAreRefusedAtOnce) {
  const ScratchFolder scratch;
  Volume<float> image(ImageGeometry({16, 16, 16}, {0, 0, 0}, {5, 5, 5}, Matrix3{}), 1.0F);
  image.voxels()[3] = 2.0F;
  io::write_volume(scratch / "knee.nrrd", image);
  const std::string knee = scratch / "knee.nrrd";
  const Ended picture = genu({"segment", knee, "--out", scratch / "labels.png"});
  EXPECT_EQ(picture.exit_code, 2);
  EXPECT_THAT(picture.err, HasSubstr("labels.png"));
  const Ended over = genu({"segment", knee, "--out", knee});
  EXPECT_EQ(over.exit_code, 2);
  EXPECT_THAT(over.err, HasSubstr("it would be lost"));
  const Ended nowhere = genu({"segment", knee, "--out", scratch / "no" / "labels.nrrd"});
  EXPECT_EQ(nowhere.exit_code, 3);
  EXPECT_THAT(nowhere.err, HasSubstr("there is no folder"));
  EXPECT_EQ(tree_of(scratch.path()), std::vector<std::string>{"knee.nrrd"});
}

// What is no knee is refused before anything is written; what was found can be seen when asked for.
TEST(Segment, WhatIsNoKneeIsRefusedAndLeavesNothing) {
  const ScratchFolder scratch;
  Volume<float> noise(ImageGeometry({128, 128, 20}, {0, 0, 0}, {0.8, 0.8, 4.0}, Matrix3{}));
  std::mt19937 random(5);
  std::normal_distribution<float> value(100.0F, 30.0F);
  for (float& v : noise.voxels()) v = std::abs(value(random));
  io::write_volume(scratch / "noise.nrrd", noise);
  const std::vector<std::string> words{"segment", scratch / "noise.nrrd", "--side", "left",
                                       "--out",   scratch / "labels.nrrd"};
  const Ended refused = genu(words);
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("noise.nrrd was not segmented"), HasSubstr("femur")));
  EXPECT_EQ(tree_of(scratch.path()), std::vector<std::string>{"noise.nrrd"});
  auto looking = words;
  looking.emplace_back("--failed-too");
  EXPECT_EQ(genu(looking).exit_code, 0);
  EXPECT_TRUE(fs::exists(scratch / "labels.nrrd"));

  const Ended run =
      genu({"run", scratch / "noise.nrrd", "--side", "left", "--no-figures", "--out", scratch / "case"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("noise.nrrd was not segmented"));
  EXPECT_FALSE(fs::exists(scratch / "case"));
}

TEST(Segment, ANetworkNeedsItsCalibrationBesideIt) {
  const ScratchFolder scratch;
  fs::copy_file(io::data_file("models/knee-1.onnx"), scratch / "mine.onnx");
  const Ended ended =
      genu({"segment", knee() / "dicom", "--model", scratch / "mine.onnx", "--out", scratch / "labels.nrrd"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr((scratch / "mine.json").string()));
}

// An edited label map goes back in, and it is what is measured.
TEST(Segment, RunSegmentsAnImageAndTakesEditedLabelsInstead) {
  const ScratchFolder scratch;
  const std::vector<std::string> words{"run", knee() / "dicom", "--no-figures"};
  auto first = words;
  first.insert(first.end(), {"--out", scratch / "first"});
  const Ended made = genu(first);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const io::Case by_network = io::read_case(scratch / "first");
  ASSERT_TRUE(by_network.segmentation && by_network.labels && by_network.cartilage);
  EXPECT_THAT(io::read_text(scratch / "first" / "report.html"), HasSubstr("Dice to expect"));

  LabelMap edited = *by_network.labels;
  std::replace(edited.voxels().begin(), edited.voxels().end(), Tissue::patellar_cartilage,
               Tissue::background);
  io::write_labels(scratch / "edited.nrrd", edited, io::label_table_named("genu"));
  auto second = words;
  second.insert(second.end(),
                {"--labels", scratch / "edited.nrrd", "--label-table", "genu", "--out", scratch / "second"});
  const Ended again = genu(second);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const io::Case by_hand = io::read_case(scratch / "second");
  EXPECT_FALSE(by_hand.segmentation) << "these labels are not the network's";
  EXPECT_EQ(by_hand.labels->voxels(), edited.voxels());
  const auto volume = [](const io::Case& c) {
    double mm3 = 0.0;
    for (const cartilage::RegionMeasures& r : c.cartilage->regions)
      if (r.region == cartilage::Region::P && std::isfinite(r.VC_mm3)) mm3 += r.VC_mm3;
    return mm3;
  };
  EXPECT_GT(volume(by_network), 0.0);
  EXPECT_EQ(volume(by_hand), 0.0);
}

TEST(Segment, ABatchSegmentsImagesThatHaveNoLabels) {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "cohort" / "asked");
  fs::create_directories(scratch / "cohort" / "noise");
  fs::copy(knee() / "dicom", scratch / "cohort" / "asked" / "dicom");
  Volume<float> flat(ImageGeometry({16, 16, 16}, {0, 0, 0}, {5, 5, 5}, Matrix3{}), 1.0F);
  flat.voxels()[3] = 2.0F;
  io::write_volume(scratch / "cohort" / "noise" / "image.nrrd", flat);
  const Ended ended = genu({"batch", scratch / "cohort", scratch / "results", "--no-figures", "--jobs", "1",
                            "--label-table", "oai"});  // a table for label maps must not trouble images
  EXPECT_EQ(ended.exit_code, 4) << ended.err;
  const io::Case done = io::read_case(scratch / "results" / "cases" / "asked_baseline");
  EXPECT_TRUE(done.segmentation);
  EXPECT_EQ(done.cartilage->side, Side::left);
  EXPECT_THAT(io::read_text(scratch / "results" / "failures.csv"),
              AllOf(HasSubstr("noise,"), HasSubstr("was not segmented")));
}

}  // namespace

}  // namespace genu::testing
