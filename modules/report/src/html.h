// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Pieces of HTML. Whatever comes from outside passes through escaped() on its way in.
namespace genu::report {

std::string escaped(std::string_view text);
std::string base64(const std::vector<std::uint8_t>& bytes);

/// Returns the number with `decimals`, or "not measured" for NaN.
std::string number(double value, int decimals);
/// Returns the text with a capital letter in front.
std::string capitalised(std::string text);

std::string paragraph(std::string_view text, std::string_view css_class = {});
/// Returns a paragraph that says what is missing.
std::string absent(std::string_view text);
/// Returns a bulleted list, or an empty text for no items.
std::string bullets(const std::vector<std::string>& items);

/// Returns a part of the page under a heading.
std::string section(std::string_view title, const std::string& body);
/// Returns a list of terms and what they mean.
std::string definitions(const std::vector<std::array<std::string, 2>>& rows);
/// Returns a whole page: title, style and the body's HTML.
std::string page_of(std::string_view title, const std::string& body);

/// A table whose columns are text (left) or numbers (right, digits aligned).
class Table {
 public:
  struct Column {
    std::string head;
    std::string unit;
    bool numeric = true;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// Adds a row of plain texts; they are escaped here.
  void add(const std::vector<std::string>& cells);
  std::string html() const;

 private:
  std::vector<Column> columns_;
  std::string rows_;
};

}  // namespace genu::report
