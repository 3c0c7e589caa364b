// SPDX-License-Identifier: Apache-2.0
// `genu import` on real files.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

using nlohmann::json;

// Golden G11: the values that the headers state.
TEST(Import, ListsTheMultiEchoSeriesWithItsExactGeometry) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/ge_3t_multi_echo_t2");
  const Ended ended = genu({"import", folder, "--list", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NO_THROW(io::validate_json(ended.out, "series_list", "stdout"));
  const json scan = json::parse(ended.out);
  ASSERT_EQ(scan["series"].size(), 1U);
  const json& series = scan["series"][0];
  EXPECT_EQ(series["rows"], 256);
  EXPECT_EQ(series["columns"], 256);
  EXPECT_EQ(series["positions"], 24);
  EXPECT_EQ(series["files"], 192);
  for (const auto& [axis, spacing_mm] : {std::pair{0, 0.625}, {1, 0.625}, {2, 4.0}})
    EXPECT_NEAR(series["spacing_mm"][axis].get<double>(), spacing_mm, 1e-5);  // positions have six digits
  EXPECT_EQ(series["first_origin_mm"], json({-29.0364, -103.429, 56.2757}));
  ASSERT_EQ(series["echo_times_ms"].size(), 8U);
  for (std::size_t echo = 0; echo < 8; ++echo)
    EXPECT_NEAR(series["echo_times_ms"][echo].get<double>(), 6.312 * static_cast<double>(echo + 1), 1e-9);
  EXPECT_TRUE(series["problems"].empty());
  EXPECT_TRUE(series["side"].is_null()) << "the header states no side";
}

TEST(Import, ConvertsOneEchoAndAsksWhichIfNoneIsNamed) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/ge_3t_multi_echo_t2");
  const ScratchFolder scratch;
  const std::string file = scratch / "echo3.nii.gz";
  const Ended unnamed = genu({"import", folder, "--output", file});
  EXPECT_EQ(unnamed.exit_code, 2);
  EXPECT_THAT(unnamed.err, ::testing::HasSubstr("8 echoes"));
  ASSERT_EQ(genu({"import", folder, "--output", file, "--echo", "3"}).exit_code, 0);
  const Volume<float> volume = io::read_volume(file);
  EXPECT_EQ(volume.geometry().size(), (GridSize{256, 256, 24}));
  EXPECT_NEAR(volume.geometry().spacing_mm().z, 4.0, 1e-4);
  // A second time would overwrite: refused unless asked for.
  EXPECT_EQ(genu({"import", folder, "--output", file, "--echo", "3"}).exit_code, 3);
  EXPECT_EQ(genu({"import", folder, "--output", file, "--echo", "3", "--replace"}).exit_code, 0);
}

TEST(Import, ConvertsEveryEchoIntoAFolder) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/ge_3t_multi_echo_t2");
  const ScratchFolder scratch;
  ASSERT_EQ(genu({"import", folder, "--output", scratch / "volumes"}).exit_code, 0);
  EXPECT_EQ(tree_of(scratch / "volumes").size(), 8U);
}

TEST(Import, RefusesTheOddOnesWithFileAndReason) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/odd");
  const Ended ended = genu({"import", folder, "--list", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NO_THROW(io::validate_json(ended.out, "series_list", "stdout"));
  const json scan = json::parse(ended.out);
  std::size_t refused = scan["refused"].size();
  for (const json& series : scan["series"]) refused += series["problems"].size();
  EXPECT_GE(refused, 3U) << ended.out;
  for (const json& item : scan["refused"]) {
    EXPECT_NE(item["file"], "");
    EXPECT_NE(item["message"], "");
  }
  // A time series must not be stacked into a volume.
  EXPECT_THAT(ended.out, ::testing::HasSubstr("several times"));
}

}  // namespace

}  // namespace genu::testing
