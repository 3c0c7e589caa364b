// SPDX-License-Identifier: Apache-2.0
#include "cohort.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

using Row = std::map<std::string, std::string>;

const std::set<std::string> known_columns{"case", "visit", "image", "labels", "label_table", "side"};

/// Splits CSV (RFC 4180) into rows of cells; quoted cells may hold commas, quotes and line ends.
std::vector<std::vector<std::string>> csv_cells(const std::string& text) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& cell = rows.back().back();
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != ',' && c != '\n' && c != '\r')) {
      cell += c;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\n') {
      rows.push_back({""});
    }
  }
  std::erase_if(rows, [](const auto& row) { return row.size() == 1 && row.front().empty(); });
  return rows;
}

std::vector<Row> read_csv(const fs::path& file) {
  const auto cells = csv_cells(io::read_text(file));
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
  try {
    std::vector<Row> rows;
    for (const auto& object : nlohmann::json::parse(io::read_text(file))) rows.push_back(object.get<Row>());
    return rows;
  } catch (const nlohmann::json::exception& error) {
    throw IoError(file.string() + " is no array of objects with text values: " + error.what());
  }
}

CohortCase case_of(Row row, std::size_t number, const fs::path& file, const CohortOptions& options) {
  const std::string where = file.string().append(", case ").append(std::to_string(number));
  for (const auto& [column, value] : row)
    if (!known_columns.contains(column))
      throw IoError(std::string(where)
                        .append(": unknown column \"")
                        .append(column)
                        .append("\"; there are case, visit, image, labels, label_table and side"));
  if (row["labels"].empty()) throw IoError(where + ": no label map is named in the column labels");
  CohortCase knee;
  knee.labels = file.parent_path() / row["labels"];
  if (!row["image"].empty()) knee.image = file.parent_path() / row["image"];
  knee.who = case_named_by(row["case"].empty() ? knee.labels : fs::path(row["case"]));
  if (!row["visit"].empty()) knee.who.visit = case_named_by(row["visit"]).name;
  knee.label_table = row["label_table"].empty() ? options.label_table : row["label_table"];
  if (knee.label_table.ends_with(".json") && !row["label_table"].empty())
    knee.label_table = (file.parent_path() / knee.label_table).string();
  knee.side = row["side"].empty() ? options.side : side_named(row["side"]);
  if (!row["side"].empty() && !knee.side)
    throw IoError(where + ": the side \"" + row["side"] + "\" is neither left nor right");
  return knee;
}

std::vector<CohortCase> from_manifest(const fs::path& file, const CohortOptions& options) {
  const std::vector<Row> rows = file.extension() == ".json" ? read_json(file) : read_csv(file);
  std::vector<CohortCase> cases;
  cases.reserve(rows.size());
  for (const Row& row : rows) cases.push_back(case_of(row, cases.size() + 1, file, options));
  return cases;
}

CohortCase from_subfolder(const fs::path& folder) {
  CohortCase knee{.who = case_named_by(folder)};
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    const std::string name = path.filename().string();
    if (entry.is_directory() && name == "dicom") knee.image = path;
    if (!entry.is_regular_file() || !is_volume_file(path)) continue;
    if (name.starts_with("labels."))
      knee.labels = path;
    else if (name.starts_with("image."))
      knee.image = path;
    else
      others.push_back(path);
  }
  if (knee.labels.empty() && others.size() == 1) knee.labels = others.front();
  if (knee.labels.empty())
    knee.problem = folder.string() + " holds neither labels.* nor a single volume file";
  return knee;
}

std::vector<CohortCase> from_folder(const fs::path& folder, const CohortOptions& options) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  const fs::path leave_out = fs::weakly_canonical(options.leave_out);
  std::vector<CohortCase> cases;
  for (const fs::path& entry : entries) {
    if (entry.filename().string().starts_with('.') || fs::weakly_canonical(entry) == leave_out) continue;
    if (fs::is_directory(entry))
      cases.push_back(from_subfolder(entry));
    else if (is_volume_file(entry))
      cases.push_back({.who = case_named_by(entry), .labels = entry});
    else
      continue;
    cases.back().label_table = options.label_table;
    cases.back().side = options.side;
  }
  return cases;
}

}  // namespace

std::vector<CohortCase> find_cohort(const fs::path& cohort, const CohortOptions& options) {
  if (!fs::exists(cohort)) throw IoError("there is no cohort " + cohort.string());
  std::vector<CohortCase> cases =
      fs::is_directory(cohort) ? from_folder(cohort, options) : from_manifest(cohort, options);
  if (cases.empty()) throw InvalidInput(cohort.string() + " holds no case");
  std::set<std::string> seen;
  for (const CohortCase& knee : cases)
    if (!seen.insert(knee.id()).second)
      throw InvalidInput(cohort.string() + " holds case " + knee.who.name + ", visit " + knee.who.visit +
                         " twice");
  return cases;
}

}  // namespace genu::app
