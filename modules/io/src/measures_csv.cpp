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

namespace {

std::string method_of_menisci(const cartilage::CartilageReport& report) {
  const cartilage::MeniscusOptions o;
  return "against the tAB of its plate; extrusion along the lateral axis in the central " +
         cell(o.central_part) + " of it, coverage along the tibia within " + cell(o.reach_mm) +
         " mm; smoothing " + cell(report.extract_options.smoothing_mm) + " mm, fairing " +
         cell(report.extract_options.fairing_mm) + " mm";
}

}  // namespace

std::string measures_csv_header() {
  return "case,visit,side,region,measure,value,unit,method\n";
}

std::string measures_csv_rows(const cartilage::CartilageReport& report, std::string_view case_name,
                              std::string_view visit) {
  const std::string first =
      csv_cell(case_name) + "," + csv_cell(visit) + "," + std::string(name(report.side)) + ",";
  const std::string last = "," + csv_cell(method_with_parameters(report)) + "\n";
  std::string rows;
  for (const auto* list : {&report.regions, &report.parts})
    for (const cartilage::RegionMeasures& measures : *list)
      for (const MeasureField& field : measure_fields) {
        const std::size_t end = field.name.rfind('_');
        rows.append(first).append(name(measures.region)).append(",").append(field.name.substr(0, end));
        rows.append(",").append(cell(measures.*field.value)).append(",");
        rows.append(field.name.substr(end + 1)).append(last);
      }
  // A meniscus stands where a region does.
  for (const cartilage::MeniscusMeasures& meniscus : report.menisci)
    for (const MeniscusField& field : meniscus_fields) {
      const std::size_t end = field.name.rfind('_');
      rows.append(first).append(info(meniscus.meniscus).name).append(",").append(field.name.substr(0, end));
      rows.append(",").append(cell(meniscus.*field.value)).append(",").append(field.name.substr(end + 1));
      rows.append(",").append(csv_cell(method_of_menisci(report))).append("\n");
    }
  return rows;
}

}  // namespace genu::io
