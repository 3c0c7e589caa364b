// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace genu::io {

/// The shortest digits that read back as the same number, in any locale; empty where it was not measured.
inline std::string cell(double value) {
  if (!std::isfinite(value)) return "";
  std::array<char, 32> digits;  // a double needs at most 24
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

}  // namespace genu::io
