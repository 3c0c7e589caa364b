// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/knee.h>
#include <genu/core/vector.h>

#include "json.h"

// How single values stand in JSON. Readers come after the schema, so they only meet values of the right type.
namespace genu::io {

/// Null where a number could not be measured.
inline double number_in(const nlohmann::json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

template <typename Triple>
OrderedJson json_of_triple(const Triple& t) {
  if (!is_finite(t)) {
    std::ostringstream message;
    message << "cannot write " << t << " as JSON: points and vectors must be finite";
    throw InvalidInput(message.str());
  }
  return OrderedJson::array({t.x, t.y, t.z});
}
inline OrderedJson json_of(const Point3& p) {
  return json_of_triple(p);
}
inline OrderedJson json_of(const Vector3& v) {
  return json_of_triple(v);
}
inline Point3 point_in(const nlohmann::json& value) {
  return {value.at(0).get<double>(), value.at(1).get<double>(), value.at(2).get<double>()};
}
inline Vector3 vector_in(const nlohmann::json& value) {
  return {value.at(0).get<double>(), value.at(1).get<double>(), value.at(2).get<double>()};
}

inline OrderedJson json_of(const KneeFrame& frame) {
  return {{"side", name(frame.side)},
          {"origin_mm", json_of(frame.origin)},
          {"lateral", json_of(frame.lateral)},
          {"anterior", json_of(frame.anterior)},
          {"proximal", json_of(frame.proximal)}};
}
inline Side side_in(const nlohmann::json& value) {
  return value.get<std::string>() == "left" ? Side::left : Side::right;
}
inline KneeFrame frame_in(const nlohmann::json& value) {
  return {side_in(value.at("side")), point_in(value.at("origin_mm")), vector_in(value.at("lateral")),
          vector_in(value.at("anterior")), vector_in(value.at("proximal"))};
}

/// Returns the value whose name() stands in the document.
/// \throws IoError naming the source, where the schema knows a name that the code does not
template <typename Enum>
Enum named_in(const nlohmann::json& value, std::span<const Enum> all, const std::string& source) {
  const auto text = value.get<std::string>();
  for (const Enum candidate : all)
    if (name(candidate) == text) return candidate;
  throw IoError("cannot read '" + source + "': nothing is named '" + text + "'");
}

inline std::vector<std::string> texts_in(const nlohmann::json& value) {
  return value.get<std::vector<std::string>>();
}

}  // namespace genu::io
