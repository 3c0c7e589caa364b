// SPDX-License-Identifier: Apache-2.0
// The whole path on a coarse phantom: DICOM to report, everything read back.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/case_folder.h>
#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/meshes.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

json json_of(const fs::path& file) {
  return json::parse(io::read_text(file));
}

/// A quick phantom: twice the default spacing in plane and across, the signal sampled coarsely.
void make_phantom(const fs::path& folder, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"phantom", "--out", folder, "--samples-per-mm", "1"};
  if (std::find(more.begin(), more.end(), "--slice-mm") == more.end())
    arguments.insert(arguments.end(), {"--in-plane-mm", "0.7", "--slice-mm", "1.4"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Ended ended = genu(arguments);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
}

/// A phantom too coarse to measure, for tests of what surrounds the measuring.
const std::vector<std::string> tiny{"--in-plane-mm", "2", "--slice-mm", "4"};

TEST(Path, PhantomIsDicomThatTheRefereeAccepts) {
  if (shell("command -v dciodvfy").exit_code != 0)
    GTEST_SKIP() << "needs dciodvfy (Debian package dicom3tools)";
  const ScratchFolder scratch;
  make_phantom(scratch / "phantom");
  const Ended verdict =
      shell("for f in " + (scratch / "phantom" / "dicom").string() + "/*; do dciodvfy \"$f\"; done");
  EXPECT_THAT(verdict.out, ::testing::Not(HasSubstr("Error"))) << verdict.out;
}

TEST(Path, FromDicomToReport) {
  const ScratchFolder scratch;
  const fs::path phantom = scratch / "phantom";
  make_phantom(phantom, {"--side", "left", "--defect", "medial_tibia:0,0,14,1"});
  io::validate_json(io::read_text(phantom / "truth.json"), "truth", "truth.json");

  const json scan = json::parse(genu({"import", phantom, "--list", "--json"}).out);
  ASSERT_EQ(scan["series"].size(), 1U);
  EXPECT_EQ(scan["series"][0]["side"], "left");
  EXPECT_EQ(scan["series"][0]["orientation"], "sagittal");

  const fs::path folder = scratch / "case";
  const Ended ended = genu({"run", phantom / "dicom", "--labels", phantom / "labels.nrrd", "--case", "P1",
                            "--visit", "12m", "--out", folder});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.err, "") << "no terminal, so no bar";

  const io::Case knee = io::read_case(folder);
  EXPECT_EQ(knee.name, "P1");
  EXPECT_EQ(knee.visit, "12m");
  ASSERT_TRUE(knee.image && knee.labels && knee.cartilage && knee.stage && knee.anatomy);
  EXPECT_TRUE(nearly_equal(knee.image->geometry(), knee.labels->geometry()));
  EXPECT_EQ(knee.cartilage->side, Side::left);
  EXPECT_EQ(knee.cartilage->side_source, "header");
  EXPECT_FALSE(knee.plans.empty());
  for (const auto& [file, schema] : {std::pair{"case.json", "case"},
                                     {"measurements.json", "measurements"},
                                     {"stage.json", "stage"},
                                     {"plan.json", "plan"}})
    EXPECT_NO_THROW(io::validate_json(io::read_text(folder / file), schema, file)) << file;

  std::size_t pictures = 0;
  for (const auto& entry : fs::directory_iterator(folder / "figures")) {
    EXPECT_TRUE(io::read_text(entry.path()).starts_with("\x89PNG")) << entry.path();
    ++pictures;
  }
  EXPECT_GE(pictures, 5U);
  const std::string page = io::read_text(folder / "report.html");
  for (const char* word :
       {"<html", "P1", "12m", "data:image/png;base64,", "ThCtAB", "Research use", "</html>"})
    EXPECT_THAT(page, HasSubstr(word));
  EXPECT_THAT(page, ::testing::Not(HasSubstr("src=\"http"))) << "the page must stand alone";

  // stage and plan take the case folder, and repeat what run has written.
  EXPECT_EQ(json::parse(genu({"stage", folder, "--json"}).out), json_of(folder / "stage.json"));
  EXPECT_EQ(json::parse(genu({"plan", folder, "--json"}).out), json_of(folder / "plan.json"));
}

// The truth is analytic. Where cartilage thins out below half a voxel the labels hold none, so a measured
// plate ends a little inside the true one; thickness summed over area does not depend on where it ends.
TEST(Path, MeasuredNumbersAreNearTheTruth) {
  const ScratchFolder scratch;
  const fs::path phantom = scratch / "phantom";
  make_phantom(phantom, {"--defect", "medial_tibia:0,0,14,1"});
  const Ended ended =
      genu({"measure", "--labels", phantom / "labels.nrrd", "--side", "right", "--out", scratch / "case"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json truth = json_of(phantom / "truth.json");
  const io::Case knee = io::read_case(scratch / "case");
  ASSERT_TRUE(knee.cartilage);
  const auto measured = [&](cartilage::Region region) {
    for (const cartilage::RegionMeasures& r : knee.cartilage->regions)
      if (r.region == region) return r;
    return cartilage::RegionMeasures{.region = region, .ThCtAB_mean_mm = std::nan("")};
  };
  for (const json& plate : truth["plates"]) {
    cartilage::Region region = cartilage::Region::outside;
    if (plate["plate"] == "medial_tibia") region = cartilage::Region::MT;
    if (plate["plate"] == "lateral_tibia") region = cartilage::Region::LT;
    if (plate["plate"] == "patella") region = cartilage::Region::P;
    if (region == cartilage::Region::outside) continue;
    const cartilage::RegionMeasures r = measured(region);
    const double true_area = plate["subchondral_area_mm2"];
    const double true_sum = plate["mean_thickness_mm"].get<double>() * true_area;
    EXPECT_NEAR(r.tAB_mm2 / true_area, 0.96, 0.04) << plate;
    EXPECT_NEAR(r.ThCtAB_mean_mm * r.tAB_mm2 / true_sum, 1.0, 0.06) << plate;
    EXPECT_NEAR(r.VC_mm3 / plate["cartilage_volume_mm3"].get<double>(), 1.0, 0.06) << plate;
  }
  const cartilage::RegionMeasures medial = measured(cartilage::Region::MT);
  const double true_denuded = 3.14159265 * 7.0 * 7.0;
  EXPECT_NEAR(medial.dAB_mm2 / true_denuded, 1.0, 0.15);
}

TEST(Path, ADisagreeingSideIsFlagged) {
  const ScratchFolder scratch;
  make_phantom(scratch / "phantom", {"--side", "right"});
  const Ended ended =
      genu({"run", scratch / "phantom" / "dicom", "--labels", scratch / "phantom" / "labels.nrrd", "--side",
            "left", "--no-figures", "--out", scratch / "case"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("given as left, but the image's header says right"));
}

TEST(Path, ImageAndLabelsOnDifferentGridsAreRefusedWithTheNumbers) {
  const ScratchFolder scratch;
  make_phantom(scratch / "one", tiny);
  make_phantom(scratch / "two", {"--pose", "0,0,0,1.5,0,0", "--in-plane-mm", "2", "--slice-mm", "4"});
  const Ended ended = genu({"run", scratch / "one" / "dicom", "--labels", scratch / "two" / "labels.nrrd",
                            "--no-figures", "--out", scratch / "case"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, ::testing::AllOf(HasSubstr("image: "), HasSubstr("labels: ")));
  EXPECT_FALSE(fs::exists(scratch / "case"));
}

TEST(Path, AnOldCaseIsNotOverwrittenUnlessAsked) {
  const ScratchFolder scratch;
  make_phantom(scratch / "phantom", tiny);
  const std::vector<std::string> again{
      "phantom",          "--out", scratch / "phantom", "--in-plane-mm", "2", "--slice-mm", "4",
      "--samples-per-mm", "1"};
  const auto before = fs::last_write_time(scratch / "phantom" / "truth.json");
  EXPECT_EQ(genu(again).exit_code, 3);
  EXPECT_EQ(fs::last_write_time(scratch / "phantom" / "truth.json"), before);
  auto replacing = again;
  replacing.push_back("--replace");
  EXPECT_EQ(genu(replacing).exit_code, 0);
}

// --replace must not cost the inputs, nor a folder that is not Genu's.
TEST(Path, ReplacingSparesInputsAndForeignFolders) {
  const ScratchFolder scratch;
  make_phantom(scratch / "knee", tiny);
  const fs::path labels = scratch / "knee" / "labels.nrrd";
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"measure", "--labels", labels, "--label-table", "genu", "--out", scratch / "knee", "--replace"},
           {"run", "--labels", labels, "--label-table", "genu", "--no-figures", "--out", scratch / "knee",
            "--replace"},
           {"import", scratch / "knee/dicom", "--output", scratch / "knee", "--replace"}}) {
    const Ended ended = genu(line);
    EXPECT_EQ(ended.exit_code, 3) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("lies in it"));
  }
  EXPECT_TRUE(fs::exists(labels));
  fs::create_directories(scratch / "thesis");
  io::write_text(scratch / "thesis" / "chapter.txt", "years of work");
  const Ended ended = genu({"phantom", "--out", scratch / "thesis", "--replace"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr("Genu did not make it"));
  EXPECT_EQ(tree_of(scratch / "thesis"), std::vector<std::string>{"chapter.txt"});
}

// A full disk ends in an error that names the user's folder, and leaves no folder.
TEST(Path, AFullDiskIsAnError) {
  const ScratchFolder scratch;
  make_phantom(scratch / "knee");
  const Ended ended = shell("trap '' XFSZ; ulimit -f 200; " + std::string(GENU_COMMAND) +
                            " measure --labels " + (scratch / "knee" / "labels.nrrd").string() +
                            " --label-table genu --side right --out " + (scratch / "case").string());
  EXPECT_EQ(ended.exit_code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr((scratch / "case").string() + "/"));
  EXPECT_EQ(tree_of(scratch.path()).front(), "knee");
}

TEST(Path, TheEmbeddedDefaultGoesTheWholeWay) {
  const ScratchFolder scratch;
  const fs::path folder = scratch / "demo";
  const Ended ended = genu({"run", "--phantom", "--in-plane-mm", "0.7", "--slice-mm", "1.4",
                            "--samples-per-mm", "1", "--out", folder});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr((folder / "report.html").string()));
  EXPECT_FALSE(io::scan_folder(folder / "phantom" / "dicom").series.empty());
  const io::Case knee = io::read_case(folder);
  ASSERT_TRUE(knee.cartilage && knee.stage && knee.segmentation);
  EXPECT_THAT(ended.out, HasSubstr("The network's labels against the phantom's truth"));
  // No stage may rest on labels that nobody has looked at, and `stage` says the same as `run`.
  EXPECT_FALSE(knee.stage->stage);
  EXPECT_EQ(knee.stage->possible.size(), 4U);
  EXPECT_EQ(json::parse(genu({"stage", folder, "--json"}).out), json_of(folder / "stage.json"));
  const Ended truth =
      genu({"run", folder / "phantom" / "dicom", "--labels", folder / "phantom" / "labels.nrrd",
            "--no-figures", "--out", scratch / "by-truth"});
  ASSERT_EQ(truth.exit_code, 0) << truth.err;
  EXPECT_GE(io::read_case(scratch / "by-truth").cartilage->lesions.size(), 2U);
}

}  // namespace

}  // namespace genu::testing
