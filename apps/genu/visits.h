// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/progress.h>
#include <genu/followup/compare.h>
#include <genu/io/case_folder.h>

#include "inputs.h"

// Visits of a knee as compare and precision read them.
namespace genu::app {

/// Returns the case in a folder; or the one that a label map makes when it is measured.
/// \param source a case folder, or a label map with its table
/// \throws InvalidInput if the case has no labels, was not measured,
/// or was measured as a knee of another side than `side`
io::Case read_visit(const LabelSource& source, const std::optional<Side>& side, const Progress& progress);

/// \throws UsageError if there is a table and no label map that it could be of
void require_label_maps(const std::vector<std::filesystem::path>& inputs, const std::string& table);

/// Adds --label-table for label maps among the visits.
void add_table_option(CLI::App& parser, std::string& table);

/// Returns the case as followup takes it; it must outlive the result.
followup::Visit visit_of(const io::Case& knee);

/// Returns the months that a visit's name tells: 24 for "24m"; else nothing.
std::optional<double> months_of(const std::string& visit);

}  // namespace genu::app
