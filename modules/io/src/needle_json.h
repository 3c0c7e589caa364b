// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/planning/approach.h>

#include "json.h"

namespace genu::io {

inline OrderedJson json_of(const planning::Needle& needle) {
  return {{"name", needle.name},
          {"gauge", needle.gauge},
          {"diameter_mm", needle.diameter_mm},
          {"length_mm", needle.length_mm},
          {"bend_percent", needle.bend_percent}};
}

inline planning::Needle needle_in(const nlohmann::json& object) {
  return {object.at("name").get<std::string>(), object.at("gauge").get<int>(),
          object.at("diameter_mm").get<double>(), object.at("length_mm").get<double>(),
          object.at("bend_percent").get<double>()};
}

}  // namespace genu::io
