// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/progress.h>

namespace genu::io {

/// Returns the path of a file or folder that ships with Genu, such as "staging/rule-1.json": under
/// $GENU_DATA, else under share/genu beside the running program's bin/, else in the package that
/// find_package(genu) found, else in the source tree that was built. Where $GENU_DATA is set, the other
/// places are not looked at. \throws IoError naming the places that were looked at.
std::filesystem::path data_file(const std::filesystem::path& relative);

/// Returns true if the file's name ends so, in lower or upper case: has_extension("T.JSON", ".json").
bool has_extension(const std::filesystem::path& file, std::string_view extension);

/// Returns the bytes of a file.
/// \throws IoError
std::string read_text(const std::filesystem::path& file);
/// Writes all of the text or nothing, as write_atomically does.
/// \throws IoError
void write_text(const std::filesystem::path& file, std::string_view text);

/// Calls `write` with a temporary name beside `file` (same extension) and renames the result; removes it on
/// failure. A link stays one: what it leads to is written. A pipe or a device is handed to `write` itself.
/// \throws IoError, and whatever `write` throws
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path&)>& write);

/// Makes sure that a file of that name can be written, before work of which it is the end; leaves nothing
/// there. \throws IoError as write_atomically would
void require_writable(const std::filesystem::path& file);

/// Returns true if `path` is the folder, or lies in it, whatever links lead there; false if nobody can tell.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Returns where a path under a temporary name will be in the end: what messages call it.
std::filesystem::path final_path(const std::filesystem::path& path);

/// Returns true if the folder holds a JSON document that says it follows one of Genu's schemas, as every
/// folder does that Genu makes.
bool made_by_genu(const std::filesystem::path& folder);

struct FolderOptions {
  bool replace = false;  ///< commit() puts the new folder in the place of one that Genu made.
  std::vector<std::filesystem::path> inputs = {};  ///< What the work reads: replacing must not remove it.
  /// A file that every folder of this kind holds, as "case.json": a folder without it is not replaced, and a
  /// case only by a case. Empty: any folder of Genu's.
  std::filesystem::path document = {};
};

/// A folder that appears whole or not at all: files go to `path()`, and `commit()` gives the folder its name.
/// An uncommitted one is removed when this object goes, also after Ctrl-C.
class FolderTransaction {
 public:
  /// Makes the temporary folder beside `folder`.
  /// \throws IoError if `folder` is there and not empty, unless it is to be replaced; then if it was not made
  /// by Genu, is of another kind or holds an input; if it is no folder; or if it is, or holds, the current
  /// folder.
  explicit FolderTransaction(const std::filesystem::path& folder, FolderOptions options = {});
  ~FolderTransaction();
  FolderTransaction(const FolderTransaction&) = delete;
  FolderTransaction& operator=(const FolderTransaction&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  /// Gives the folder its name.
  /// \throws IoError, or Cancelled if a stop was requested; what was there before stays as it was.
  void commit(const Progress& progress);

 private:
  std::filesystem::path folder_;
  std::filesystem::path temporary_;
  FolderOptions options_;
  bool committed_ = false;
};

/// Removes every file and folder that this process writes under a temporary name now: the last act of a
/// program that stops without unwinding. Whoever still writes to them fails with an IoError.
void remove_unfinished() noexcept;

}  // namespace genu::io
