// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace genu::io {

/// Returns the path of a file or folder that ships with Genu, such as "staging/rule-1.json": under
/// $GENU_DATA, else under share/genu beside the running program's bin/, else in the source tree that was
/// built. Where $GENU_DATA is set, the other places are not looked at.
/// \throws IoError naming the places that were looked at.
std::filesystem::path data_file(const std::filesystem::path& relative);

/// Returns the bytes of a file.
/// \throws IoError
std::string read_text(const std::filesystem::path& file);
/// Writes all of the text or nothing: to a temporary name beside the file, then renamed.
/// \throws IoError
void write_text(const std::filesystem::path& file, std::string_view text);

/// Calls `write` with a temporary name beside `file` (same extension) and renames the result; removes it on
/// failure.
/// \throws IoError, and whatever `write` throws
void write_atomically(const std::filesystem::path& file,
                      const std::function<void(const std::filesystem::path&)>& write);

/// A folder that appears whole or not at all: files go to `path()`, and `commit()` gives the folder its name.
/// An uncommitted one is removed when this object goes, also after Ctrl-C.
class FolderTransaction {
 public:
  /// Makes the temporary folder beside `folder`; with `replace`, commit() puts it in the place of what is
  /// there.
  /// \throws IoError if `folder` exists and is not an empty folder and `replace` is false, if it is no
  /// folder, or if it is, or holds, the current folder.
  FolderTransaction(const std::filesystem::path& folder, bool replace);
  ~FolderTransaction();
  FolderTransaction(const FolderTransaction&) = delete;
  FolderTransaction& operator=(const FolderTransaction&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  /// Gives the folder its name.
  /// \throws IoError; what was there before stays as it was.
  void commit();

 private:
  std::filesystem::path folder_;
  std::filesystem::path temporary_;
  bool replace_ = false;
  bool committed_ = false;
};

/// Removes every file and folder that this process writes under a temporary name now: the last act of a
/// program that stops without unwinding. Whoever still writes to them fails with an IoError.
void remove_unfinished() noexcept;

}  // namespace genu::io
