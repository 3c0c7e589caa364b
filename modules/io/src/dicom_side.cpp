// SPDX-License-Identifier: Apache-2.0
#include "dicom_side.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace genu::io::dicom {
namespace {

std::vector<std::string> upper_case_words(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c >= 'a' && c <= 'z')
      words.back() += static_cast<char>(c - 'a' + 'A');
    else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

bool holds(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool beside_knee(const std::vector<std::string>& words, std::string_view word) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != word) continue;
    if ((i > 0 && words[i - 1] == "KNEE") || (i + 1 < words.size() && words[i + 1] == "KNEE")) return true;
  }
  return false;
}

bool names_side(const std::vector<std::string>& words, std::string_view full, std::string_view abbreviation,
                bool letters_count) {
  const std::string letter(full.substr(0, 1));
  return holds(words, full) || holds(words, letter + "KNEE") || beside_knee(words, abbreviation) ||
         (letters_count && beside_knee(words, letter));
}

}  // namespace

SideEvidence side_of_code(std::string_view laterality) {
  return {laterality == "L", laterality == "R"};
}

SideEvidence sides_in_words(std::string_view description) {
  const std::vector<std::string> words = upper_case_words(description);
  // "KNEE R>>L" is a phase encoding direction.
  const bool letters_count = !(holds(words, "L") && holds(words, "R"));
  return {names_side(words, "LEFT", "LT", letters_count), names_side(words, "RIGHT", "RT", letters_count)};
}

}  // namespace genu::io::dicom
