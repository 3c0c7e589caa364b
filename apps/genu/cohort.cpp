// SPDX-License-Identifier: Apache-2.0
#include "cohort.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

using Row = std::map<std::string, std::string>;

const std::set<std::string> known_columns{"case", "visit",  "image",       "series",
                                          "echo", "labels", "label_table", "side"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string trimmed(const std::string& text) {
  constexpr const char* blank = " \t\r";
  const std::size_t first = text.find_first_not_of(blank);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Splits CSV (RFC 4180) into rows of cells; quoted cells may hold separators, quotes and line ends.
std::vector<std::vector<std::string>> csv_cells(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a spreadsheet's mark of UTF-8
  const std::string_view header = text.substr(0, text.find('\n'));
  // Spreadsheets separate by semicolons where the comma is the decimal sign.
  const bool semicolons = header.find(';') != header.npos && header.find(',') == header.npos;
  const char separator = semicolons ? ';' : ',';
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& cell = rows.back().back();
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != separator && c != '\n')) {
      cell += c;
    } else if (c == separator) {
      rows.back().emplace_back();
    } else {
      rows.push_back({""});
    }
  }
  for (auto& row : rows) std::transform(row.begin(), row.end(), row.begin(), trimmed);
  std::erase_if(rows, [](const auto& row) {
    return std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); });
  });
  return rows;
}

std::vector<Row> read_csv(const fs::path& file) {
  const std::string text = io::read_text(file);
  if (io::as_utf8(text) != text) throw IoError(file.string() + " is no UTF-8 text; save it as CSV UTF-8");
  const auto cells = csv_cells(text);
  std::vector<Row> rows;
  for (std::size_t r = 1; r < cells.size(); ++r) {
    if (cells[r].size() != cells[0].size())
      throw IoError(file.string() + ", row " + std::to_string(r + 1) + ": " +
                    std::to_string(cells[r].size()) + " cells, but the header has " +
                    std::to_string(cells[0].size()));
    Row& row = rows.emplace_back();
    for (std::size_t c = 0; c < cells[0].size(); ++c) row[cells[0][c]] = cells[r][c];
  }
  return rows;
}

std::vector<Row> read_json(const fs::path& file) {
  const std::string text = io::read_text(file);
  io::validate_json(text, "cohort", file.string());
  std::vector<Row> rows;
  for (const auto& object : nlohmann::json::parse(text)) rows.push_back(object.get<Row>());
  return rows;
}

CohortCase case_of(Row row, std::size_t number, const fs::path& file, const CohortOptions& options) {
  const std::string where = file.string().append(", case ").append(std::to_string(number));
  for (const auto& [column, value] : row)
    if (!known_columns.contains(column))
      throw IoError(
          std::string(where)
              .append(": unknown column \"")
              .append(column)
              .append("\"; there are case, visit, image, series, echo, labels, label_table and side"));
  CohortCase knee{.who = {.name = "case " + std::to_string(number)}};
  if (!row["labels"].empty()) knee.labels = file.parent_path() / row["labels"];
  if (!row["image"].empty()) knee.image = file.parent_path() / row["image"];
  knee.series = row["series"];
  knee.echo = row["echo"];
  if (!knee.labels.empty() || !knee.image.empty())
    knee.who = case_named_by(knee.labels.empty() ? knee.image : knee.labels);
  else
    knee.problem = where + ": neither the column labels nor the column image names a file";
  if (!row["case"].empty()) knee.who.name = row["case"];
  if (!row["visit"].empty()) knee.who.visit = row["visit"];
  knee.label_table = row["label_table"].empty() ? options.label_table : row["label_table"];
  if (io::has_extension(knee.label_table, ".json") && !row["label_table"].empty())
    knee.label_table = (file.parent_path() / knee.label_table).string();
  knee.side = row["side"].empty() ? options.side : side_named(row["side"]);
  if (!row["side"].empty() && !knee.side)
    knee.problem = where + ": the side \"" + row["side"] + "\" is neither left nor right";
  return knee;
}

std::vector<CohortCase> from_manifest(const fs::path& file, const CohortOptions& options) {
  const std::vector<Row> rows = io::has_extension(file, ".json") ? read_json(file) : read_csv(file);
  std::vector<CohortCase> cases;
  cases.reserve(rows.size());
  for (const Row& row : rows) cases.push_back(case_of(row, cases.size() + 1, file, options));
  return cases;
}

/// What lies in a folder, in order of name.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    entries.push_back(entry->path());
  if (error) throw IoError("cannot read the folder " + folder.string() + ": " + error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_folder(const fs::path& path) {
  std::error_code unknown;  // such as a link that leads to itself
  return fs::is_directory(path, unknown);
}

/// Returns the only one; an empty path if there is none.
fs::path only(const std::vector<fs::path>& found, const char* what) {
  if (found.size() > 1)
    throw IoError(found[0].parent_path().string() + " holds several " + what + ": " +
                  found[0].filename().string() + " and " + found[1].filename().string());
  return found.empty() ? fs::path() : found.front();
}

CohortCase from_subfolder(const fs::path& folder) {
  CohortCase knee{.who = case_named_by(folder)};
  std::vector<fs::path> labels, images, others;
  bool has_dicom = false;
  try {
    for (const fs::path& path : entries_of(folder)) {
      const std::string name = lower(path.filename().string());
      if (name == "dicom" && is_folder(path)) images.push_back(path);
      if (is_folder(path)) continue;
      if (io::volume_extension(path).empty()) {
        has_dicom = has_dicom || !name.starts_with('.');
        continue;
      }
      (name.starts_with("labels.") ? labels : name.starts_with("image.") ? images : others).push_back(path);
    }
    knee.labels = only(labels, "label maps");
    knee.image = only(images, "images");
  } catch (const IoError& error) {
    knee.problem = error.what();
    return knee;
  }
  if (knee.labels.empty() && knee.image.empty() && others.size() == 1) knee.labels = others.front();
  if (knee.labels.empty() && !knee.image.empty() && !others.empty()) {
    knee.problem = folder.string() + " holds " + knee.image.filename().string() + " and " +
                   others.front().filename().string() + ": a label map is called labels.*";
    return knee;
  }
  if (knee.labels.empty() && knee.image.empty() && others.empty() && has_dicom) knee.image = folder;
  if (knee.labels.empty() && knee.image.empty())
    knee.problem = folder.string() + " holds neither labels.*, image.*, DICOM files nor a single volume file";
  return knee;
}

/// A batch makes both first of all.
bool holds_batch(const fs::path& folder) {
  return is_folder(folder / "cases") && is_folder(folder / "logs");
}

std::vector<CohortCase> from_folder(const fs::path& folder, const CohortOptions& options) {
  const bool is_results_too = holds_batch(folder);
  const fs::path results = true_path(options.results);
  std::vector<CohortCase> cases;
  for (const fs::path& entry : entries_of(folder)) {
    const std::string name = entry.filename().string();
    if (name.starts_with('.') || holds_batch(entry)) continue;
    if (is_results_too && (name == "cases" || name == "logs")) continue;
    // "." for the results' own folder, and something without ".." for one around it.
    const fs::path inward = results.lexically_relative(true_path(entry));
    if (inward == ".") continue;
    if (is_folder(entry)) {
      const CohortCase knee = from_subfolder(entry);
      if (knee.labels.empty() && !inward.empty() && *inward.begin() != "..") continue;
      cases.push_back(knee);
    } else if (!io::volume_extension(entry).empty()) {
      cases.push_back({.who = case_named_by(entry), .labels = entry});
    } else {
      continue;
    }
    cases.back().label_table = options.label_table;
    cases.back().side = options.side;
  }
  return cases;
}

/// Gives each case a folder's name of its own: two names may differ only in what a folder's name can't hold.
void name_folders(std::vector<CohortCase>& cases) {
  std::set<std::string> taken;
  for (CohortCase& knee : cases) {
    const std::string plain = folder_name(knee.who.name) + "_" + folder_name(knee.who.visit);
    knee.id = plain;
    for (int n = 2; !taken.insert(knee.id).second; ++n) knee.id = plain + "-" + std::to_string(n);
  }
}

}  // namespace

fs::path true_path(const fs::path& path) {
  std::error_code error;
  const fs::path followed = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path : followed;
}

std::vector<CohortCase> find_cohort(const fs::path& cohort, const CohortOptions& options) {
  if (!fs::exists(cohort)) throw IoError("there is no cohort " + cohort.string());
  std::vector<CohortCase> cases =
      fs::is_directory(cohort) ? from_folder(cohort, options) : from_manifest(cohort, options);
  if (cases.empty()) throw InvalidInput(cohort.string() + " holds no case");
  std::set<std::pair<std::string, std::string>> seen;
  for (const CohortCase& knee : cases)
    if (!seen.emplace(knee.who.name, knee.who.visit).second)
      throw InvalidInput(cohort.string() + " holds case " + knee.who.name + ", visit " + knee.who.visit +
                         " twice");
  name_folders(cases);
  return cases;
}

}  // namespace genu::app
