// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stored_volume.h"

// What NRRD and MetaImage share: a header of text lines, then voxels, packed or not, in the same file or
// another.
namespace genu::io {

/// The fields of a text header, keys in lower case, and where it ends.
struct TextHeader {
  std::map<std::string, std::string> fields;
  std::size_t bytes = 0;

  bool has(const std::string& key) const { return fields.contains(key); }
  /// Returns the value, or an empty text.
  std::string value(const std::string& key) const { return has(key) ? fields.at(key) : std::string(); }
};

/// A header's lines in order, keys as they are written, and where it ends.
struct HeaderLines {
  std::vector<std::pair<std::string, std::string>> lines;
  std::size_t bytes = 0;
};

/// Reads the lines "key SEPARATOR value", and no others, up to the one that `is_last` tells (its key in lower
/// case; empty for a line without a separator), `most_lines` at most: what follows an unfinished header may
/// be voxels.
HeaderLines read_header_lines(const std::filesystem::path& file, char separator,
                              bool (*is_last)(const std::string& key, bool blank_line),
                              std::size_t most_lines);

/// Reads the lines "key SEPARATOR value" up to the one that `is_last` tells (its key in lower case; empty for
/// a line without a separator).
TextHeader read_text_header(const std::filesystem::path& file, char separator,
                            bool (*is_last)(const std::string& key, bool blank_line));

std::string lower(std::string text);

/// Returns the numbers of a text, parted by blanks; nothing if there is anything else in it. Independent of
/// the locale.
std::optional<std::vector<double>> numbers_in(const std::string& text);
/// Returns the shortest digits that read back as the same number, in any locale.
std::string digits_of(double value);

/// Returns "SIZE SIZE SIZE" of a header as a grid's size.
/// \throws IoError if it is not three whole numbers
GridSize size_in(const std::filesystem::path& file, const std::string& dimensions, const std::string& sizes);

/// Where a file keeps its voxels, and how.
struct VoxelPlace {
  std::filesystem::path data;  ///< The file itself, or another.
  std::size_t offset = 0;
  bool compressed = false;  ///< A zlib or gzip stream.
  bool big_endian = false;
  std::size_t compressed_bytes = 0;  ///< 0: not stated.
};

/// Refuses a file that can't hold `wanted` bytes of voxels, by its size and what it says of itself.
/// \throws IoError
void refuse_if_short(const std::filesystem::path& file, std::size_t wanted, const VoxelPlace& place);

/// Returns `count` values of `width` bytes each, in this machine's byte order.
/// \throws IoError
std::vector<std::byte> read_values(const std::filesystem::path& file, std::size_t count, std::size_t width,
                                   const VoxelPlace& place);

/// Returns the voxels of a volume whose geometry and component are known, in this machine's byte order.
/// \throws IoError
std::vector<std::byte> read_voxels(const std::filesystem::path& file, const StoredVolume& volume,
                                   const VoxelPlace& place);

/// Writes a header and what follows it.
/// \throws IoError
void write_header_and_voxels(const std::filesystem::path& file, const VoxelsToStore& volume,
                             std::string_view header, const std::vector<std::byte>* packed);

}  // namespace genu::io
