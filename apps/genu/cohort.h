// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/knee.h>

#include "inputs.h"

namespace genu::app {

/// One knee at one visit of a cohort.
struct CohortCase {
  CaseName who;                        ///< As the manifest or the file's name says it.
  std::string id = {};                 ///< What its folder and log are called: unlike every other case's.
  std::filesystem::path image = {};    ///< Empty if there is none.
  std::string series = {}, echo = {};  ///< Which of the image's, as run takes them; empty for the only one.
  std::filesystem::path labels = {};   ///< Empty if the network makes them.
  std::string label_table = {};
  std::optional<Side> side = {};
  std::string problem = {};  ///< Why it can't be run; empty if it can be tried.
};

struct CohortOptions {
  std::string label_table;        ///< Where a manifest names none; empty for the only one that fits.
  std::optional<Side> side;       ///< Likewise.
  std::filesystem::path results;  ///< Where results go: no case.
};

/// Returns the path without links and dots, absolute; as it is where it can't be followed.
std::filesystem::path true_path(const std::filesystem::path& path);

/// Returns the cases of a folder, in order of name, or of a manifest, in its order.
///
/// In a folder each label map is a case, and so is each subfolder: with `labels.*` (or its only volume file),
/// an image in `image.*` or `dicom/`, or both; or with other files alone, which are then DICOM. Folders of a
/// batch's results are none. A manifest is a CSV file (UTF-8, with a header, separated by commas or
/// semicolons) or a JSON array of objects (data/schemas/cohort.schema.json); columns case, visit, image,
/// series, echo, labels, label_table, side; paths are relative to the manifest. What is wrong with one case
/// is its `problem`. \throws IoError if it can't be read; InvalidInput
/// if it holds no case, or one case and visit twice
std::vector<CohortCase> find_cohort(const std::filesystem::path& cohort, const CohortOptions& options);

}  // namespace genu::app
