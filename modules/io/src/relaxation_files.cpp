// SPDX-License-Identifier: Apache-2.0
// How T2 by region stands in JSON and CSV.
#include <array>
#include <string_view>

#include <genu/io/relaxation_files.h>
#include <genu/io/results.h>

#include "csv_cell.h"
#include "json.h"

namespace genu::io {
namespace {

using cartilage::RegionRelaxation;

constexpr std::string_view model = "S0 exp(-TE / T2)";
constexpr std::string_view model_with_noise = "mean of Rice's distribution around S0 exp(-TE / T2)";

std::string_view model_of(const T2Measures& measures) {
  return measures.noise_sigma.value_or(0.0) > 0.0 ? model_with_noise : model;
}

struct Field {
  std::string_view name, unit;
  double RegionRelaxation::*value;
};
constexpr std::array fields{Field{"fitted", "percent", &RegionRelaxation::fitted_percent},
                            Field{"mean", "ms", &RegionRelaxation::mean_ms},
                            Field{"sd", "ms", &RegionRelaxation::sd_ms},
                            Field{"median", "ms", &RegionRelaxation::median_ms}};

std::string method_of(const T2Measures& m) {
  std::string times;
  for (const double t : m.fitted_echo_times_ms) times += (times.empty() ? "" : " ") + cell(t);
  return "least squares to the " + std::string(model_of(m)) + "; TE " + times + " ms; noise sigma " +
         (m.noise_sigma ? cell(*m.noise_sigma) : "unknown") + "; deep below " + cell(m.layers.layer_border) +
         " of the way; up to " + cell(m.layers.max_time_ms) + " ms";
}

}  // namespace

std::string to_json(const T2Measures& m) {
  OrderedJson document{{"schema", "genu/t2/1"},
                       {"case", m.name},
                       {"visit", m.visit},
                       {"inputs", m.inputs},
                       {"created", m.created},
                       {"genu_version", m.genu_version},
                       {"side", name(m.side)},
                       {"side_source", m.side_source},
                       {"labels", m.labels},
                       {"echo_times_ms", m.echo_times_ms},
                       {"fit",
                        {{"model", model_of(m)},
                         {"echo_times_ms", m.fitted_echo_times_ms},
                         {"noise_sigma", m.noise_sigma ? OrderedJson(*m.noise_sigma) : OrderedJson()},
                         {"least_snr", m.fit.least_snr},
                         {"least_signal_part", m.fit.least_signal_part},
                         {"min_time_ms", m.fit.min_time_ms},
                         {"max_time_ms", m.fit.max_time_ms}}},
                       {"layer_border", m.layers.layer_border},
                       {"max_time_ms", m.layers.max_time_ms},
                       {"regions", OrderedJson::array()}};
  for (const RegionRelaxation& r : m.regions) {
    OrderedJson row{{"region", name(r.region)},
                    {"layer", name(r.layer)},
                    {"voxels", r.voxels},
                    {"fitted_voxels", r.fitted}};
    for (const Field& f : fields) row[std::string(f.name).append("_").append(f.unit)] = r.*f.value;
    document["regions"].push_back(row);
  }
  document["flags"] = m.flags;
  document["doubts"] = m.doubts;
  return text_of(document);
}

std::string t2_csv(const T2Measures& m) {
  std::string text = "case,visit,side,region,layer,measure,value,unit,method\n";
  const std::string first =
      csv_cell(m.name) + "," + csv_cell(m.visit) + "," + std::string(name(m.side)) + ",";
  const std::string last = "," + csv_cell(method_of(m)) + "\n";
  for (const RegionRelaxation& r : m.regions) {
    const std::string start = first + std::string(name(r.region)) + "," + std::string(name(r.layer)) + ",";
    const auto add = [&](std::string_view measure, const std::string& value, std::string_view unit) {
      text.append(start).append(measure).append(",").append(value).append(",").append(unit).append(last);
    };
    add("voxels", std::to_string(r.voxels), "1");
    for (const Field& f : fields)
      add(f.value == &RegionRelaxation::fitted_percent ? "fitted" : "T2_" + std::string(f.name),
          cell(r.*f.value), f.unit);
  }
  return text;
}

}  // namespace genu::io
