// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace genu {

/// Returns a name in snake_case as the words of a sentence: "patellar_tendon" as "patellar tendon".
std::string spaced(std::string_view name);

/// Returns the number with so many decimals, and "-" for NaN (not measured).
std::string fixed(double value, int decimals);

}  // namespace genu
