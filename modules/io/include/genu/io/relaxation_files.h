// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <genu/cartilage/relaxation.h>
#include <genu/core/knee.h>
#include <genu/imaging/relaxation.h>

namespace genu::io {

/// T2 of one knee by region, with all that a number needs to be compared with another's.
struct T2Measures {
  std::string name;
  std::string visit = "baseline";
  std::vector<std::string> inputs;  ///< Paths as the user gave them.
  std::string created;              ///< ISO 8601, UTC.
  std::string genu_version;
  Side side = Side::right;
  std::string side_source;
  std::string labels;                        ///< Where they came from: a file, or the network's name.
  std::vector<double> echo_times_ms;         ///< Of the whole series.
  std::vector<double> fitted_echo_times_ms;  ///< Those that were used.
  std::optional<double> noise_sigma;         ///< That used; nothing = unknown, and none was taken account of.
  imaging::RelaxationOptions fit;
  cartilage::RegionRelaxationOptions layers;
  std::vector<cartilage::RegionRelaxation> regions;
  std::vector<std::string> flags;   ///< What a reader must know.
  std::vector<std::string> doubts;  ///< Why the labels themselves may be wrong.
};

/// Returns the JSON form (data/schemas/t2.schema.json); what could not be measured is null.
std::string to_json(const T2Measures& measures);

/// Returns a header, and one row a region, layer and measure: case, visit, side, region, layer, measure,
/// value, unit, method with its parameters. An empty value was not measured.
std::string t2_csv(const T2Measures& measures);

}  // namespace genu::io
