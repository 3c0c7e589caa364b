// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tables.h"

namespace genu::app {

namespace {

/// Keeps the order in which fields are set, as Genu's other JSON files do.
using json = nlohmann::ordered_json;

json to_json_object(const io::RefusedItem& item) {
  return {{"file", item.file.string()},
          {"refusal", name(item.refusal)},
          {"tag", item.tag},
          {"value", item.value},
          {"message", item.message}};
}

json to_json_object(const io::SeriesInfo& s) {
  json object{{"series_uid", s.series_uid},
              {"study_uid", s.study_uid},
              {"patient_id", s.patient_id},
              {"description", s.description},
              {"modality", s.modality},
              {"manufacturer", s.manufacturer},
              {"study_date", s.study_date},
              {"side", s.side ? json(name(*s.side)) : json(nullptr)},
              {"transfer_syntax", s.transfer_syntax},
              {"rows", s.rows},
              {"columns", s.columns},
              {"spacing_mm", {s.spacing_mm.x, s.spacing_mm.y, s.spacing_mm.z}},
              {"orientation", s.orientation},
              {"first_origin_mm", {s.first_origin.x, s.first_origin.y, s.first_origin.z}},
              {"positions", s.positions},
              {"echo_times_ms", s.echo_times_ms},
              {"files", s.files.size()},
              {"problems", json::array()},
              {"remarks", s.remarks}};
  for (const io::RefusedItem& problem : s.problems) object["problems"].push_back(to_json_object(problem));
  return object;
}

}  // namespace

std::string to_json(const io::FolderScan& scan) {
  json object{{"schema", "genu/series_list/1"},
              {"series", json::array()},
              {"refused", json::array()},
              {"other_files", scan.other_files}};
  for (const io::SeriesInfo& series : scan.series) object["series"].push_back(to_json_object(series));
  for (const io::RefusedItem& item : scan.refused) object["refused"].push_back(to_json_object(item));
  // Names in DICOM headers may hold bytes that are not UTF-8.
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace genu::app
