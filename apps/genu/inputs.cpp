// SPDX-License-Identifier: Apache-2.0
#include "inputs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 6> volume_extensions{".nii.gz", ".nii", ".nrrd",
                                                            ".nhdr",   ".mha", ".mhd"};

std::string_view volume_extension(std::string_view name) {
  for (const std::string_view extension : volume_extensions)
    if (name.ends_with(extension)) return extension;
  return {};
}

std::string list_of(const io::FolderScan& scan) {
  std::string list;
  for (std::size_t i = 0; i < scan.series.size(); ++i)
    list += (i ? "; " : "") + std::to_string(i + 1) + " \"" + scan.series[i].description + "\"";
  return list;
}

std::string only_table_for(const fs::path& labels) {
  const std::vector<std::string> fitting = io::label_tables_that_fit(labels);
  if (fitting.size() == 1) return fitting.front();
  std::string names;
  for (const std::string& name : fitting.empty() ? io::label_table_names() : fitting)
    names += (names.empty() ? "" : ", ") + name;
  if (fitting.empty())
    throw InvalidInput(labels.string() + " holds numbers that no label table here has all of (" + names +
                       "): write one as JSON and give it with --label-table");
  throw UsageError("the numbers in " + labels.string() + " fit several label tables (" + names +
                   "): say with --label-table what they stand for");
}

std::string first_refusal(const io::FolderScan& scan) {
  return scan.refused.empty() ? "" : ": " + scan.refused.front().message;
}

}  // namespace

void add_label_options(CLI::App& parser, LabelSource& source) {
  parser.add_option("--labels", source.file, "Label map: NIfTI, NRRD or MHA")->type_name("FILE");
  parser
      .add_option(
          "--label-table", source.table,
          "What the numbers in it stand for: genu, oai, pymskt or a JSON file; needed where several of "
          "the three fit")
      ->type_name("NAME|FILE.json");
}

LabelMap read_label_map(const LabelSource& source) {
  if (source.table.empty())
    return io::read_labels(source.file, io::label_table_named(only_table_for(source.file)));
  const bool is_file = fs::path(source.table).extension() == ".json";
  return io::read_labels(source.file,
                         is_file ? io::read_label_table(source.table) : io::label_table_named(source.table));
}

bool is_volume_file(const fs::path& file) {
  return !volume_extension(file.filename().string()).empty();
}

const io::SeriesInfo& choose_series(const io::FolderScan& scan, const std::string& wanted) {
  if (scan.series.empty()) throw IoError("there is no readable DICOM series there" + first_refusal(scan));
  if (wanted.empty()) {
    const io::SeriesInfo* only = scan.series.size() == 1 ? &scan.series.front() : nullptr;
    std::size_t readable = 0;
    for (const io::SeriesInfo& series : scan.series)
      if (series.problems.empty()) {
        ++readable;
        only = &series;
      }
    if (readable > 1 || !only)
      throw UsageError("there are " + std::to_string(scan.series.size()) +
                       " series, choose one with --series: " + list_of(scan));
    return *only;
  }
  for (std::size_t i = 0; i < scan.series.size(); ++i)
    if (wanted == scan.series[i].series_uid || wanted == std::to_string(i + 1)) return scan.series[i];
  throw UsageError("there is no series " + wanted + "; there are: " + list_of(scan));
}

std::size_t choose_echo(std::size_t echoes, const std::optional<std::size_t>& wanted) {
  if (!wanted && echoes > 1)
    throw UsageError("the series has " + std::to_string(echoes) + " echoes, choose one with --echo");
  const std::size_t echo = wanted.value_or(1);
  if (echo < 1 || echo > echoes)
    throw UsageError("there is no echo " + std::to_string(echo) + ": the series has " +
                     std::to_string(echoes));
  return echo;
}

SourceImage read_image(const ImageSource& source, const Progress& progress) {
  if (!fs::is_directory(source.path) && is_volume_file(source.path))
    return {.image = io::read_volume(source.path), .side = std::nullopt};
  const std::string reading = "reading " + source.path.string();
  const io::FolderScan scan =
      with_context(reading, [&] { return io::scan_folder(source.path, progress.part(0.0, 0.3)); });
  const io::SeriesInfo& series = choose_series(scan, source.series);
  std::vector<io::EchoVolume> echoes =
      with_context(reading, [&] { return io::read_series(series, progress.part(0.3, 1.0)); });
  const std::size_t echo = choose_echo(echoes.size(), source.echo);
  return {.image = std::move(echoes[echo - 1].image), .side = series.side};
}

void require_same_grid(const ImageGeometry& image, const ImageGeometry& labels) {
  if (nearly_equal(image, labels)) return;
  std::ostringstream message;
  message << "the image and the label map do not lie on the same grid; image: " << image
          << "; labels: " << labels;
  throw GeometryMismatch(message.str());
}

void add_side_option(CLI::App& parser, std::optional<Side>& side) {
  const auto set = [&side](const std::string& word) {
    side = side_named(word);
    if (!side) throw CLI::ValidationError("--side", "\"" + word + "\" is neither left nor right");
  };
  parser.add_option_function<std::string>("--side", set, "Which knee, where header and labels do not tell")
      ->type_name("left|right");
}

CaseName case_named_by(const fs::path& file) {
  std::string stem = file.filename().string();
  if (stem.empty()) stem = file.parent_path().filename().string();
  const std::string_view extension = volume_extension(stem);
  stem.resize(stem.size() - extension.size());
  std::replace_if(
      stem.begin(), stem.end(),
      [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_' && c != '.'; }, '_');
  const std::size_t bar = stem.rfind('_');
  if (bar != std::string::npos && bar > 0 && stem.ends_with('m') && stem.size() > bar + 2) {
    const std::string_view months = std::string_view(stem).substr(bar + 1, stem.size() - bar - 2);
    if (std::all_of(months.begin(), months.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      return {.name = stem.substr(0, bar), .visit = stem.substr(bar + 1)};
  }
  return {.name = stem.empty() ? "case" : stem};
}

}  // namespace genu::app
