// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <genu/followup/course.h>
#include <genu/followup/precision.h>

namespace genu::io {

/// Returns the course as JSON (data/schemas/followup.schema.json), without the maps of change.
std::string to_json(const followup::Course& course);
/// Returns a header, and one row a region, later visit and measure, with unit, verdict and method.
std::string course_csv(const followup::Course& course);

/// Returns the table as JSON (data/schemas/precision.schema.json).
std::string to_json(const followup::Precision& precision);
/// Reads what the above wrote.
/// \throws IoError
followup::Precision read_precision(const std::filesystem::path& file);

}  // namespace genu::io
