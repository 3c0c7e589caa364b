// SPDX-License-Identifier: Apache-2.0
#include "batch_folder.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include <genu/app/program.h>
#include <genu/io/files.h>
#include <genu/io/results.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

using nlohmann::json;

constexpr const char* stamp_file = "batch.json";

void add_file(json& inputs, const fs::path& file) {
  std::error_code absent;
  const auto bytes = fs::file_size(file, absent);
  const auto changed = fs::last_write_time(file, absent).time_since_epoch();
  const auto changed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(changed).count();
  inputs.push_back({{"file", file.string()},
                    {"bytes", absent ? json(nullptr) : json(bytes)},
                    {"changed_ns", absent ? json(nullptr) : json(changed_ns)}});
}

void add_input(json& inputs, const fs::path& path) {
  if (!fs::is_directory(path)) return add_file(inputs, path);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) add_file(inputs, file);
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? std::string("\"\"") : std::string(1, c);
  return cell + "\"";
}

}  // namespace

std::string stamp_of(const CohortCase& knee, const std::vector<std::string>& arguments) {
  json inputs = json::array();
  add_input(inputs, knee.labels);
  if (!knee.image.empty()) add_input(inputs, knee.image);
  if (fs::path(knee.label_table).extension() == ".json") add_input(inputs, knee.label_table);
  const json stamp{{"genu_version", version()}, {"arguments", arguments}, {"inputs", inputs}};
  return stamp.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

BatchFolder::BatchFolder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  lock_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) throw IoError("can't make the folder " + folder_.string() + ": " + std::strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(lock_);
    throw IoError("another genu batch works in " + folder_.string() + " now");
  }
  fs::remove_all(folder_ / "unfinished");
  for (const char* part : {"cases", "logs", "unfinished"}) fs::create_directories(folder_ / part);
}

BatchFolder::~BatchFolder() {
  std::error_code ignored;
  fs::remove_all(folder_ / "unfinished", ignored);
  close(lock_);
}

bool BatchFolder::is_finished(const CohortCase& knee, const std::string& stamp) const {
  const fs::path file = finished(knee) / stamp_file;
  return fs::exists(file) && io::read_text(file) == stamp;
}

void BatchFolder::accept(const CohortCase& knee, const std::string& stamp) const {
  io::write_text(unfinished(knee) / stamp_file, stamp);
  fs::remove_all(finished(knee));
  fs::rename(unfinished(knee), finished(knee));
}

void BatchFolder::discard(const CohortCase& knee, const std::string& stamp) const {
  fs::remove_all(unfinished(knee));
  if (!is_finished(knee, stamp)) fs::remove_all(finished(knee));
}

void BatchFolder::write_tables(const std::vector<CohortCase>& finished_cases,
                               const std::vector<Failure>& failures) const {
  std::string rows = io::measures_csv_header();
  for (const CohortCase& knee : finished_cases) {
    const fs::path file = finished(knee) / "measurements.json";
    const cartilage::CartilageReport report = io::cartilage_from_json(io::read_text(file), file.string());
    rows += io::measures_csv_rows(report, knee.who.name, knee.who.visit);
  }
  io::write_text(folder_ / "cohort.csv", rows);
  std::string failed = "case,visit,reason,log\n";
  for (const Failure& failure : failures)
    failed += csv_cell(failure.who.name) + "," + csv_cell(failure.who.visit) + "," +
              csv_cell(failure.reason) + "," + csv_cell(failure.log.string()) + "\n";
  io::write_text(folder_ / "failures.csv", failed);
}

}  // namespace genu::app
