// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace genu::phantom {

/// \throws InvalidInput "<doing>: <what> = <value>, but must be <rule>" unless `valid`.
void require(bool valid, std::string_view doing, const std::string& what, double value,
             std::string_view rule);
/// The same for a range, both ends of which are allowed.
void require_in(std::string_view doing, const std::string& what, double value, double low, double high);

}  // namespace genu::phantom
