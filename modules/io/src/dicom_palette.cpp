// SPDX-License-Identifier: Apache-2.0
#include "dicom_palette.h"

#include <algorithm>
#include <cmath>

#include <dcmtk/dcmdata/dcdeftag.h>

#include "dicom_attributes.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

using Words = std::vector<std::uint16_t>;

struct Tags {
  DcmTagKey descriptor, table, segments;
};
const std::array<Tags, 3> tags{
    {{DCM_RedPaletteColorLookupTableDescriptor, DCM_RedPaletteColorLookupTableData,
      DCM_SegmentedRedPaletteColorLookupTableData},
     {DCM_GreenPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableData,
      DCM_SegmentedGreenPaletteColorLookupTableData},
     {DCM_BluePaletteColorLookupTableDescriptor, DCM_BluePaletteColorLookupTableData,
      DCM_SegmentedBluePaletteColorLookupTableData}}};

struct Descriptor {
  std::size_t entries = 0;
  std::int64_t first_value = 0;
  int bits = 16;
};

Descriptor read_descriptor(const Attributes& all, const DcmTagKey& tag) {
  constexpr double all_words = 65536;  // stored as 0, because it takes 17 bits
  const std::vector<double> stated = all.numbers(tag, 3);
  if (stated.empty()) all.refuse_value(tag, "a palette has no description");
  const double entries = stated[0] <= 0 ? stated[0] + all_words : stated[0];
  if (entries < 1 || entries > all_words || (stated[2] != 8 && stated[2] != 16))
    all.refuse_value(tag, "no palette is like this");
  return {static_cast<std::size_t>(entries), static_cast<std::int64_t>(stated[1]),
          static_cast<int>(stated[2])};
}

Words words_of(DcmDataset& dataset, const DcmTagKey& tag) {
  const Uint16* words = nullptr;
  unsigned long count = 0;
  if (dataset.findAndGetUint16Array(tag, words, &count).bad() || words == nullptr) return {};
  return {words, words + count};
}

/// Returns bytes that are stored two a word.
Words unpacked(const Words& words) {
  Words bytes;
  bytes.reserve(2 * words.size());
  for (const std::uint16_t word : words) {
    bytes.push_back(word & 0xffU);
    bytes.push_back(word >> 8U);
  }
  return bytes;
}

/// Lays out the segments of a table (PS3.3 C.7.9.2).
class Segments {
 public:
  /// \param units words, or bytes in a table of 8 bits
  Segments(const Words& units, std::size_t bytes_per_unit, std::size_t most)
      : units_(units), bytes_per_unit_(bytes_per_unit), most_(most) {}

  /// Returns nothing if they are damaged.
  std::optional<Words> laid_out() {
    std::size_t at = 0;
    while (at < units_.size() && table_.size() < most_)
      if (!lay_out_one(at, true)) return {};
    return table_;
  }

 private:
  std::optional<std::size_t> unit(std::size_t at) const {
    if (at >= units_.size()) return {};
    return units_[at];
  }

  bool lay_out_one(std::size_t& at, bool may_refer) {
    const auto code = unit(at), length = unit(at + 1);
    // A segment of nothing is damage: many of them, repeated by reference, take for ever and lay out nothing.
    if (!code || !length || *length == 0 || at + 2 >= units_.size()) return false;
    at += 2;
    if (*code == 0) return copy(at, *length);
    if (*code == 1) return interpolate(at, *length);
    return *code == 2 && may_refer && refer(at, *length);
  }

  bool copy(std::size_t& at, std::size_t length) {
    if (length > units_.size() - at || length > most_ - table_.size()) return false;
    const auto from = units_.begin() + static_cast<std::ptrdiff_t>(at);
    table_.insert(table_.end(), from, from + static_cast<std::ptrdiff_t>(length));
    at += length;
    return true;
  }

  bool interpolate(std::size_t& at, std::size_t length) {
    const auto end = unit(at);
    if (!end || table_.empty() || length > most_ - table_.size()) return false;
    ++at;
    const double from = table_.back(),
                 step = (static_cast<double>(*end) - from) / static_cast<double>(length);
    for (std::size_t i = 1; i <= length; ++i)
      table_.push_back(static_cast<std::uint16_t>(std::lround(from + step * static_cast<double>(i))));
    return true;
  }

  /// Repeats segments that begin at a byte offset of two words, low before high.
  bool refer(std::size_t& at, std::size_t segments) {
    std::size_t offset = 0;
    const std::size_t units = 4 / bytes_per_unit_;
    for (std::size_t i = 0; i < units; ++i) {
      const auto part = unit(at + i);
      if (!part) return false;
      offset |= *part << (8 * bytes_per_unit_ * i);
    }
    at += units;
    std::size_t there = offset / bytes_per_unit_;
    for (std::size_t s = 0; s < segments; ++s)
      if (!lay_out_one(there, false)) return false;
    return true;
  }

  const Words& units_;
  std::size_t bytes_per_unit_, most_;
  Words table_;
};

Words read_table(DcmDataset& dataset, const Attributes& all, const Tags& tag, const Descriptor& described) {
  const bool narrow = described.bits == 8;
  Words table = words_of(dataset, tag.table);
  if (!table.empty()) {
    // A table of 8 bits is stored two entries a word, or one, as older machines do.
    if (narrow && table.size() < described.entries) table = unpacked(table);
  } else {
    const Words stored = words_of(dataset, tag.segments);
    if (stored.empty()) all.refuse_value(tag.table, "a palette is missing");
    const Words units = narrow ? unpacked(stored) : stored;
    const auto laid_out = Segments(units, narrow ? 1 : 2, described.entries).laid_out();
    if (!laid_out) all.refuse_value(tag.segments, "the segments of a palette are damaged");
    table = *laid_out;
  }
  if (table.size() < described.entries)
    all.refuse_value(tag.descriptor, "its palette has only " + std::to_string(table.size()) + " entries");
  table.resize(described.entries);
  return table;
}

}  // namespace

std::size_t Palette::place_of(std::int64_t value) const {
  const auto last = static_cast<std::int64_t>(colours[0].size()) - 1;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(value - first_value, 0, last));
}

Palette read_palette(DcmDataset& dataset, const std::filesystem::path& path,
                     std::vector<std::string>& warnings) {
  const Attributes all(dataset, path);
  std::array<Words, 3> tables;
  Palette palette;
  std::uint16_t brightest = 0;
  bool wide = false;
  for (std::size_t c = 0; c < 3; ++c) {
    const Descriptor described = read_descriptor(all, tags[c].descriptor);
    if (c == 0) palette.first_value = described.first_value;
    tables[c] = read_table(dataset, all, tags[c], described);
    if (described.first_value != palette.first_value || tables[c].size() != tables[0].size())
      all.refuse_value(tags[c].descriptor, "the palettes of the colours do not fit together");
    wide = wide || described.bits == 16;
    brightest = std::max(brightest, *std::max_element(tables[c].begin(), tables[c].end()));
  }
  const bool in_low_byte = wide && brightest <= 0xff;
  if (in_low_byte && brightest > 0) warnings.emplace_back("its palette says 16 bits and holds 8: taken as 8");
  for (std::size_t c = 0; c < 3; ++c) {
    palette.colours[c].reserve(tables[c].size());
    for (const std::uint16_t entry : tables[c])
      palette.colours[c].push_back(
          static_cast<std::uint8_t>(wide && !in_low_byte ? entry >> 8U : entry & 0xffU));
  }
  return palette;
}

}  // namespace genu::io::dicom
