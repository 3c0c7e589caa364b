// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcitem.h>

namespace genu::io::dicom {

/// Silences DCMTK's log and registers its decoders; the first call does it.
/// \throws IoError if DCMTK finds no data dictionary.
void set_up_dcmtk();

/// Returns "(0020,0032) ImagePositionPatient".
std::string tag_text(const DcmTagKey& tag);

/// Reads the attributes of a data set or item, and refuses values that are not what their tag promises.
class Attributes {
 public:
  /// Both must outlive this object.
  Attributes(DcmItem& item, const std::filesystem::path& file) : item_(&item), file_(&file) {}

  /// Returns true if the attribute is there and has a value.
  bool has(const DcmTagKey& tag) const;
  /// Returns the value as text as it is stored, values joined by a backslash; empty if there is none.
  std::string raw(const DcmTagKey& tag) const;
  /// Returns the value as printable UTF-8.
  std::string text(const DcmTagKey& tag) const;
  /// Returns the single values of a code string or the like.
  std::vector<std::string> values(const DcmTagKey& tag) const;

  /// Returns the number, or nothing if the attribute is absent or empty.
  /// \throws SeriesRefused if it is no finite number.
  std::optional<double> number(const DcmTagKey& tag) const;
  /// Returns `count` numbers, or none if the attribute is absent or empty.
  /// \throws SeriesRefused if there are more or fewer, or one is no finite number.
  std::vector<double> numbers(const DcmTagKey& tag, std::size_t count) const;
  /// \throws SeriesRefused if it is no whole number.
  std::optional<std::int64_t> integer(const DcmTagKey& tag) const;
  /// \throws SeriesRefused if the attribute is absent, or is no whole number from `low` to `high`.
  std::int64_t required_integer(const DcmTagKey& tag, std::int64_t low, std::int64_t high) const;

  /// Returns an item of a sequence by its place from 0, or nothing.
  std::optional<Attributes> item(const DcmTagKey& sequence, std::size_t place) const;
  /// Returns the first item of a sequence, or nothing.
  std::optional<Attributes> first_item(const DcmTagKey& sequence) const;

  [[noreturn]] void refuse_value(const DcmTagKey& tag, const std::string& why) const;

 private:
  DcmItem* item_;
  const std::filesystem::path* file_;
};

}  // namespace genu::io::dicom
