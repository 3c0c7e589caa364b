// SPDX-License-Identifier: Apache-2.0
// `genu compare-labels` on label maps with known agreement.
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Bone of 8 mm and cartilage of 2 mm around it; in a file of the table's numbers.
LabelMap write_knee(const std::filesystem::path& file, const GridOptions& grid, double bone_mm,
                    const char* table) {
  LabelMap labels = concentric_spheres(oblique_grid(grid), grid.centre, bone_mm, bone_mm + 2.0);
  io::write_labels(file, labels, io::label_table_named(table));
  return labels;
}

const GridOptions small{.extent_mm = {26.0, 26.0, 26.0}};

TEST(CompareLabels, PrintsATableAndWritesWhatProgramsRead) {
  const ScratchFolder scratch;
  const std::string a = scratch / "a.nrrd", b = scratch / "b.nii.gz";
  write_knee(a, small, 8.0, "genu");
  write_knee(b, small, 9.0, "oai");
  const std::vector<std::string> both{"compare-labels",  a,    b, "--label-table", "genu",
                                      "--label-table-b", "oai"};
  const Ended table = genu(both);
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("HD95 mm"), HasSubstr("Femoral cartilage")));

  std::vector<std::string> to_files = both;
  to_files.insert(to_files.end(), {"--json", "--out", scratch / "agreement.csv"});
  const Ended printed = genu(to_files);
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_NO_THROW(io::validate_json(printed.out, "agreement", "stdout"));
  const json document = json::parse(printed.out);
  EXPECT_EQ(document["a"], a);
  ASSERT_EQ(document["structures"].size(), 2U);
  const json& femur = document["structures"][0];
  EXPECT_EQ(femur["structure"], "femur");
  EXPECT_NEAR(femur["dice"].get<double>(), 2.0 / (1.0 + std::pow(9.0 / 8.0, 3.0)), 0.005);
  EXPECT_NEAR(femur["assd_mm"].get<double>(), 1.0, 0.2);
  EXPECT_THAT(io::read_text(scratch / "agreement.csv"),
              AllOf(StartsWith("a,b,structure,voxels_a,voxels_b,dice,"), HasSubstr("femoral_cartilage,")));

  std::vector<std::string> to_json = both;
  to_json.insert(to_json.end(), {"--out", scratch / "agreement.json"});
  ASSERT_EQ(genu(to_json).exit_code, 0);
  EXPECT_EQ(io::read_text(scratch / "agreement.json"), printed.out);
}

TEST(CompareLabels, TakesMarrowLesionsApartWhenAsked) {
  const ScratchFolder scratch;
  const std::string a = scratch / "a.nrrd", b = scratch / "b.nrrd";
  LabelMap labels = write_knee(a, small, 8.0, "genu");
  for (std::size_t v = 0; v < labels.voxels().size(); ++v)
    if (distance(labels.geometry().to_patient(labels.geometry().index_of(v)), small.centre) < 3.0)
      labels.voxels()[v] = Tissue::femoral_bone_lesion;
  io::write_labels(b, labels, io::label_table_named("genu"));
  const std::vector<std::string> words{"compare-labels", a, b, "--label-table", "genu", "--json"};
  const json together = json::parse(genu(words).out)["structures"];
  ASSERT_EQ(together.size(), 2U);
  EXPECT_EQ(together[0]["dice"], 1.0);
  std::vector<std::string> more = words;
  more.emplace_back("--lesions-apart");
  const json apart = json::parse(genu(more).out)["structures"];
  ASSERT_EQ(apart.size(), 3U);
  EXPECT_LT(apart[0]["dice"].get<double>(), 1.0);
  EXPECT_EQ(apart[2]["structure"], "femoral_bone_lesion");
  EXPECT_TRUE(apart[2]["volume_difference_percent"].is_null());
}

TEST(CompareLabels, RefusesMapsOnTwoGridsInOneLine) {
  const ScratchFolder scratch;
  const std::string a = scratch / "a.nrrd", b = scratch / "b.nrrd", out = scratch / "out.csv";
  GridOptions other = small;
  other.centre = other.centre + Vector3{1.0, 0.0, 0.0};
  write_knee(a, small, 8.0, "genu");
  write_knee(b, other, 8.0, "genu");
  const Ended ended = genu({"compare-labels", a, b, "--label-table", "genu", "--out", out});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, AllOf(HasSubstr(a), HasSubstr(b), HasSubstr("same grid")));
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace

}  // namespace genu::testing
