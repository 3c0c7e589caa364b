// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <genu/core/error.h>
#include <genu/io/files.h>

namespace genu::io {
namespace fs = std::filesystem;

/// The data of the installed package; only programs that were built against one have it (genu-config.cmake).
[[gnu::weak]] const char* installed_data();

namespace {

/// The temporary paths of this process, and the names that they will get.
std::mutex unfinished_guard;
std::map<fs::path, fs::path>& unfinished() {
  static std::map<fs::path, fs::path> paths;
  return paths;
}

[[noreturn]] void fail(std::string_view what, const fs::path& file, std::string_view why) {
  throw IoError(std::string(what) + " '" + final_path(file).string() + "': " + std::string(why));
}

[[noreturn]] void fail(std::string_view what, const fs::path& file, const std::error_code& why) {
  fail(what, file, why.message());
}

/// Returns a name beside `target` that no other thread or process uses.
fs::path unused_name_beside(const fs::path& target) {
  static std::atomic<unsigned> count{0};
  // The number of the process and a count make the name unique; the target's own name comes last, so that
  // writers that look at the extension see the right one. A leading dot hides it from listings.
  const std::string prefix = ".genu-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + "-";
  return target.parent_path() / (prefix + target.filename().string());
}

void remember(const fs::path& temporary, const fs::path& wanted) {
  const std::lock_guard lock(unfinished_guard);
  unfinished().emplace(temporary, wanted);
}

void forget(const fs::path& path) {
  const std::lock_guard lock(unfinished_guard);
  unfinished().erase(path);
}

void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

/// Keeps a path known to remove_unfinished(), and removes what is there at its end.
class Unfinished {
 public:
  explicit Unfinished(const fs::path& wanted) : path_(unused_name_beside(wanted)) { remember(path_, wanted); }
  ~Unfinished() {
    remove_quietly(path_);
    forget(path_);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Removes a trailing separator, which would make filename() empty.
fs::path without_trailing_separator(const fs::path& folder) {
  const fs::path normal = folder.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

/// Returns what a chain of links leads to, whether that is there or not.
fs::path behind_links(const fs::path& file) {
  constexpr int most = 40;  // as many as Linux follows
  fs::path place = file;
  std::error_code error;
  for (int followed = 0; fs::is_symlink(fs::symlink_status(place, error)); ++followed) {
    if (followed == most) fail("cannot write", file, "too many links");
    place = place.parent_path() / fs::read_symlink(place, error);
  }
  return place;
}

bool begins_with(const fs::path& path, const fs::path& start) {
  return std::mismatch(start.begin(), start.end(), path.begin(), path.end()).first == start.end();
}

/// \throws IoError if what is there can't be made way for the new folder
void require_replaceable(const fs::path& folder, const FolderOptions& options) {
  if (!options.replace) fail("cannot make the folder", folder, "it is not empty");
  if (!made_by_genu(folder))
    fail("cannot replace the folder", folder,
         "Genu did not make it: it holds none of the documents that Genu puts into its folders, such as "
         "case.json");
  for (const fs::path& input : options.inputs)
    if (lies_in(input, folder))
      fail("cannot replace the folder", folder, "the input '" + input.string() + "' lies in it");
  // A case holds documents of other verbs, too.
  std::error_code error;
  const fs::path a_case = "case.json";
  if (!options.document.empty() && options.document != a_case && fs::exists(folder / a_case, error))
    fail("cannot replace the folder", folder, "it is a case");
  if (!options.document.empty() && !fs::exists(folder / options.document, error))
    fail("cannot replace the folder", folder,
         "it holds no " + options.document.string() + ": Genu made it for something else");
}

}  // namespace

bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(path, error);
  if (error) return false;
  const fs::path outer = fs::weakly_canonical(folder, error);
  return !error && begins_with(inner, outer);
}

fs::path data_file(const fs::path& relative) {
  std::vector<fs::path> roots;
  if (const char* named = std::getenv("GENU_DATA"); named != nullptr && *named != '\0') {
    roots.emplace_back(named);
  } else {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) roots.push_back(program.parent_path().parent_path() / "share" / "genu");
    if (installed_data != nullptr) roots.emplace_back(installed_data());
    roots.emplace_back(GENU_SOURCE_DATA_DIR);
  }
  std::string looked_at;
  for (const fs::path& root : roots) {
    std::error_code error;
    if (fs::exists(root / relative, error)) return root / relative;
    looked_at += (looked_at.empty() ? "'" : ", '") + (root / relative).string() + "'";
  }
  throw IoError("cannot find the data file '" + relative.string() + "'; looked at " + looked_at +
                "; the environment variable GENU_DATA names the folder that holds it");
}

bool has_extension(const fs::path& file, std::string_view extension) {
  const std::string name = file.filename().string();
  return name.size() > extension.size() &&
         std::equal(extension.rbegin(), extension.rend(), name.rbegin(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

fs::path final_path(const fs::path& path) {
  const std::lock_guard lock(unfinished_guard);
  fs::path place = path;
  // The innermost first, which sorts last: a temporary folder may hold temporary files.
  for (auto one = unfinished().rbegin(); one != unfinished().rend(); ++one) {
    const auto& [temporary, wanted] = *one;
    if (!begins_with(place, temporary)) continue;
    const auto within = std::next(place.begin(), std::distance(temporary.begin(), temporary.end()));
    place = std::accumulate(within, place.end(), wanted, std::divides<>());
  }
  return place;
}

bool made_by_genu(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!has_extension(entry.path(), ".json")) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string start(64, '\0');
    in.read(start.data(), static_cast<std::streamsize>(start.size()));
    if (start.find("\"schema\": \"genu/") != std::string::npos) return true;
  }
  return false;
}

std::string read_text(const fs::path& file) {
  std::error_code error;
  if (fs::is_directory(file, error)) fail("cannot read", file, "it is a folder");
  std::ifstream in(file, std::ios::binary);
  if (!in) fail("cannot read", file, std::error_code(errno, std::generic_category()));
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) fail("cannot read", file, "the disk gave an error");
  return std::move(text).str();
}

void write_text(const fs::path& file, std::string_view text) {
  write_atomically(file, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) fail("cannot write", file, std::error_code(errno, std::generic_category()));
  });
}

void require_writable(const fs::path& file) {
  std::error_code error;
  const fs::file_status there = fs::status(file, error);
  if (fs::is_directory(there)) fail("cannot write", file, "it is a folder");
  if (fs::exists(there) && !fs::is_regular_file(there)) return;  // opening a pipe would wait for its reader
  const fs::path target = behind_links(file);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) fail("cannot write", file, "there is no such folder");
  const Unfinished temporary(target);
  if (!std::ofstream(temporary.path(), std::ios::binary))
    fail("cannot write", file, std::error_code(errno, std::generic_category()));
}

void write_atomically(const fs::path& file, const std::function<void(const fs::path&)>& write) {
  std::error_code error;
  const fs::file_status there = fs::status(file, error);
  if (fs::is_directory(there)) fail("cannot write", file, "it is a folder");
  if (fs::exists(there) && !fs::is_regular_file(there)) return write(file);
  const fs::path target = behind_links(file);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) fail("cannot write", file, "there is no such folder");
  const Unfinished temporary(target);
  write(temporary.path());
  fs::rename(temporary.path(), target, error);
  if (error) fail("cannot write", file, error);
}

FolderTransaction::FolderTransaction(const fs::path& folder, FolderOptions options)
    : folder_(behind_links(without_trailing_separator(folder))), options_(std::move(options)) {
  std::error_code error;
  if (fs::exists(folder_, error)) {
    if (!fs::is_directory(folder_, error)) fail("cannot make the folder", folder_, "it is a file");
    if (lies_in(fs::current_path(error), folder_))
      fail("cannot replace the folder", folder_, "it is, or holds, the current folder");
    if (!fs::is_empty(folder_, error)) require_replaceable(folder_, options_);
  }
  const fs::path parent = folder_.has_parent_path() ? folder_.parent_path() : fs::path(".");
  fs::create_directories(parent, error);
  if (error) fail("cannot make the folder", parent, error);
  temporary_ = unused_name_beside(folder_);
  fs::create_directory(temporary_, error);
  if (error) fail("cannot make the folder", temporary_, error);
  remember(temporary_, folder_);
}

FolderTransaction::~FolderTransaction() {
  if (!committed_) remove_quietly(temporary_);
  forget(temporary_);
}

void FolderTransaction::commit(const Progress& progress) {
  if (committed_) throw InvalidInput("the folder '" + folder_.string() + "' is committed already");
  progress.check();
  std::error_code error;
  if (!fs::exists(folder_, error) || (fs::is_empty(folder_, error) && !error)) {
    fs::rename(temporary_, folder_, error);  // takes the place of an empty folder
    if (error) fail("cannot make the folder", folder_, error);
  } else {
    require_replaceable(folder_, options_);
    // Not among the unfinished: until the new folder has its name, this is the user's only copy.
    const fs::path old = unused_name_beside(folder_);
    fs::rename(folder_, old, error);
    if (error) fail("cannot replace the folder", folder_, error);
    fs::rename(temporary_, folder_, error);
    if (error) {
      std::error_code second;
      fs::rename(old, folder_, second);
      fail("cannot replace the folder", folder_, error);
    }
    remove_quietly(old);
  }
  committed_ = true;
}

void remove_unfinished() noexcept {
  try {
    // A thread that was stopped may hold the lock for good: then the names can't be read safely.
    const std::unique_lock lock(unfinished_guard, std::try_to_lock);
    if (!lock.owns_lock()) return;
    for (const auto& [temporary, wanted] : unfinished()) remove_quietly(temporary);
    unfinished().clear();
  } catch (...) {  // out of memory while stopping: nothing more can be done
    return;
  }
}

}  // namespace genu::io
