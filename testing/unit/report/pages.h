// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Questions about HTML pages.
namespace genu::testing {

inline bool holds(const std::string& page, std::string_view words) {
  return page.find(words) != std::string::npos;
}

inline std::size_t count_of(const std::string& page, std::string_view words) {
  std::size_t count = 0;
  for (std::size_t at = page.find(words); at != std::string::npos; at = page.find(words, at + 1)) ++count;
  return count;
}

/// Returns what is wrong with the page's tags, or an empty text: each opened one must be closed, in order,
/// and no raw < or & may stand in text.
inline std::string tag_problem(const std::string& page) {
  const std::set<std::string> void_tags{"meta", "img", "br"};
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    if (page.compare(at, 2, "<!") == 0) continue;
    const std::size_t end = page.find('>', at);
    if (end == std::string::npos) return "a tag that does not end: " + page.substr(at, 40);
    const bool closes = page[at + 1] == '/';
    std::string name;
    for (std::size_t c = at + (closes ? 2 : 1); c < end && std::isalnum(static_cast<unsigned char>(page[c]));
         ++c)
      name += page[c];
    if (name.empty()) return "a stray < at: " + page.substr(at, 40);
    if (void_tags.contains(name)) continue;
    if (!closes) {
      open.push_back(name);
      continue;
    }
    if (open.empty() || open.back() != name)
      return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
    open.pop_back();
  }
  if (!open.empty()) return "never closed: " + open.back();
  for (std::size_t at = page.find('&'); at != std::string::npos; at = page.find('&', at + 1)) {
    const std::size_t end = page.find(';', at);
    if (end == std::string::npos || end - at > 6) return "a stray & at: " + page.substr(at, 40);
  }
  return {};
}

}  // namespace genu::testing
