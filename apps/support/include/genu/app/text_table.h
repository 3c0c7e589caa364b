// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace genu::app {

/// A table for people: columns as wide as their widest cell, columns of numbers aligned to the right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  /// \throws InvalidInput if the row has another number of cells than the header.
  void add_row(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace genu::app
