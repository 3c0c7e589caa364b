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
  CaseName who;
  std::filesystem::path image = {};  ///< Empty if there is none.
  std::filesystem::path labels = {};
  std::string label_table = {};
  std::optional<Side> side = {};
  std::string problem = {};  ///< Why it can't be run; empty if it can be tried.
  std::string id() const { return who.name + "_" + who.visit; }
};

struct CohortOptions {
  std::string label_table;          ///< Where a manifest names none; empty for the only one that fits.
  std::optional<Side> side;         ///< Likewise.
  std::filesystem::path leave_out;  ///< A folder that is no case: where the results go.
};

/// Returns the cases of a folder, in order of name, or of a manifest, in its order.
///
/// In a folder each label map is a case, and so is each subfolder, with `labels.*` (or its only volume file)
/// and an image in `image.*` or `dicom/`. A manifest is a CSV file with a header or a JSON array of objects;
/// columns case, visit, image, labels, label_table, side; paths are relative to the manifest. \throws IoError
/// if it can't be read; InvalidInput if it holds no case, or one case and visit twice
std::vector<CohortCase> find_cohort(const std::filesystem::path& cohort, const CohortOptions& options);

}  // namespace genu::app
