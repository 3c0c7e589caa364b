// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <genu/io/case_folder.h>
#include <genu/io/files.h>
#include <genu/io/meshes.h>
#include <genu/io/results.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "matchers.h"
#include "samples.h"

namespace genu::io {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::icosphere;
using testing::message_of;
using testing::ScratchFolder;

cartilage::BoneMap sample_bone(Bone bone, double radius_mm) {
  cartilage::BoneMap map;
  map.bone = bone;
  map.surface = icosphere({1, 2, 3}, radius_mm, 2);
  if (bone != Bone::patella) map.cartilage = icosphere({1, 2, 3}, radius_mm + 2.0, 1);
  for (std::size_t v = 0; v < map.surface.vertices().size(); ++v) {
    map.thickness_mm.push_back(v % 4 == 0   ? testing::not_measured
                               : v % 4 == 1 ? 0.0
                                            : 1.0 / static_cast<double>(v));
    map.region.push_back(static_cast<cartilage::Region>(v % 9));
    map.subregion.push_back(static_cast<cartilage::Region>(v % 27));
  }
  return map;
}

planning::Anatomy sample_anatomy() {
  using planning::StructureKind;
  planning::Anatomy anatomy;
  anatomy.frame = testing::sample_report().frame;
  anatomy.skin = icosphere({}, 60.0, 2);
  anatomy.skin_source = "image";
  anatomy.structures = {
      {"femur", StructureKind::bone, icosphere({}, 20.0, 1), "segmented"},
      {"femoral_cartilage", StructureKind::cartilage, icosphere({}, 21.0, 1), "segmented"},
      {"patellar tendon / graft", StructureKind::tendon, icosphere({}, 5.0, 1), "estimated"},
      {"popliteal_artery", StructureKind::vessel, icosphere({}, 3.0, 1), "estimated"},
      {"popliteal_artery", StructureKind::vessel, icosphere({}, 4.0, 1), "segmented"},
      {"skin", StructureKind::meniscus, icosphere({}, 6.0, 1), "segmented"}};
  anatomy.recess = icosphere({0, 0, 30}, 8.0, 1);
  anatomy.missing = {"popliteal_vein"};
  anatomy.notes = {"fitted to 1.2 mm"};
  anatomy.tendon_gaps = {{"patellar_tendon", {1, 2, 3}, 5.5}};
  anatomy.structures[2].position_sd_mm = 4.5;
  return anatomy;
}

Case sample_case() {
  const ImageGeometry grid = testing::oblique_grid({.extent_mm = {6, 7, 8}});
  Case knee;
  knee.name = "P1 \"left\"";
  knee.visit = "12m";
  knee.inputs = {"scans/knee", "labels.nii.gz"};
  knee.created = "2024-05-06T07:08:09Z";
  knee.genu_version = "0.1.0";
  knee.image = Volume<float>(grid, 1.5F);
  knee.image->voxels()[3] = 2.25F;
  knee.labels = LabelMap(grid);
  knee.labels->voxels()[5] = Tissue::medial_meniscus;
  knee.cartilage = testing::sample_report();
  knee.cartilage->bones = {sample_bone(Bone::femur, 20.0), sample_bone(Bone::patella, 10.0)};
  knee.segmentation = testing::sample_segmentation();
  knee.stage = testing::sample_stage();
  knee.anatomy = sample_anatomy();
  knee.plans = testing::sample_plans();
  return knee;
}

void expect_same_mesh(const TriangleMesh& a, const TriangleMesh& b) {
  EXPECT_EQ(a.vertices(), b.vertices());
  EXPECT_EQ(a.triangles(), b.triangles());
}

TEST(CaseFolder, IsReadBackAsItWasWritten) {
  const ScratchFolder scratch;
  const Case knee = sample_case();
  write_case(scratch.path(), knee);
  const Case read = read_case(scratch.path());
  EXPECT_EQ(read.name, knee.name);
  EXPECT_EQ(read.visit, knee.visit);
  EXPECT_EQ(read.inputs, knee.inputs);
  EXPECT_EQ(read.created, knee.created);
  EXPECT_EQ(read.genu_version, knee.genu_version);
  ASSERT_TRUE(read.image && read.labels && read.cartilage && read.stage && read.anatomy);
  EXPECT_TRUE(nearly_equal(read.image->geometry(), knee.image->geometry(), 1e-9));
  EXPECT_EQ(read.image->voxels(), knee.image->voxels());
  EXPECT_TRUE(nearly_equal(read.labels->geometry(), knee.labels->geometry(), 1e-9));
  EXPECT_EQ(read.labels->voxels(), knee.labels->voxels());
  // results_test.cpp compares what the JSON forms hold field by field.
  EXPECT_EQ(to_json(*read.cartilage), to_json(*knee.cartilage));
  EXPECT_EQ(to_json(*read.stage), to_json(*knee.stage));
  ASSERT_TRUE(read.segmentation);
  EXPECT_EQ(to_json(*read.segmentation), to_json(*knee.segmentation));
  EXPECT_EQ(to_json(read.plans), to_json(knee.plans));
}

TEST(CaseFolder, BonesKeepThicknessAndRegionOfEveryVertex) {
  const ScratchFolder scratch;
  const Case knee = sample_case();
  write_case(scratch.path(), knee);
  const auto bones = read_case(scratch.path()).cartilage->bones;
  ASSERT_EQ(bones.size(), 2U);
  for (std::size_t b = 0; b < 2; ++b) {
    const cartilage::BoneMap& expected = knee.cartilage->bones[b];
    EXPECT_EQ(bones[b].bone, expected.bone);
    expect_same_mesh(bones[b].surface, expected.surface);
    expect_same_mesh(bones[b].cartilage, expected.cartilage);
    EXPECT_EQ(bones[b].region, expected.region);
    EXPECT_EQ(bones[b].subregion, expected.subregion);
    ASSERT_EQ(bones[b].thickness_mm.size(), expected.thickness_mm.size());
    for (std::size_t v = 0; v < expected.thickness_mm.size(); ++v)
      ASSERT_TRUE(bones[b].thickness_mm[v] == expected.thickness_mm[v] ||
                  (std::isnan(bones[b].thickness_mm[v]) && std::isnan(expected.thickness_mm[v])))
          << v;
  }
}

TEST(CaseFolder, AnatomyKeepsEveryStructureWhateverItsName) {
  const ScratchFolder scratch;
  const Case knee = sample_case();
  write_case(scratch.path(), knee);
  const planning::Anatomy read = *read_case(scratch.path()).anatomy;
  EXPECT_EQ(read.frame.origin, knee.anatomy->frame.origin);
  EXPECT_EQ(read.skin_source, "image");
  EXPECT_EQ(read.missing, knee.anatomy->missing);
  EXPECT_EQ(read.notes, knee.anatomy->notes);
  EXPECT_EQ(read.structures[2].position_sd_mm, 4.5);
  ASSERT_EQ(read.tendon_gaps.size(), 1u);
  EXPECT_EQ(read.tendon_gaps[0].tendon, "patellar_tendon");
  EXPECT_EQ(read.tendon_gaps[0].centre, (Point3{1, 2, 3}));
  EXPECT_EQ(read.tendon_gaps[0].length_mm, 5.5);
  expect_same_mesh(read.skin, knee.anatomy->skin);
  expect_same_mesh(read.recess, knee.anatomy->recess);
  ASSERT_EQ(read.structures.size(), knee.anatomy->structures.size());
  for (std::size_t s = 0; s < read.structures.size(); ++s) {
    EXPECT_EQ(read.structures[s].name, knee.anatomy->structures[s].name);
    EXPECT_EQ(read.structures[s].kind, knee.anatomy->structures[s].kind);
    EXPECT_EQ(read.structures[s].source, knee.anatomy->structures[s].source);
    expect_same_mesh(read.structures[s].surface, knee.anatomy->structures[s].surface);
  }
}

TEST(CaseFolder, EveryJsonFileKeepsToItsSchema) {
  const ScratchFolder scratch;
  write_case(scratch.path(), sample_case());
  for (const char* name : {"case", "segmentation", "measurements", "stage", "anatomy", "plan"}) {
    const std::string file = std::string(name) + ".json";
    EXPECT_NO_THROW(validate_json(read_text(scratch / file), name, file)) << file;
  }
  EXPECT_TRUE(read_text(scratch / "measurements.csv").starts_with(measures_csv_header()));
  EXPECT_THAT(read_text(scratch / "measurements.csv"), HasSubstr("\"P1 \"\"left\"\"\",12m,left,MT,"));
}

TEST(CaseFolder, PartsThatAreNotThereStayAway) {
  const ScratchFolder scratch;
  Case knee;
  knee.name = "empty";
  write_case(scratch.path(), knee);
  const Case read = read_case(scratch.path());
  EXPECT_EQ(read.name, "empty");
  EXPECT_EQ(read.visit, "baseline");
  EXPECT_FALSE(read.image || read.labels || read.segmentation || read.cartilage || read.stage ||
               read.anatomy);
  EXPECT_TRUE(read.plans.empty());
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()), 1);
  // An anatomy without skin and recess.
  knee.anatomy.emplace();
  knee.anatomy->skin_source = "the image does not show it";
  write_case(scratch.path(), knee);
  const planning::Anatomy anatomy = *read_case(scratch.path()).anatomy;
  EXPECT_TRUE(anatomy.skin.empty() && anatomy.recess.empty() && anatomy.structures.empty());
  EXPECT_EQ(anatomy.skin_source, "the image does not show it");
}

// Whatever file of a case is lost, cut or replaced, the error names that file.
TEST(CaseFolder, DamageIsToldWithTheFile) {
  const ScratchFolder scratch;
  write_case(scratch.path(), sample_case());
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path()))
    if (entry.is_regular_file() && entry.path().extension() != ".csv") files.push_back(entry.path());
  EXPECT_GE(files.size(), 17U);
  for (const fs::path& file : files) {
    const std::string whole = read_text(file);
    for (const std::string& damaged :
         {std::string(), whole.substr(0, whole.size() / 2), std::string("nonsense")}) {
      write_text(file, damaged);
      EXPECT_THAT(message_of([&] { read_case(scratch.path()); }), HasSubstr(file.filename().string()));
    }
    fs::remove(file);
    EXPECT_THAT(message_of([&] { read_case(scratch.path()); }), HasSubstr(file.filename().string()));
    write_text(file, whole);
  }
  EXPECT_NO_THROW(read_case(scratch.path()));
}

TEST(CaseFolder, MeshesWithoutTheirArraysAreRefused) {
  const ScratchFolder scratch;
  const Case knee = sample_case();
  const cartilage::BoneMap& femur = knee.cartilage->bones[0];
  write_case(scratch.path(), knee);
  write_mesh(scratch / "meshes/femur.vtp", femur.surface, {{"thickness_mm", femur.thickness_mm}});
  EXPECT_THAT(message_of([&] { read_case(scratch.path()); }),
              AllOf(HasSubstr("femur.vtp"), HasSubstr("'region'")));
  write_mesh(
      scratch / "meshes/femur.vtp", femur.surface,
      {{"thickness_mm", femur.thickness_mm}, {"region", std::vector<double>(femur.region.size(), 4.5)}});
  EXPECT_THAT(message_of([&] { read_case(scratch.path()); }),
              AllOf(HasSubstr("femur.vtp"), HasSubstr("4.5")));
}

// A case folder comes from elsewhere: it must not make Genu read files outside of itself.
TEST(CaseFolder, FileNamesCannotLeaveTheFolder) {
  const ScratchFolder scratch;
  write_case(scratch.path(), sample_case());
  nlohmann::json document = nlohmann::json::parse(read_text(scratch / "case.json"));
  document["files"]["bones"][0]["surface"] = "../elsewhere.vtp";
  write_text(scratch / "case.json", document.dump());
  EXPECT_THAT(
      message_of([&] { read_case(scratch.path()); }),
      AllOf(HasSubstr("case.json"), HasSubstr("/files/bones/0/surface"), HasSubstr("../elsewhere.vtp")));
}

TEST(CaseFolder, AFolderThatIsNoCaseIsRefused) {
  const ScratchFolder scratch;
  EXPECT_THAT(message_of([&] { read_case(scratch.path()); }), HasSubstr("case.json"));
  EXPECT_THAT(message_of([&] { write_case(scratch / "absent", sample_case()); }), HasSubstr("absent"));
}

}  // namespace
}  // namespace genu::io
