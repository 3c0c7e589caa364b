// SPDX-License-Identifier: Apache-2.0
#include "html.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace genu::report {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        // Control characters are not allowed in HTML, but a file name may hold them.
        result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  return result;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t b = 0; b < bytes.size(); b += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - b);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < left ? bytes[b + i] : 0u);
    for (std::size_t i = 0; i < 4; ++i) text += i <= left ? digits[group >> (18 - 6 * i) & 63u] : '=';
  }
  return text;
}

std::string number(double value, int decimals) {
  if (std::isnan(value)) return "not measured";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string paragraph(std::string_view text, std::string_view css_class) {
  const std::string marked = css_class.empty() ? "" : " class=\"" + std::string(css_class) + "\"";
  return "<p" + marked + ">" + escaped(text) + "</p>\n";
}

std::string absent(std::string_view text) {
  return paragraph(text, "absent");
}

std::string bullets(const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string html = "<ul>\n";
  for (const std::string& item : items) html += "<li>" + escaped(item) + "</li>\n";
  return html + "</ul>\n";
}

std::string section(std::string_view title, const std::string& body) {
  return "<section>\n<h2>" + escaped(title) + "</h2>\n" + body + "</section>\n";
}

std::string definitions(const std::vector<std::array<std::string, 2>>& rows) {
  std::string html = "<dl>\n";
  for (const auto& [term, meaning] : rows)
    html += "<dt>" + escaped(term) + "</dt><dd>" + escaped(meaning) + "</dd>\n";
  return html + "</dl>\n";
}

void Table::add(const std::vector<std::string>& cells) {
  rows_ += "<tr>";
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::string text = c < cells.size() ? cells[c] : "";
    const bool missing = columns_[c].numeric && text == "not measured";
    const char* kind = missing ? " class=\"missing\"" : columns_[c].numeric ? " class=\"n\"" : "";
    rows_ += std::string("<td") + kind + ">" + escaped(text) + "</td>";
  }
  rows_ += "</tr>\n";
}

std::string Table::html() const {
  std::string head = "<tr>";
  for (const Column& column : columns_) {
    head += std::string("<th scope=\"col\"") + (column.numeric ? " class=\"n\"" : "") + ">" +
            escaped(column.head);
    if (!column.unit.empty()) head += "<br><small>" + escaped(column.unit) + "</small>";
    head += "</th>";
  }
  return "<table>\n<thead>" + head + "</tr></thead>\n<tbody>\n" + rows_ + "</tbody>\n</table>\n";
}

}  // namespace genu::report
