// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <genu/core/text.h>

namespace genu {

std::string spaced(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

}  // namespace genu
