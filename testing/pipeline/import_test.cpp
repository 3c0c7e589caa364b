// SPDX-License-Identifier: Apache-2.0
// `genu import` on real files.
#include <array>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A real series of eight echoes: the values that the headers state.
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
  EXPECT_EQ(tree_of(scratch / "volumes").size(), 9U) << "eight echoes and the list of series";
  io::validate_json(io::read_text(scratch / "volumes" / "series_list.json"), "series_list",
                    "series_list.json");
  EXPECT_EQ(genu({"import", folder, "--output", scratch / "volumes"}).exit_code, 3);
  EXPECT_EQ(genu({"import", folder, "--output", scratch / "volumes", "--replace"}).exit_code, 0);
}

// A series with sides that disagree is usable, and the reader must learn of it at every step.
TEST(Import, RemarksAreListedAndFollowTheImageIntoTheCase) {
  const ScratchFolder scratch;
  const Ended phantom = genu({"phantom", "--out", scratch / "knee", "--in-plane-mm", "0.8", "--slice-mm",
                              "1.6", "--samples-per-mm", "1", "--side", "right"});
  ASSERT_EQ(phantom.exit_code, 0) << phantom.err;
  const Volume<float> image = io::read_series(io::scan_folder(scratch / "knee/dicom").series[0])[0].image;
  io::write_mr_series(scratch / "dicom", image, {.series_description = "LEFT KNEE", .side = Side::right});

  const std::string remark = "laterality and descriptions name both sides";
  EXPECT_THAT(genu({"import", scratch / "dicom", "--list"}).out, HasSubstr("Series 1: " + remark));
  const Ended listed = genu({"import", scratch / "dicom", "--list", "--json"});
  EXPECT_NO_THROW(io::validate_json(listed.out, "series_list", "stdout"));
  EXPECT_THAT(json::parse(listed.out)["series"][0]["remarks"][0].get<std::string>(), HasSubstr(remark));
  EXPECT_THAT(genu({"import", scratch / "dicom", "--output", scratch / "v.nrrd"}).err, HasSubstr(remark));
  const Ended run = genu({"run", scratch / "dicom", "--labels", scratch / "knee/labels.nrrd", "--label-table",
                          "genu", "--side", "right", "--no-figures", "--out", scratch / "case"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("Flag: image series: " + remark));
  EXPECT_THAT(io::read_text(scratch / "case" / "measurements.json"), HasSubstr(remark));
}

TEST(Import, RefusesTheOddOnesWithFileAndReason) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/odd");
  const Ended ended = genu({"import", folder, "--list", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NO_THROW(io::validate_json(ended.out, "series_list", "stdout"));
  const json scan = json::parse(ended.out);
  using Row = std::array<std::string, 3>;  // file, refusal, tag
  std::vector<Row> refused;
  const auto add = [&](const json& item) {
    refused.push_back({std::filesystem::path(item["file"].get<std::string>()).filename().string(),
                       item["refusal"], item["tag"]});
    EXPECT_THAT(item["message"].get<std::string>(), HasSubstr(refused.back()[0]));
  };
  for (const json& item : scan["refused"]) add(item);
  for (const json& series : scan["series"])
    for (const json& item : series["problems"]) add(item);
  EXPECT_THAT(refused,
              ::testing::UnorderedElementsAre(Row{"rtplan.dcm", "not an image", "(0008,0016) SOPClassUID"},
                                              Row{"MR_truncated.dcm", "unreadable", "(7fe0,0010) PixelData"},
                                              Row{"badVR.dcm", "unreadable", "(0028,0008) NumberOfFrames"},
                                              // A time series must not be stacked into a volume.
                                              Row{"enhanced_mr_one_position_time_series.dcm", "several times",
                                                  "(0020,0032) ImagePositionPatient"}));
}

}  // namespace

}  // namespace genu::testing
