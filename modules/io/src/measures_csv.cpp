// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <genu/io/results.h>

#include "csv_cell.h"
#include "measure_fields.h"

namespace genu::io {

std::string csv_cell(std::string_view text) {
  std::string cell = as_utf8(text);
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string measures_csv_header() {
  std::string line = "case,visit,side,region";
  for (const MeasureField& field : measure_fields) line += "," + std::string(field.name);
  return line + ",method\n";
}

std::string measures_csv_rows(const cartilage::CartilageReport& report, std::string_view case_name,
                              std::string_view visit) {
  std::string rows;
  for (const cartilage::RegionMeasures& measures : report.regions) {
    rows += csv_cell(case_name) + "," + csv_cell(visit) + "," + std::string(name(report.side)) + "," +
            std::string(name(measures.region));
    for (const MeasureField& field : measure_fields) rows += "," + cell(measures.*field.value);
    rows += "," + csv_cell(report.method) + "\n";
  }
  return rows;
}

}  // namespace genu::io
