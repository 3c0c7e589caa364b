// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/tissue.h>
#include <genu/core/volume.h>

namespace genu::io {

/// Returns how the name of a NIfTI, NRRD or MetaImage file ends, in lower case (".nii.gz"), whatever its own
/// case; empty for every other name.
std::string_view volume_extension(const std::filesystem::path& file);

/// Reads a scalar volume from NIfTI-1, NRRD or MHA/MHD, in patient space (LPS); the content tells the format.
///
/// NaN stays NaN. NIfTI's sform goes before its qform.
/// \throws IoError naming the file and what is wrong with it: damage, several values a voxel or several
/// volumes, a grid that is sheared or whose place in the patient is not stated.
Volume<float> read_volume(const std::filesystem::path& file);

/// Writes by extension: .nii, .nii.gz, .nrrd, .mha; to a temporary name first, then renamed.
///
/// Reads back with the same voxels; the grid to 1e-4 mm in NIfTI, whose header holds floats, and to 1e-9 mm
/// in the others. Voxels that are all whole 16-bit numbers are stored as such. \throws IoError
void write_volume(const std::filesystem::path& file, const Volume<float>& volume);
/// Writes a byte a voxel, compressed but for .nii: what voxels are, not what they measure. \throws IoError
void write_volume(const std::filesystem::path& file, const Volume<std::uint8_t>& volume);

/// Numbers in a file and the tissues they stand for.
struct LabelTable {
  std::string name;
  std::map<int, Tissue> tissue_of;
};

/// Returns a table that ships with Genu ("genu", "pymskt", "oai", ...).
/// \throws InvalidInput naming the tables there are.
LabelTable label_table_named(std::string_view name);
std::vector<std::string> label_table_names();
/// Reads a table from JSON (data/schemas/label_table.schema.json).
/// \throws IoError
LabelTable read_label_table(const std::filesystem::path& file);

/// Returns the names of the tables shipping with Genu that have every number in a label map.
/// \throws IoError if the file can't be read, or a voxel holds no whole number.
std::vector<std::string> label_tables_that_fit(const std::filesystem::path& file);

/// Reads a label map.
/// \throws IoError if a voxel holds a number that the table does not have, or no whole number; the message
/// names number, count and file, and the tables that would fit.
LabelMap read_labels(const std::filesystem::path& file, const LabelTable& table);
/// Writes a label map with the numbers of `table`, compressed but for .nii.
/// \throws IoError if a tissue in the map has no number there.
void write_labels(const std::filesystem::path& file, const LabelMap& labels, const LabelTable& table);

}  // namespace genu::io
