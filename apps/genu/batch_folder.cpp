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
constexpr const char* unfinished_folder = ".genu-unfinished";  // no name that a user's own folder has

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
  std::error_code error;  // the worker says what can't be read
  if (!fs::is_directory(path, error)) return add_file(inputs, path);
  std::vector<fs::path> files;
  constexpr auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator entry(path, options, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown)) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) add_file(inputs, file);
}

std::string rows_in(const fs::path& folder, const CaseName& who) {
  const fs::path file = folder / "measurements.json";
  const cartilage::CartilageReport report = io::cartilage_from_json(io::read_text(file), file.string());
  return io::measures_csv_rows(report, who.name, who.visit);
}

}  // namespace

std::string stamp_of(const CohortCase& knee, const std::vector<fs::path>& network,
                     const std::vector<std::string>& arguments) {
  json inputs = json::array();
  if (!knee.labels.empty()) add_input(inputs, knee.labels);
  if (!knee.image.empty()) add_input(inputs, knee.image);
  for (const fs::path& file : network) add_input(inputs, file);
  if (io::has_extension(knee.label_table, ".json")) add_input(inputs, knee.label_table);
  const nlohmann::ordered_json stamp{
      {"schema", "genu/batch/1"}, {"genu_version", version()}, {"arguments", arguments}, {"inputs", inputs}};
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
  fs::remove_all(folder_ / unfinished_folder, failed);
  for (const char* part : {"cases", "logs", unfinished_folder}) {
    fs::create_directories(folder_ / part, failed);
    if (!failed) continue;
    close(lock_);
    throw IoError("can't make the folder " + (folder_ / part).string() + ": " + failed.message());
  }
}

BatchFolder::~BatchFolder() {
  std::error_code ignored;
  fs::remove_all(folder_ / unfinished_folder, ignored);
  close(lock_);
}

fs::path BatchFolder::unfinished(const CohortCase& knee) const {
  return folder_ / unfinished_folder / knee.id;
}

std::optional<std::string> BatchFolder::finished_rows(const CohortCase& knee,
                                                      const std::string& stamp) const {
  try {
    const fs::path folder = finished(knee);
    if (io::read_text(folder / stamp_file) == stamp) return rows_in(folder, knee.who);
  } catch (const Error&) {  // absent or damaged: it is done again
  }
  return std::nullopt;
}

std::string BatchFolder::accept(const CohortCase& knee, const std::string& stamp) const {
  std::string rows = rows_in(unfinished(knee), knee.who);
  if (fs::exists(finished(knee)) && !io::made_by_genu(finished(knee)))
    throw IoError(finished(knee).string() + " is in the way, and Genu did not make it");
  io::write_text(unfinished(knee) / stamp_file, stamp);
  fs::remove_all(finished(knee));
  fs::rename(unfinished(knee), finished(knee));
  return rows;
}

void BatchFolder::discard(const CohortCase& knee, const std::string& stamp) const {
  std::error_code ignored;
  fs::remove_all(unfinished(knee), ignored);
  if (io::made_by_genu(finished(knee)) && !finished_rows(knee, stamp))
    fs::remove_all(finished(knee), ignored);
}

void BatchFolder::write_tables(const std::vector<std::string>& rows,
                               const std::vector<Failure>& failures) const {
  std::string table = io::measures_csv_header();
  for (const std::string& of_one_case : rows) table += of_one_case;
  io::write_text(folder_ / "cohort.csv", table);
  std::string failed = "case,visit,reason,log\n";
  for (const Failure& failure : failures)
    failed += io::csv_cell(failure.who.name) + "," + io::csv_cell(failure.who.visit) + "," +
              io::csv_cell(failure.reason) + "," + io::csv_cell(failure.log.string()) + "\n";
  io::write_text(folder_ / "failures.csv", failed);
}

}  // namespace genu::app
