// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <genu/core/error.h>
#include <genu/io/files.h>

namespace genu::io {
namespace fs = std::filesystem;
namespace {

std::mutex unfinished_guard;
std::set<fs::path>& unfinished() {
  static std::set<fs::path> paths;
  return paths;
}

[[noreturn]] void fail(std::string_view what, const fs::path& file, std::string_view why) {
  throw IoError(std::string(what) + " '" + file.string() + "': " + std::string(why));
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

void remember(const fs::path& path) {
  const std::lock_guard lock(unfinished_guard);
  unfinished().insert(path);
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
  explicit Unfinished(fs::path path) : path_(std::move(path)) { remember(path_); }
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

bool is_or_holds_current_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path own = fs::weakly_canonical(folder, error);
  if (error) return false;
  for (fs::path place = fs::current_path(error); !error; place = place.parent_path()) {
    if (place == own) return true;
    if (place == place.parent_path()) break;
  }
  return false;
}

}  // namespace

fs::path data_file(const fs::path& relative) {
  std::vector<fs::path> roots;
  if (const char* named = std::getenv("GENU_DATA"); named != nullptr && *named != '\0') {
    roots.emplace_back(named);
  } else {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error) roots.push_back(program.parent_path().parent_path() / "share" / "genu");
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

void write_atomically(const fs::path& file, const std::function<void(const fs::path&)>& write) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(folder, error)) fail("cannot write", file, "there is no such folder");
  if (fs::is_directory(file, error)) fail("cannot write", file, "it is a folder");
  const Unfinished temporary(unused_name_beside(file));
  write(temporary.path());
  fs::rename(temporary.path(), file, error);
  if (error) fail("cannot write", file, error);
}

FolderTransaction::FolderTransaction(const fs::path& folder, bool replace)
    : folder_(without_trailing_separator(folder)), replace_(replace) {
  std::error_code error;
  if (fs::exists(folder_, error)) {
    if (!fs::is_directory(folder_, error)) fail("cannot make the folder", folder_, "it is a file");
    if (!replace && !fs::is_empty(folder_, error)) fail("cannot make the folder", folder_, "it is not empty");
    if (is_or_holds_current_folder(folder_))
      fail("cannot replace the folder", folder_, "it is, or holds, the current folder");
  }
  const fs::path parent = folder_.has_parent_path() ? folder_.parent_path() : fs::path(".");
  fs::create_directories(parent, error);
  if (error) fail("cannot make the folder", parent, error);
  temporary_ = unused_name_beside(folder_);
  fs::create_directory(temporary_, error);
  if (error) fail("cannot make the folder", temporary_, error);
  remember(temporary_);
}

FolderTransaction::~FolderTransaction() {
  if (!committed_) remove_quietly(temporary_);
  forget(temporary_);
}

void FolderTransaction::commit() {
  if (committed_) throw InvalidInput("the folder '" + folder_.string() + "' is committed already");
  std::error_code error;
  if (!fs::exists(folder_, error) || (fs::is_empty(folder_, error) && !error)) {
    fs::rename(temporary_, folder_, error);  // takes the place of an empty folder
    if (error) fail("cannot make the folder", folder_, error);
  } else if (!replace_) {
    fail("cannot make the folder", folder_, "it is not empty");
  } else {
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
    for (const fs::path& path : unfinished()) remove_quietly(path);
    unfinished().clear();
  } catch (...) {  // out of memory while stopping: nothing more can be done
    return;
  }
}

}  // namespace genu::io
