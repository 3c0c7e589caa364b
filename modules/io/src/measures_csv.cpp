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

std::string csv_cell(double value) {
  return cell(value);
}

namespace {

std::string surfaces_of(const cartilage::CartilageReport& report) {
  return "; smoothing " + cell(report.extract_options.smoothing_mm) + " mm, fairing " +
         cell(report.extract_options.fairing_mm) + " mm";
}

std::string method_of_menisci(const cartilage::CartilageReport& report) {
  const cartilage::MeniscusOptions o;
  return "against the tAB of its plate; extrusion along the lateral axis in the central " +
         cell(o.central_part) + " of it, coverage along the tibia within " + cell(o.reach_mm) + " mm" +
         surfaces_of(report);
}

std::string method_of_margins(const cartilage::CartilageReport& report) {
  const cartilage::OsteophyteOptions o;
  return "bone beyond the shape that its margin has within " + cell(o.window_mm) + " mm, from " +
         cell(o.least_mm) + " mm of height and " + cell(o.shortest_mm) + " mm of length" +
         surfaces_of(report);
}

}  // namespace

std::string measures_csv_header() {
  return "case,visit,side,region,measure,value,unit,method\n";
}

std::string measures_csv_rows(const cartilage::CartilageReport& report, std::string_view case_name,
                              std::string_view visit) {
  const std::string first =
      csv_cell(case_name) + "," + csv_cell(visit) + "," + std::string(name(report.side)) + ",";
  const std::string of_regions = "," + csv_cell(method_with_parameters(report)) + "\n";
  std::string rows;
  const auto add = [&](std::string_view place, std::string_view field, double value,
                       const std::string& last) {
    const std::size_t end = field.rfind('_');
    rows.append(first).append(place).append(",").append(field.substr(0, end)).append(",");
    rows.append(cell(value)).append(",").append(field.substr(end + 1)).append(last);
  };
  for (const auto* list : {&report.regions, &report.parts})
    for (const cartilage::RegionMeasures& measures : *list)
      for (const MeasureField& field : measure_fields)
        add(name(measures.region), field.name, measures.*field.value, of_regions);
  // Menisci and margins stand where a region does.
  const std::string of_menisci = "," + csv_cell(method_of_menisci(report)) + "\n";
  for (const cartilage::MeniscusMeasures& meniscus : report.menisci)
    for (const MeniscusField& field : meniscus_fields)
      add(info(meniscus.meniscus).name, field.name, meniscus.*field.value, of_menisci);
  const std::string of_margins = "," + csv_cell(method_of_margins(report)) + "\n";
  for (const cartilage::MarginMeasures& margin : report.margins)
    for (const MarginField& field : margin_fields)
      add(name(margin.margin), field.name, margin.*field.value, of_margins);
  return rows;
}

}  // namespace genu::io
