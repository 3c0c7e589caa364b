// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include <genu/planning/anatomy.h>

#include "json_fields.h"

namespace genu::io {

inline planning::StructureKind structure_kind_in(const nlohmann::json& value, const std::string& source) {
  return named_in(value, std::span<const planning::StructureKind>(planning::all_structure_kinds), source);
}

}  // namespace genu::io
