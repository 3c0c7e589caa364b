// SPDX-License-Identifier: Apache-2.0
// `genu t2` on a multi-echo series with known decays, and on a real one.
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/volume_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

double t2_of(Tissue tissue) {
  switch (tissue) {
    case Tissue::background:
      return 0.0;
    case Tissue::femoral_cartilage:
      return 40.0;
    case Tissue::medial_tibial_cartilage:
    case Tissue::lateral_tibial_cartilage:
      return 30.0;
    case Tissue::patellar_cartilage:
      return 50.0;
    default:
      return 80.0;
  }
}

/// A coarse phantom's labels, and six echoes of it with noise; made once.
const fs::path& knee() {
  static const ScratchFolder scratch;
  static const fs::path folder = [] {
    const Ended ended = genu({"phantom", "--out", scratch / "knee", "--samples-per-mm", "1", "--in-plane-mm",
                              "0.8", "--slice-mm", "3", "--side", "left"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const LabelMap labels = io::read_labels(scratch / "knee" / "labels.nrrd", io::label_table_named("genu"));
    std::mt19937_64 random(5);
    std::normal_distribution<double> noise(0.0, 10.0);
    for (int e = 1; e <= 6; ++e) {
      Volume<float> echo(labels.geometry());
      for (std::size_t v = 0; v < echo.voxels().size(); ++v) {
        const double t2 = t2_of(labels.voxels()[v]);
        const double signal = t2 > 0.0 ? 1000.0 * std::exp(-8.0 * e / t2) : 0.0;
        echo.voxels()[v] = static_cast<float>(std::hypot(signal + noise(random), noise(random)));
      }
      io::write_mr_series(scratch / "knee" / "echoes" / std::to_string(e), echo,
                          {.series_description = "T2", .side = Side::left, .echo_time_ms = 8.0 * e});
    }
    return scratch / "knee";
  }();
  return folder;
}

TEST(T2, ReadsTheDecaysOfEachRegionAndLayer) {
  const ScratchFolder scratch;
  const Ended ended = genu({"t2", knee() / "echoes", "--labels", knee() / "labels.nrrd", "--label-table",
                            "genu", "--out", scratch / "t2"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("left (from header)"), HasSubstr("5 of 6 echoes"),
                               HasSubstr("superficial"), HasSubstr("Medial tibia")));
  EXPECT_EQ(tree_of(scratch / "t2"),
            (std::vector<std::string>{"labels.nrrd", "t2.csv", "t2.json", "t2.nrrd", "t2_all_tissue.png",
                                      "t2_lateral.png", "t2_medial.png", "t2_patella.png"}));
  const json document = result_in(scratch / "t2" / "t2.json", "t2");
  EXPECT_NEAR(document["fit"]["noise_sigma"].get<double>(), 10.0, 0.3) << "read from the air";
  for (const json& row : document["regions"]) {
    if (row["voxels"] < 50) continue;
    const std::string region = row["region"];
    const double truth = region == "P" || region == "mP" || region == "lP"          ? 50.0
                         : region.find('T') != std::string::npos && region != "TrF" ? 30.0
                                                                                    : 40.0;
    EXPECT_NEAR(row["mean_ms"].get<double>(), truth, 0.02 * truth) << row;
    EXPECT_NEAR(row["median_ms"].get<double>(), truth, 0.02 * truth) << row;
    EXPECT_GT(row["fitted_percent"].get<double>(), 99.0) << row;
  }
  EXPECT_THAT(io::read_text(scratch / "t2" / "t2.csv"),
              StartsWith("case,visit,side,region,layer,measure,value,unit,method\n"));
  const Volume<float> map = io::read_volume(scratch / "t2" / "t2.nrrd");
  EXPECT_TRUE(std::isnan(map.voxels().front())) << "air is not fitted";
}

TEST(T2, RefusesWhatHasOneEchoAndLabelsOfAnotherGrid) {
  const ScratchFolder scratch;
  const Ended one = genu({"t2", knee() / "dicom", "--labels", knee() / "labels.nrrd", "--label-table", "genu",
                          "--out", scratch / "t2"});
  EXPECT_EQ(one.exit_code, 3);
  EXPECT_THAT(one.err, HasSubstr("one echo"));
  const LabelMap labels = io::read_labels(knee() / "labels.nrrd", io::label_table_named("genu"));
  const GridSize& size = labels.geometry().size();
  io::write_labels(scratch / "part.nrrd", cropped(labels, {0, 0, 0}, {size[0], size[1], size[2] - 1}),
                   io::label_table_named("genu"));
  const Ended other = genu({"t2", knee() / "echoes", "--labels", scratch / "part.nrrd", "--label-table",
                            "genu", "--out", scratch / "t2"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, HasSubstr("same grid"));
  const Ended skipped = genu({"t2", knee() / "echoes", "--labels", knee() / "labels.nrrd", "--label-table",
                              "genu", "--skip-echoes", "5", "--out", scratch / "t2"});
  EXPECT_EQ(skipped.exit_code, 3);
  EXPECT_THAT(skipped.err, HasSubstr("6 echoes, of which the first 5"));
  EXPECT_FALSE(fs::exists(scratch / "t2"));
}

// A real knee on a GE scanner. Cartilage at 3 T reads 36 +- 6 ms (Pai et al. 2008, Magn. Reson. Imaging
// 26:1215), less near the bone; the network's outlines hold some marrow and fluid, so the median of a region
// speaks, and not its mean.
TEST(T2, LooksRightOnARealKnee) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/ge_3t_multi_echo_t2");
  const ScratchFolder scratch;
  const Ended ended = genu({"t2", folder, "--side", "right", "--out", scratch / "t2"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("7 of 8 echoes"), HasSubstr("the noise is not known")));
  const json document = result_in(scratch / "t2" / "t2.json", "t2");
  int deep_is_shorter = 0;
  const json& rows = document["regions"];
  for (std::size_t n = 0; n < 24; n += 3) {  // the eight regions stand before their parts
    EXPECT_EQ(rows[n]["layer"], "whole");
    EXPECT_GT(rows[n]["median_ms"].get<double>(), 25.0) << rows[n];
    EXPECT_LT(rows[n]["median_ms"].get<double>(), 60.0) << rows[n];
    if (rows[n + 1]["median_ms"] < rows[n + 2]["median_ms"]) ++deep_is_shorter;
  }
  EXPECT_GE(deep_is_shorter, 5) << "of 8";
}

}  // namespace

}  // namespace genu::testing
