// SPDX-License-Identifier: Apache-2.0
#include "require.h"

#include <sstream>

#include <genu/core/error.h>

namespace genu::phantom {

void require(bool valid, std::string_view doing, const std::string& what, double value,
             std::string_view rule) {
  if (valid) return;
  std::ostringstream message;
  message << doing << ": " << what << " = " << value << ", but must be " << rule;
  throw InvalidInput(message.str());
}

void require_in(std::string_view doing, const std::string& what, double value, double low, double high) {
  std::ostringstream rule;
  rule << low << " to " << high;
  require(value >= low && value <= high, doing, what, value, rule.str());
}

}  // namespace genu::phantom
