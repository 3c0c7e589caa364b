// SPDX-License-Identifier: Apache-2.0
// `genu compare` and `genu precision` on phantoms that changed as we know.
#include <filesystem>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/followup_files.h>
#include <genu/io/volume_files.h>
#include <genu/phantom/scan.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

void write_knee(const fs::path& file, const phantom::KneeOptions& options) {
  const phantom::Knee knee(options);
  io::write_labels(file,
                   phantom::scan(knee, phantom::sagittal_grid(knee, 0.8, 1.2), {.samples_per_mm = 1}).labels,
                   io::label_table_named("genu"));
}

class Compare : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<ScratchFolder>();
    write_knee(at("k_00m.nrrd"), {});
    write_knee(at("k_24m.nrrd"), {.medial_tibial_change_mm = -0.4});
    write_knee(at("k_48m.nrrd"), {.medial_tibial_change_mm = -0.8});
    write_knee(at("other_00m.nrrd"), {.scale = 1.15});
  }
  static void TearDownTestSuite() { folder_.reset(); }
  static std::string at(const std::string& name) { return *folder_ / name; }
  static std::unique_ptr<ScratchFolder> folder_;
};
std::unique_ptr<ScratchFolder> Compare::folder_;

TEST_F(Compare, ThreeVisitsGiveChangesATrendMapsAndAReport) {
  const Ended ended = genu({"compare", at("k_00m.nrrd"), at("k_24m.nrrd"), at("k_48m.nrrd"), "--label-table",
                            "genu", "--out", at("course")});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("k, right knee: 00m to 24m, 2.00 years"), HasSubstr("Thinning score")));
  const json document = result_in(at("course/followup.json"), "followup");
  ASSERT_EQ(document["changes"].size(), 2U);
  const json& medial = document["changes"][0]["regions"][0];
  EXPECT_EQ(medial["region"], "MT");
  EXPECT_NEAR(medial["measures"][0]["change"].get<double>(), -0.38, 0.05);
  EXPECT_EQ(medial["measures"][0]["verdict"], "decrease");
  double slope = 0.0;
  for (const json& trend : document["trends"])
    if (trend["region"] == "MT" && trend["measure"] == "ThCtAB") slope = trend["per_year"].get<double>();
  EXPECT_NEAR(slope, -0.19, 0.03);
  EXPECT_THAT(
      tree_of(at("course")),
      ::testing::IsSupersetOf({"followup.csv", "followup.json", "report.html", "meshes/tibia.vtp",
                               "figures/1-tibia-above-change.png", "figures/2-femur-below-after.png"}));
  EXPECT_THAT(io::read_text(at("course/report.html")),
              HasSubstr("Medial tibia (MT): decrease of mean thickness by"));
}

TEST_F(Compare, TakesCaseFoldersAndTimesOfTheUsers) {
  for (const char* visit : {"00m", "24m"}) {
    const std::string stem = std::string("k_") + visit;
    const Ended measured =
        genu({"measure", "--labels", at(stem + ".nrrd"), "--label-table", "genu", "--out", at(stem)});
    ASSERT_EQ(measured.exit_code, 0) << measured.err;
  }
  const Ended ended = genu({"compare", at("k_00m"), at("k_24m"), "--months", "0,6"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("0.50 years"));
  EXPECT_EQ(genu({"compare", at("k_00m"), at("k_24m"), "--months", "0,6,12"}).exit_code, 2);
}

TEST_F(Compare, RefusesAnotherKnee) {
  const Ended ended = genu(
      {"compare", at("k_00m.nrrd"), at("other_00m.nrrd"), "--label-table", "genu", "--out", at("nothing")});
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.err, HasSubstr("another knee"));
  EXPECT_FALSE(fs::exists(at("nothing")));
}

TEST_F(Compare, TimesThatNobodyToldAreNotKnown) {
  fs::copy_file(at("k_00m.nrrd"), at("first.nrrd"));
  fs::copy_file(at("k_24m.nrrd"), at("second.nrrd"));
  const Ended ended = genu({"compare", at("first.nrrd"), at("second.nrrd"), "--label-table", "genu"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, ::testing::Not(HasSubstr(" years")));
}

TEST_F(Compare, ReplacingSparesThePrecisionThatItReads) {
  const std::vector<std::string> words{"compare", at("k_00m.nrrd"), at("k_24m.nrrd"), "--label-table",
                                       "genu",    "--no-figures",   "--out",          at("old")};
  ASSERT_EQ(genu(words).exit_code, 0);
  fs::copy_file(io::data_file("followup/phantom-1.json"), at("old/mine.json"));
  std::vector<std::string> again = words;
  again.insert(again.end(), {"--replace", "--precision", at("old/mine.json")});
  const Ended refused = genu(again);
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("mine.json"));
  EXPECT_TRUE(fs::exists(at("old/mine.json")));
}

TEST_F(Compare, PrecisionOfOnesOwnIsUsed) {
  const Ended made = genu({"precision", at("k_00m.nrrd"), at("k_24m.nrrd"), "--label-table", "genu", "--name",
                           "wide", "--out", at("wide.json")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_GT(followup::find(io::read_precision(at("wide.json")), cartilage::Region::MT)->ThCtAB_mm.sdc, 0.5);
  const Ended ended = genu({"compare", at("k_00m.nrrd"), at("k_24m.nrrd"), "--label-table", "genu",
                            "--precision", at("wide.json")});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("(SDC): wide"), ::testing::Not(HasSubstr("decrease"))));
  EXPECT_EQ(genu({"precision", at("k_00m.nrrd"), "--label-table", "genu"}).exit_code, 2) << "half a pair";
}

}  // namespace

}  // namespace genu::testing
