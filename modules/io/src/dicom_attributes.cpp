// SPDX-License-Identifier: Apache-2.0
#include "dicom_attributes.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcelem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcspchrs.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

bool register_all() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  DcmRLEDecoderRegistration::registerCodecs();
  DJDecoderRegistration::registerCodecs(EDC_never);  // colours are turned by what the streams say
  DJLSDecoderRegistration::registerCodecs();
  return dcmDataDict.isDictionaryLoaded();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view padding(" \0\t", 3);
  const auto first = text.find_first_not_of(padding);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(padding) - first + 1);
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find('\\');
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename T>
std::optional<T> parsed(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

/// Returns the text with everything but printable ASCII replaced, for texts in no known character set.
std::string printable_ascii(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

/// Returns the length of the UTF-8 sequence that `text` begins with (RFC 3629), or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t count = first >= 0xC2 && first <= 0xDF   ? 2
                            : first >= 0xE0 && first <= 0xEF ? 3
                            : first >= 0xF0 && first <= 0xF4 ? 4
                                                             : 0;
  if (count == 0 || text.size() < count) return 0;
  for (std::size_t i = 1; i < count; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Over-long forms, surrogates and numbers above U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return count;
}

std::string printable_utf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t count = utf8_length(text);
    const bool control = count == 1 && (static_cast<unsigned char>(text[0]) < ' ' || text[0] == 0x7F);
    if (count == 0 || control)
      result += '?';
    else
      result += text.substr(0, count);
    text.remove_prefix(count == 0 ? 1 : count);
  }
  return result;
}

}  // namespace

void set_up_dcmtk() {
  static const bool has_dictionary = register_all();
  if (!has_dictionary)
    throw IoError("DICOM files can't be read: DCMTK finds no data dictionary (DCMDICTPATH names its place)");
}

std::string tag_text(const DcmTagKey& tag) {
  char numbers[16];
  std::snprintf(numbers, sizeof numbers, "(%04x,%04x) ", static_cast<unsigned>(tag.getGroup()),
                static_cast<unsigned>(tag.getElement()));
  return std::string(numbers) + DcmTag(tag).getTagName();
}

bool Attributes::has(const DcmTagKey& tag) const {
  return item_->tagExistsWithValue(tag);
}

std::string Attributes::raw(const DcmTagKey& tag) const {
  OFString text;
  if (item_->findAndGetOFStringArray(tag, text).bad()) return {};
  return std::string(trimmed({text.data(), text.size()}));
}

std::string Attributes::text(const DcmTagKey& tag) const {
  std::string stored = raw(tag);
  if (printable_ascii(stored) == stored) return stored;
  OFString from;
  item_->findAndGetOFStringArray(DCM_SpecificCharacterSet, from);
  if (from == "ISO_IR 192") return printable_utf8(stored);
  DcmSpecificCharacterSet converter;
  OFString converted;
  if (converter.selectCharacterSet(from, "ISO_IR 192").bad() ||
      converter.convertString(OFString(stored.data(), stored.size()), converted, "\\=").bad())
    return printable_ascii(stored);
  return printable_utf8({converted.data(), converted.size()});
}

std::vector<std::string> Attributes::values(const DcmTagKey& tag) const {
  const std::string all = raw(tag);
  std::vector<std::string> result;
  if (all.empty()) return result;
  for (const std::string_view part : split(all)) result.emplace_back(part);
  return result;
}

std::vector<double> Attributes::numbers(const DcmTagKey& tag, std::size_t count) const {
  std::vector<double> result;
  DcmElement* element = nullptr;
  if (!has(tag) || item_->findAndGetElement(tag, element).bad()) return result;
  if (element->ident() == EVR_FD || element->ident() == EVR_FL) {
    for (unsigned long i = 0; i < element->getVM(); ++i) {
      Float64 wide = 0;
      Float32 narrow = 0;
      if (element->ident() == EVR_FD ? element->getFloat64(wide, i).bad()
                                     : element->getFloat32(narrow, i).bad())
        refuse_value(tag, "a value can't be read as a number");
      result.push_back(element->ident() == EVR_FD ? wide : static_cast<double>(narrow));
    }
  } else {
    const std::string all = raw(tag);
    if (all.empty()) return result;  // nothing but padding
    for (const std::string_view part : split(all)) {
      const std::optional<double> value = parsed<double>(part);
      if (!value) refuse_value(tag, "a value is not a number");
      result.push_back(*value);
    }
  }
  for (const double value : result)
    if (!std::isfinite(value)) refuse_value(tag, "a value is not finite");
  if (result.size() != count)
    refuse_value(tag, "there are " + std::to_string(result.size()) + " values where " +
                          std::to_string(count) + " belong");
  return result;
}

std::optional<double> Attributes::number(const DcmTagKey& tag) const {
  const std::vector<double> all = numbers(tag, 1);
  if (all.empty()) return {};
  return all.front();
}

std::optional<std::int64_t> Attributes::integer(const DcmTagKey& tag) const {
  if (!has(tag)) return {};
  const std::string all = raw(tag);
  if (all.empty()) return {};
  const std::optional<std::int64_t> value = parsed<std::int64_t>(all);
  if (!value) refuse_value(tag, "the value is not a whole number");
  return value;
}

std::int64_t Attributes::required_integer(const DcmTagKey& tag, std::int64_t low, std::int64_t high) const {
  const std::optional<std::int64_t> value = integer(tag);
  if (!value) refuse_value(tag, "an attribute that every image needs is missing");
  if (*value < low || *value > high)
    refuse_value(tag, "the value is not within " + std::to_string(low) + " .. " + std::to_string(high));
  return *value;
}

std::optional<Attributes> Attributes::item(const DcmTagKey& sequence, std::size_t place) const {
  DcmItem* item = nullptr;
  if (item_->findAndGetSequenceItem(sequence, item, static_cast<long>(place)).bad() || item == nullptr)
    return {};
  return Attributes(*item, *file_);
}

std::optional<Attributes> Attributes::first_item(const DcmTagKey& sequence) const {
  return item(sequence, 0);
}

void Attributes::refuse_value(const DcmTagKey& tag, const std::string& why) const {
  constexpr std::size_t longest = 64;  // enough to recognise a value in a message
  refuse(*file_, {Refusal::unreadable, tag_text(tag), printable_ascii(raw(tag)).substr(0, longest), why});
}

}  // namespace genu::io::dicom
