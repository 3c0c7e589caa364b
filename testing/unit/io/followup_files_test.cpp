// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/followup_files.h>
#include <genu/io/results.h>
#include <genu/testing/data.h>

namespace genu::io {
namespace {

using cartilage::Region;
using followup::Change;
using ::testing::HasSubstr;

followup::Precision sample_precision() {
  followup::Precision p{
      .name = "ours", .source = "three knees, \"twice\"", .method = "normal", .regions = {}};
  p.regions.push_back({Region::MT, {0.001, 0.05, 3}, {-2.5, 33.25, 2}, {0.1, 1.5, 1}});
  p.regions.push_back({Region::cMFTC, {1.0 / 3.0, 0.07, 2}, {Change::unknown, Change::unknown, 0}, {}});
  return p;
}

followup::Course sample_course() {
  followup::Course course{.knee = "k, 1",
                          .visits = {{"baseline", 0.0}, {"12m", 12.0}, {"later", {}}},
                          .changes = {},
                          .precision = sample_precision()};
  for (const double later : {1.9, 1.75}) {
    followup::VisitChange change;
    change.side = Side::left;
    change.method = "normal";
    followup::RegionChange row;
    row.region = Region::MT;
    row.ThCtAB_mm = {2.0, later};
    row.VC_mm3 = {1000.0, 990.0};
    row.seen_percent = 97.5;
    change.regions.push_back(row);
    row.region = Region::cMFTC;
    row.VC_mm3 = {};
    change.parts.push_back(row);
    change.ordered_mm = {-0.2, 0.1};
    change.thinning_score_mm = -0.2;
    change.thickening_score_mm = 0.1;
    followup::BoneChange bone;
    bone.bone = Bone::tibia;
    bone.alignment.b_from_a = RigidTransform::translation_by({1.5, -2.5, 3.5});
    bone.alignment.rms_mm = 0.25;
    bone.volume_mm3 = {5000.0, 5050.0};
    change.bones.push_back(bone);
    change.flags = {"a flag"};
    course.changes.push_back(change);
  }
  return course;
}

TEST(PrecisionFile, ReadsBackWhatWasWritten) {
  const testing::ScratchFolder scratch;
  const followup::Precision before = sample_precision();
  write_text(scratch / "p.json", to_json(before));
  const followup::Precision after = read_precision(scratch / "p.json");
  EXPECT_EQ(after.name, before.name);
  EXPECT_EQ(after.source, before.source);
  EXPECT_EQ(after.method, before.method);
  ASSERT_EQ(after.regions.size(), 2U);
  EXPECT_EQ(to_json(after), to_json(before));
  EXPECT_EQ(after.regions[1].region, Region::cMFTC);
  EXPECT_EQ(after.regions[1].ThCtAB_mm.pairs, 2U);
  EXPECT_TRUE(std::isnan(after.regions[1].VC_mm3.sdc));
}

TEST(PrecisionFile, ThatIsWrongIsRefusedWithItsPlace) {
  const testing::ScratchFolder scratch;
  write_text(scratch / "p.json", R"({"schema": "genu/precision/1", "name": "n", "source": "s", "method": "m",
    "regions": [{"region": "XY", "ThCtAB_mm": {"bias": 0, "sdc": 1, "pairs": 1},
                 "VC_mm3": {"bias": 0, "sdc": 1, "pairs": 1}, "dABp_percent": {"bias": 0, "sdc": 1, "pairs": 1}}]})");
  try {
    read_precision(scratch / "p.json");
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(describe(error), HasSubstr("'XY'"));
  }
  write_text(scratch / "p.json", R"({"schema": "genu/precision/1"})");
  EXPECT_THROW(read_precision(scratch / "p.json"), IoError);
}

TEST(PrecisionFile, ThatShipsCoversEveryRegion) {
  const followup::Precision shipped = read_precision(data_file("followup/phantom-1.json"));
  for (const Region region : cartilage::measured_regions) {
    const followup::RegionPrecision* row = followup::find(shipped, region);
    ASSERT_NE(row, nullptr) << name(region);
    EXPECT_GT(row->ThCtAB_mm.pairs, 7U);
    EXPECT_GT(row->ThCtAB_mm.sdc, 0.0) << name(region);
    EXPECT_LT(row->ThCtAB_mm.sdc, 0.2) << name(region);
    EXPECT_LT(std::abs(row->ThCtAB_mm.bias), 0.5 * row->ThCtAB_mm.sdc)
        << name(region) << ": scatter, no drift";
  }
}

TEST(CourseFile, KeepsToItsSchemaAndLosesNothing) {
  const std::string json = to_json(sample_course());
  EXPECT_NO_THROW(validate_json(json, "followup", "sample"));
  const auto document = nlohmann::json::parse(json);
  EXPECT_EQ(document["visits"][2]["months"], nullptr);
  const auto& first = document["changes"][0];
  EXPECT_DOUBLE_EQ(first["years"].get<double>(), 1.0);
  const auto& thickness = first["regions"][0]["measures"][0];
  EXPECT_EQ(thickness["measure"], "ThCtAB");
  EXPECT_NEAR(thickness["change"].get<double>(), -0.1, 1e-12);
  EXPECT_NEAR(thickness["change_percent"].get<double>(), -5.0, 1e-12);
  EXPECT_EQ(thickness["verdict"], "decrease");
  EXPECT_EQ(first["regions"][0]["measures"][1]["verdict"], "within error");
  EXPECT_EQ(first["regions"][1]["measures"][1]["change"], nullptr);
  EXPECT_EQ(first["bones"][0]["followup_from_baseline"][1][3], -2.5);
  EXPECT_EQ(document["changes"][1]["years"], nullptr);
  EXPECT_EQ(document["changes"][1]["regions"][0]["measures"][0]["change_percent_a_year"], nullptr);
}

TEST(CourseFile, HasOneRowARegionVisitAndMeasure) {
  const std::string csv = course_csv(sample_course());
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(
      line,
      "case,side,region,measure,unit,baseline_visit,visit,years,baseline,followup,change,change_percent,"
      "change_percent_a_year,sdc,verdict,seen_percent,method");
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("\"k, 1\",left,MT,ThCtAB,mm,baseline,12m,1,2,1.9,"));
  std::size_t rows = 1;
  while (std::getline(lines, line)) ++rows;
  EXPECT_EQ(rows, 2U * 2U * 3U);
}

}  // namespace
}  // namespace genu::io
