// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/volume.h>
#include <genu/planning/anatomy.h>
#include <genu/planning/plan.h>
#include <genu/segmentation/segment.h>
#include <genu/staging/stage.h>

namespace genu::io {

/// Everything known of one knee at one visit. On disk: case.json (what there is, from which inputs, by which
/// version), image.nrrd, labels.nrrd, segmentation.json, meshes/*.vtp, measurements.json and .csv,
/// stage.json, anatomy.json, anatomy/*.vtp, plan.json; and from other hands figures/ and report.html.
struct Case {
  std::string name;
  std::string visit = "baseline";
  std::vector<std::string> inputs;  ///< Paths as the user gave them.
  std::string created;              ///< ISO 8601, UTC.
  std::string genu_version;
  std::optional<Volume<float>> image;
  std::optional<LabelMap> labels;
  std::optional<segmentation::SegmentationReport> segmentation;  ///< If Genu made the labels.
  std::optional<cartilage::CartilageReport> cartilage;
  std::optional<staging::StageReport> stage;
  std::optional<planning::Anatomy> anatomy;
  std::vector<planning::NeedlePlan> plans;
};

/// Writes every part that is there into an existing folder, case.json last.
///
/// Bone meshes carry the vertex arrays `thickness_mm` and `region` (numbers of cartilage::Region; their names
/// are in measurements.json).
/// \throws IoError
void write_case(const std::filesystem::path& folder, const Case& knee);
/// Reads what write_case wrote.
/// \throws IoError naming the file and what is wrong with it.
Case read_case(const std::filesystem::path& folder);

}  // namespace genu::io
