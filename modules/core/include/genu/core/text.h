// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace genu {

/// Returns a name in snake_case as the words of a sentence: "patellar_tendon" as "patellar tendon".
std::string spaced(std::string_view name);

}  // namespace genu
