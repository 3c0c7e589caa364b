// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <genu/core/knee.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>
#include <genu/core/volume.h>
#include <genu/io/dicom.h>
#include <genu/io/volume_files.h>

namespace CLI {  // NOLINT(readability-identifier-naming): the parser's own name
class App;
}

// What several verbs read, and the options that name it.
namespace genu::app {

struct LabelSource {
  std::filesystem::path file;
  /// A name that ships with Genu, or a JSON file; empty for the only shipped table that fits.
  std::string table = {};
};
/// Adds --labels and --label-table.
void add_label_options(CLI::App& parser, LabelSource& source);
/// \throws UsageError if the source names no table and several fit: the numbers alone do not tell a femur
/// from cartilage
LabelMap read_label_map(const LabelSource& source);

struct ImageSource {
  std::filesystem::path path;  ///< A DICOM folder or file, or a NIfTI, NRRD or MHA file.
  std::string series;          ///< Number in the list or UID; empty if there is only one.
  std::optional<std::size_t> echo;
};
struct SourceImage {
  Volume<float> image;
  std::optional<Side> side;  ///< As the header says.
};
/// \throws UsageError if there are several series or echoes and the source names none.
SourceImage read_image(const ImageSource& source, const Progress& progress);

/// Returns true if the name ends as files of NIfTI, NRRD or MetaImage do.
bool is_volume_file(const std::filesystem::path& file);

/// Returns the series that `wanted` names by number (from 1) or UID; if it is empty, the only readable one.
/// \throws UsageError listing what there is
const io::SeriesInfo& choose_series(const io::FolderScan& scan, const std::string& wanted);

/// Returns the number of the echo to use, from 1.
/// \throws UsageError if the series has several and none is named, or not so many
std::size_t choose_echo(std::size_t echoes, const std::optional<std::size_t>& wanted);

/// \throws GeometryMismatch with the numbers of both grids
void require_same_grid(const ImageGeometry& image, const ImageGeometry& labels);

/// Adds --side.
void add_side_option(CLI::App& parser, std::optional<Side>& side);

struct CaseName {
  std::string name;
  std::string visit = "baseline";
};
/// Returns case and visit of a file or folder: `<case>_<NN>m` is case and months, else all of it is the case.
/// Characters that trouble shells and tables become "_".
CaseName case_named_by(const std::filesystem::path& file);

}  // namespace genu::app
