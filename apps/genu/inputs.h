// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/knee.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>
#include <genu/core/volume.h>
#include <genu/io/dicom.h>
#include <genu/io/volume_files.h>

namespace CLI {  // NOLINT(readability-identifier-naming): the parser's own name
class App;
class Option;
class Validator;
}  // namespace CLI

// What several verbs read, and the options that name it.
namespace genu::app {

struct LabelSource {
  std::filesystem::path file;
  /// A name that ships with Genu, or a JSON file; empty for the only shipped table that fits.
  std::string table = {};
};
/// Returns the files that the source names: the label map, and a table's file.
std::vector<std::filesystem::path> files_of(const LabelSource& source);
/// Adds --labels and --label-table; returns the first.
CLI::Option* add_label_options(CLI::App& parser, LabelSource& source);
/// \throws UsageError if the source names no table and several fit: the numbers alone do not tell a femur
/// from cartilage
LabelMap read_label_map(const LabelSource& source);

struct ImageSource {
  std::filesystem::path path;  ///< A DICOM folder or file, or a NIfTI, NRRD or MHA file.
  std::string series;          ///< Number in the list or UID; empty if there is only one.
  std::optional<std::size_t> echo;
};
/// Adds IMAGE, --series and --echo; returns the first.
CLI::Option* add_image_options(CLI::App& parser, ImageSource& source);
/// Adds --model.
CLI::Option* add_model_option(CLI::App& parser, std::filesystem::path& model);
struct SourceImage {
  Volume<float> image;
  std::optional<Side> side;          ///< As the header says.
  std::vector<std::string> remarks;  ///< What is odd about its series, and does not stop it.
};
/// Every echo of one series, in order of echo time.
struct SourceEchoes {
  std::vector<double> echo_times_ms;
  std::vector<Volume<float>> images;
  std::optional<Side> side;          ///< As the header says.
  std::vector<std::string> remarks;  ///< What is odd about the series, and does not stop it.
};
/// Reads all echoes of a DICOM series; `source.echo` chooses nothing here.
/// \throws UsageError as read_image does; IoError if the series has fewer than two echoes.
SourceEchoes read_echoes(const ImageSource& source, const Progress& progress);

/// \throws UsageError if there are several series or echoes and the source names none, or if it names one of
/// a file that is no DICOM.
SourceImage read_image(const ImageSource& source, const Progress& progress);

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

/// Returns what is wrong with an option's number that must be above 0; nothing if it is. Options take it as a
/// check().
std::string above_0(const std::string& number);

/// Returns the check that an option's number lies in an interval with its ends; NaN lies in none.
CLI::Validator within(double least, double most);

struct CaseName {
  std::string name;
  std::string visit = "baseline";
};
/// Returns case and visit of a file or folder: `<case>_<NN>m` is case and months, else all of it is the case.
CaseName case_named_by(const std::filesystem::path& file);
/// Returns the name as a folder can have it: what troubles file systems and shells becomes "_", and at most
/// 100 characters stay.
std::string folder_name(std::string_view name);

}  // namespace genu::app
