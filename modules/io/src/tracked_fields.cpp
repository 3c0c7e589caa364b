// SPDX-License-Identifier: Apache-2.0
#include "tracked_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>

#include <genu/ultrasound/patient_axes.h>

#include "text_header.h"

namespace genu::io::tracked {
namespace {

constexpr std::array<std::string_view, 13> meta_layout{"objecttype",     "ndims",
                                                       "binarydata",     "binarydatabyteordermsb",
                                                       "compresseddata", "compresseddatasize",
                                                       "dimsize",        "elementbyteordermsb",
                                                       "kinds",          "elementnumberofchannels",
                                                       "elementtype",    "elementdatafile",
                                                       "headersize"};
constexpr std::array<std::string_view, 10> meta_placement{"anatomicalorientation",
                                                          "centerofrotation",
                                                          "elementspacing",
                                                          "elementsize",
                                                          "offset",
                                                          "position",
                                                          "origin",
                                                          "transformmatrix",
                                                          "rotation",
                                                          "orientation"};
constexpr std::array<std::string_view, 12> nrrd_layout{"type",      "dimension", "sizes",     "kinds",
                                                       "encoding",  "endian",    "line skip", "lineskip",
                                                       "byte skip", "byteskip",  "data file", "datafile"};
constexpr std::array<std::string_view, 10> nrrd_placement{
    "space",    "space dimension", "space directions", "space origin", "space units",
    "spacings", "thicknesses",     "axis mins",        "axis maxs",    "measurement frame"};

bool among(std::span<const std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Returns the numbers of a field, of NRRD's vectors too.
std::vector<double> plain_numbers(std::string value) {
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == '(' || c == ')' || c == ','; }, ' ');
  return numbers_in(value).value_or(std::vector<double>{std::numeric_limits<double>::infinity()});
}

bool all_are(const std::vector<double>& numbers, double wanted) {
  return std::all_of(numbers.begin(), numbers.end(), [&](double n) { return n == wanted || std::isnan(n); });
}

bool is_identity(const std::vector<double>& numbers) {
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(numbers.size()))));
  if (side * side != numbers.size()) return false;
  for (std::size_t n = 0; n < numbers.size(); ++n)
    if (numbers[n] != (n % (side + 1) == 0 ? 1.0 : 0.0)) return false;
  return true;
}

[[noreturn]] void refuse_key(const std::string& key, const std::string& why) {
  throw InvalidInput("cannot write a tracked sequence: the key '" + key + "' of a field " + why);
}

/// Refuses what no header can hold as a key: a reader ends it elsewhere, or takes it for a comment.
void refuse_unless_one_word(Format format, const std::string& key) {
  const char separator = format == Format::meta_image ? '=' : ':';
  if (key.empty()) refuse_key(key, "is empty");
  if (key.find(separator) != std::string::npos) refuse_key(key, std::string("holds '") + separator + "'");
  if (key.find_first_of("\r\n") != std::string::npos) refuse_key(key, "has a line break");
  constexpr std::string_view blanks = " \t";
  if (blanks.find(key.front()) != std::string_view::npos || blanks.find(key.back()) != std::string_view::npos)
    refuse_key(key, "begins or ends with a blank");
}

}  // namespace

FieldKind kind_of(Format format, std::string_view key) {
  const std::string small = lower(std::string(key));
  const bool meta = format == Format::meta_image;
  if (meta ? among(meta_layout, small) : among(nrrd_layout, small)) return FieldKind::layout;
  if (meta ? among(meta_placement, small) : among(nrrd_placement, small)) return FieldKind::placement;
  return FieldKind::other;
}

bool is_usual_placement(std::string_view key, const std::string& value) {
  const std::string small = lower(std::string(key));
  if (small == "anatomicalorientation") return value == "RAI";
  // Names of axes mean nothing where the axes are the usual ones.
  if (small == "space" || small == "space dimension" || small == "space units") return true;
  if (small == "elementspacing" || small == "elementsize" || small == "spacings")
    return all_are(plain_numbers(value), 1.0);
  if (small == "transformmatrix" || small == "rotation" || small == "orientation")
    return is_identity(plain_numbers(value));
  if (small == "space directions") {
    std::string axes = value;
    for (std::size_t at = axes.find("none"); at != std::string::npos; at = axes.find("none"))
      axes.erase(at, 4);
    // The axis of the list has a direction or none.
    return is_identity(plain_numbers(axes)) || plain_numbers(axes) == std::vector<double>{1, 0, 0, 0, 1, 0};
  }
  const bool place = small == "offset" || small == "position" || small == "origin" ||
                     small == "centerofrotation" || small == "space origin";
  return place && all_are(plain_numbers(value), 0.0);
}

std::size_t axes_of(std::string_view key, const std::string& value) {
  const std::string small = lower(std::string(key));
  if (small == "transformmatrix" || small == "rotation" || small == "orientation")
    return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(plain_numbers(value).size()))));
  if (small == "space directions") {
    std::size_t axes = static_cast<std::size_t>(std::count(value.begin(), value.end(), '('));
    for (std::size_t at = value.find("none"); at != std::string::npos; at = value.find("none", at + 4))
      ++axes;
    return axes;
  }
  // NRRD's other texts, and its origin, are of space.
  constexpr std::array<std::string_view, 10> by_axis{
      "elementspacing",   "elementsize", "offset",      "position",  "origin",
      "centerofrotation", "spacings",    "thicknesses", "axis mins", "axis maxs"};
  return among(by_axis, small) ? plain_numbers(value).size() : 0;
}

std::optional<std::pair<std::size_t, std::string_view>> frame_field(std::string_view key) {
  if (!key.starts_with(frame_prefix)) return std::nullopt;
  std::size_t number = 0;
  const char* begin = key.data() + frame_prefix.size();
  const char* end = key.data() + key.size();
  const auto [after, error] = std::from_chars(begin, end, number);
  if (after == begin || after == end || *after != '_') return std::nullopt;
  if (error != std::errc())
    number = std::numeric_limits<std::size_t>::max();  // of no frame that there can be
  return std::pair{number, std::string_view(after + 1, static_cast<std::size_t>(end - after - 1))};
}

const std::string& header_key(Format format, const std::string& key) {
  refuse_unless_one_word(format, key);
  if (key.front() == '#') refuse_key(key, "begins as a comment does");
  if (kind_of(format, key) != FieldKind::other || key == orientation_key || key == type_key ||
      key == ultrasound::patient_axes_key || frame_field(key))
    refuse_key(key, "has another meaning in the file");
  return key;
}

const std::string& frame_key(Format format, const std::string& name) {
  refuse_unless_one_word(format, name);
  if (name == "Timestamp" || name == "ImageStatus") refuse_key(name, "has another meaning in the file");
  for (const std::string_view suffix : {status_suffix, pose_suffix})
    if (name.ends_with(suffix) &&
        ultrasound::frames_named(std::string_view(name).substr(0, name.size() - suffix.size())))
      refuse_key(name, "is that of a pose");
  return name;
}

std::string pose_key(Format format, const ultrasound::FramePair& frames) {
  std::string name = ultrasound::name_of(frames);
  refuse_unless_one_word(format, name);
  if (ultrasound::frames_named(name) != frames) refuse_key(name, "does not tell the two frames of a pose");
  return name;
}

const std::string& header_value(const std::string& key, const std::string& value) {
  const auto refuse = [&](const char* why) {
    throw InvalidInput("cannot write a tracked sequence: the value '" + value + "' of the field '" + key +
                       "' " + why);
  };
  if (value.find_first_of("\r\n") != std::string::npos) refuse("has a line break");
  constexpr std::string_view blanks = " \t";
  if (!value.empty() && (blanks.find(value.front()) != std::string_view::npos ||
                         blanks.find(value.back()) != std::string_view::npos))
    refuse("begins or ends with a blank");
  return value;
}

}  // namespace genu::io::tracked
