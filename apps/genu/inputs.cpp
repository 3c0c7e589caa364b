// SPDX-License-Identifier: Apache-2.0
#include "inputs.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/io/files.h>
#include <genu/io/results.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

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

std::vector<fs::path> files_of(const LabelSource& source) {
  std::vector<fs::path> files{source.file};
  if (io::has_extension(source.table, ".json")) files.emplace_back(source.table);
  return files;
}

CLI::Option* add_label_options(CLI::App& parser, LabelSource& source) {
  CLI::Option* labels =
      parser.add_option("--labels", source.file, "Label map: NIfTI, NRRD or MHA")->type_name("FILE");
  parser
      .add_option(
          "--label-table", source.table,
          "What the numbers in it stand for: genu, oai, pymskt, spl_atlas or a JSON file; needed where "
          "several of them fit")
      ->type_name("NAME|FILE.json")
      ->needs(labels);
  return labels;
}

CLI::Option* add_image_options(CLI::App& parser, ImageSource& source) {
  CLI::Option* image =
      parser.add_option("IMAGE", source.path, "DICOM folder or file, or a NIfTI, NRRD or MHA file");
  image->type_name("DIR|FILE");
  parser.add_option("--series", source.series, "Which series of the DICOM folder")
      ->type_name("N|UID")
      ->needs(image);
  parser.add_option("--echo", source.echo, "Which echo of the series, from 1")->type_name("N")->needs(image);
  return image;
}

CLI::Option* add_model_option(CLI::App& parser, fs::path& model) {
  return parser
      .add_option("--model", model, "Another network than the one that ships with Genu; FILE.json beside it")
      ->type_name("FILE.onnx");
}

LabelMap read_label_map(const LabelSource& source) {
  if (source.table.empty())
    return io::read_labels(source.file, io::label_table_named(only_table_for(source.file)));
  const bool is_file = io::has_extension(source.table, ".json");
  return io::read_labels(source.file,
                         is_file ? io::read_label_table(source.table) : io::label_table_named(source.table));
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

namespace {

struct ReadSeries {
  io::SeriesInfo info;
  std::vector<io::EchoVolume> echoes;
};

ReadSeries read_dicom(const ImageSource& source, const Progress& progress) {
  const std::string reading = "reading " + source.path.string();
  const io::FolderScan scan =
      with_context(reading, [&] { return io::scan_folder(source.path, progress.part(0.0, 0.3)); });
  const io::SeriesInfo& series = choose_series(scan, source.series);
  return {series, with_context(reading, [&] { return io::read_series(series, progress.part(0.3, 1.0)); })};
}

}  // namespace

SourceImage read_image(const ImageSource& source, const Progress& progress) {
  if (!fs::is_directory(source.path) && !io::volume_extension(source.path).empty()) {
    if (!source.series.empty() || source.echo)
      throw UsageError(source.path.string() + " is no DICOM: --series and --echo choose nothing in it");
    return {.image = io::read_volume(source.path), .side = std::nullopt, .remarks = {}};
  }
  auto [series, echoes] = read_dicom(source, progress);
  const std::size_t echo = choose_echo(echoes.size(), source.echo);
  return {.image = std::move(echoes[echo - 1].image), .side = series.side, .remarks = series.remarks};
}

SourceEchoes read_echoes(const ImageSource& source, const Progress& progress) {
  auto [series, echoes] = read_dicom(source, progress);
  if (echoes.size() < 2)
    throw IoError(source.path.string() + " holds one echo of \"" + series.description +
                  "\": relaxation needs several of one series");
  SourceEchoes result{.echo_times_ms = {}, .images = {}, .side = series.side, .remarks = series.remarks};
  for (io::EchoVolume& echo : echoes) {
    result.echo_times_ms.push_back(echo.echo_time_ms);
    result.images.push_back(std::move(echo.image));
  }
  return result;
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

std::string above_0(const std::string& number) {
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  const bool good = !number.empty() && *end == '\0' && std::isfinite(value) && value > 0.0;
  return good ? "" : "must be a number above 0, and is " + number;
}

// CLI::Range lets NaN pass.
CLI::Validator within(double least, double most) {
  const CLI::Range range(least, most);
  const auto check = [range](std::string& text) {
    std::string wrong = range(text);
    if (wrong.empty() && std::isnan(std::strtod(text.c_str(), nullptr)))
      wrong = "Value " + text + " is no number";
    return wrong;
  };
  return {check, range.get_description()};
}

CaseName case_named_by(const fs::path& file) {
  std::string stem = file.filename().string();
  if (stem.empty()) stem = file.parent_path().filename().string();
  stem.resize(stem.size() - io::volume_extension(stem).size());
  stem = io::as_utf8(stem);
  const std::size_t bar = stem.rfind('_');
  if (bar != std::string::npos && bar > 0 && stem.ends_with('m') && stem.size() > bar + 2) {
    const std::string_view months = std::string_view(stem).substr(bar + 1, stem.size() - bar - 2);
    if (std::all_of(months.begin(), months.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      return {.name = stem.substr(0, bar), .visit = stem.substr(bar + 1)};
  }
  return {.name = stem.empty() ? "case" : stem};
}

std::string folder_name(std::string_view name) {
  constexpr std::size_t most = 100;  // file systems take 255 bytes, of which temporary names need some
  std::string folder(name.substr(0, most));
  std::replace_if(
      folder.begin(), folder.end(),
      [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_' && c != '.'; }, '_');
  if (folder.starts_with('.')) folder.front() = '_';  // hidden, or another folder
  return folder;
}

}  // namespace genu::app
