// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/volume_files.h>

#include "inputs.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct ImportOptions {
  fs::path folder;
  bool list = false;
  bool json = false;
  fs::path output;
  std::string series;
  std::optional<std::size_t> echo;
  bool replace = false;
};

std::string file_name(std::size_t number, const io::SeriesInfo& series, std::size_t echo,
                      std::size_t echoes) {
  std::string name =
      std::to_string(number) + "_" + (series.description.empty() ? "series" : series.description);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c) && c != '-'; }, '_');
  if (echoes > 1) name += "_echo" + std::to_string(echo);
  return name + ".nrrd";
}

void tell_remarks(const io::SeriesInfo& series, const Session& session) {
  for (const std::string& remark : series.remarks)
    session.note("genu: \"" + series.description + "\": " + remark);
}

ExitCode convert_one(const ImportOptions& options, const io::FolderScan& scan, const Session& session) {
  const io::SeriesInfo& series = choose_series(scan, options.series);
  if (fs::exists(options.output) && !options.replace)
    throw IoError(options.output.string() + " is there already; --replace overwrites it");
  tell_remarks(series, session);
  const auto echoes = io::read_series(series, session.progress().part(0.2, 0.9));
  const std::size_t echo = choose_echo(echoes.size(), options.echo);
  io::write_volume(options.output, echoes[echo - 1].image);
  session.print(options.output.string() + "\n");
  return ExitCode::ok;
}

/// Every series that can be read, or the chosen one, each echo into a file of its own; all or nothing.
ExitCode convert_all(const ImportOptions& options, const io::FolderScan& scan, const Session& session) {
  const io::SeriesInfo* chosen = options.series.empty() ? nullptr : &choose_series(scan, options.series);
  io::FolderTransaction folder(
      options.output,
      {.replace = options.replace, .inputs = {options.folder}, .document = "series_list.json"});
  std::string written;
  const auto count = static_cast<double>(scan.series.size());
  for (std::size_t i = 0; i < scan.series.size(); ++i) {
    const io::SeriesInfo& series = scan.series[i];
    if (chosen && chosen != &series) continue;
    if (!chosen && !series.problems.empty()) {
      session.note("genu: series " + std::to_string(i + 1) +
                   " is left out: " + series.problems.front().message);
      continue;
    }
    tell_remarks(series, session);
    const double part = 0.2 + 0.8 * static_cast<double>(i) / count;
    const auto echoes = io::read_series(series, session.progress().part(part, part + 0.8 / count));
    for (std::size_t e = 1; e <= echoes.size(); ++e) {
      if (options.echo && *options.echo != e) continue;
      const std::string name = file_name(i + 1, series, e, echoes.size());
      io::write_volume(folder.path() / name, echoes[e - 1].image);
      written += (options.output / name).string() + "\n";
    }
  }
  if (written.empty()) throw IoError("nothing under " + options.folder.string() + " can be converted");
  io::write_text(folder.path() / "series_list.json", to_json(scan));
  folder.commit(session.progress());
  session.print(written);
  return ExitCode::ok;
}

ExitCode import(const ImportOptions& options, const Session& session) {
  if (options.list == !options.output.empty()) throw UsageError("import needs either --list or --output");
  const io::FolderScan scan = io::scan_folder(options.folder, session.progress().part(0.0, 0.2));
  if (options.list) {
    session.print(options.json ? to_json(scan) : text_of(scan));
    return ExitCode::ok;
  }
  return io::volume_extension(options.output).empty() ? convert_all(options, scan, session)
                                                      : convert_one(options, scan, session);
}

Work declare(CLI::App& parser) {
  const auto options = std::make_shared<ImportOptions>();
  parser.add_option("FOLDER", options->folder, "Folder with DICOM files at any depth, or one file")
      ->required()
      ->type_name("DIR|FILE");
  CLI::Option* list =
      parser.add_flag("--list", options->list, "Lists every series, and what was refused and why");
  parser.add_flag("--json", options->json, "Lists as JSON")->needs(list);
  CLI::Option* output = parser.add_option("-o,--output", options->output,
                                          "A .nrrd, .nii, .nii.gz or .mha file, or a folder for many");
  output->type_name("FILE|DIR");
  parser.add_option("--series", options->series, "Number in the list, or UID")
      ->type_name("N|UID")
      ->needs(output);
  parser.add_option("--echo", options->echo, "Number of the echo, from 1")->type_name("N")->needs(output);
  parser
      .add_flag("--replace", options->replace,
                "Overwrites the file at --output, or the folder if an import made it")
      ->needs(output);
  return [options](const Session& session) { return import(*options, session); };
}

}  // namespace

Verb import_verb() {
  return {
      .name = "import",
      .summary = "Lists DICOM series and converts them to volumes",
      .description =
          "Lists every DICOM series under a folder, or turns series into volumes with exact patient geometry "
          "(LPS, mm). Files are known by their content, never by name or extension. A series that is not one "
          "regular volume is refused with file, tag and value: missing or duplicate slices, uneven gaps, "
          "mixed "
          "orientations, several positions in time.",
      .examples = {{"genu import scans --list", "Shows what is in the folder."},
                   {"genu import scans --list --json", "The same for programs."},
                   {"genu import scans --series 2 --echo 1 --output knee.nii.gz",
                    "Converts one echo of one series."},
                   {"genu import scans --output volumes",
                    "Converts all that can be converted, a file an echo."}},
      .references = {},
      .declare = declare};
}

}  // namespace genu::app
