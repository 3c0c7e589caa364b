// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include <genu/io/results.h>

#include "measure_fields.h"

namespace genu::io {
namespace {

/// A text as one cell (RFC 4180): quoted where it holds a comma, a quote or a line break.
std::string cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

/// The shortest digits that read back as the same number, in any locale; empty where it was not measured.
std::string cell(double value) {
  if (!std::isfinite(value)) return "";
  std::array<char, 32> digits;  // a double needs at most 24
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

}  // namespace

std::string measures_csv_header() {
  std::string line = "case,visit,side,region";
  for (const MeasureField& field : measure_fields) line += "," + std::string(field.name);
  return line + ",method\n";
}

std::string measures_csv_rows(const cartilage::CartilageReport& report, std::string_view case_name,
                              std::string_view visit) {
  std::string rows;
  for (const cartilage::RegionMeasures& measures : report.regions) {
    rows += cell(case_name) + "," + cell(visit) + "," + std::string(name(report.side)) + "," +
            std::string(name(measures.region));
    for (const MeasureField& field : measure_fields) rows += "," + cell(measures.*field.value);
    rows += "," + cell(report.method) + "\n";
  }
  return rows;
}

}  // namespace genu::io
