// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

#include <genu/planning/anatomy.h>

#include "json_fields.h"

namespace genu::io {

inline planning::StructureKind structure_kind_in(const nlohmann::json& value, const std::string& source) {
  using planning::StructureKind;
  static constexpr std::array all{StructureKind::bone, StructureKind::cartilage, StructureKind::tendon,
                                  StructureKind::vessel, StructureKind::meniscus};
  return named_in(value, std::span<const StructureKind>(all), source);
}

}  // namespace genu::io
