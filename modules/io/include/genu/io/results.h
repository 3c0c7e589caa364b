// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/phantom/knee.h>
#include <genu/planning/estimate.h>
#include <genu/planning/plan.h>
#include <genu/segmentation/agreement.h>
#include <genu/segmentation/segment.h>
#include <genu/staging/stage.h>

namespace genu::io {

// Each result has one JSON form with a published schema in data/schemas/; numbers that could not be measured
// are null. Readers validate against the schema and throw IoError naming the file, the place in it and the
// value.

std::string to_json(const cartilage::CartilageReport& report);  ///< Without the meshes; see case_folder.h.
std::string to_json(const segmentation::SegmentationReport& report);
std::string to_json(const staging::StageReport& report);
std::string to_json(const std::vector<planning::NeedlePlan>& plans);
std::string to_json(const phantom::Knee& knee, const phantom::Truth& truth);
/// \param name_a what the reader is told that the maps were, such as the names of their files
std::string to_json(const std::vector<segmentation::Agreement>& agreements, std::string_view name_a,
                    std::string_view name_b);

cartilage::CartilageReport cartilage_from_json(std::string_view json, const std::string& source);
segmentation::SegmentationReport segmentation_from_json(std::string_view json, const std::string& source);
staging::StageReport stage_from_json(std::string_view json, const std::string& source);
std::vector<planning::NeedlePlan> plans_from_json(std::string_view json, const std::string& source);

/// Reads what a network's evidence is worth (data/schemas/network.schema.json).
/// \throws IoError
segmentation::Calibration read_calibration(const std::filesystem::path& file);
/// Reads a rule (data/schemas/staging_rule.schema.json).
/// \throws IoError
staging::Rule read_staging_rule(const std::filesystem::path& file);
/// Reads ways in (data/schemas/approaches.schema.json).
/// \throws IoError
std::vector<planning::Approach> read_approaches(const std::filesystem::path& file);
/// Returns the approaches that ship with Genu.
std::vector<planning::Approach> known_approaches();
/// Reads where things lie in a knee that was measured (data/schemas/anatomy_table.schema.json).
/// \throws IoError
planning::AnatomyTable read_anatomy_table(const std::filesystem::path& file);

/// Returns the text with U+FFFD (replacement character) where it is not UTF-8: every JSON and CSV file holds
/// it so, because names of files and texts in headers can hold any bytes.
std::string as_utf8(std::string_view text);

/// Returns the text as one cell (RFC 4180): UTF-8, quoted where it holds a comma, a quote or a line break.
std::string csv_cell(std::string_view text);
/// Returns the shortest digits that read back as the same number; empty where it was not measured.
std::string csv_cell(double value);
/// Returns the header, and one row a region and measure: case, visit, side, region, measure, value, unit,
/// method with its parameters. Regions, then sub-regions and compartments, then menisci in the column of
/// regions, with a method of their own; an empty value was not measured.
std::string measures_csv_header();
std::string measures_csv_rows(const cartilage::CartilageReport& report, std::string_view case_name,
                              std::string_view visit);

/// Returns a header and one row a ranked trajectory: target, approach, rank, its scorecard, entry and target.
std::string plans_csv(const std::vector<planning::NeedlePlan>& plans);

/// Returns a header and one row a structure: the names of both maps, structure, every measure.
std::string agreement_csv(const std::vector<segmentation::Agreement>& agreements, std::string_view name_a,
                          std::string_view name_b);

/// Validates a JSON text against a schema of data/schemas/ (by file name, without the extension).
/// \throws IoError listing each place that breaks the schema.
void validate_json(std::string_view json, std::string_view schema, const std::string& source);

}  // namespace genu::io
