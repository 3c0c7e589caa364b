// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <genu/core/error.h>
#include <genu/followup/precision.h>

namespace genu::followup {
namespace {

using cartilage::Region;

Repeatability repeatability_of(const std::vector<RegionChange>& rows, Change RegionChange::*measure) {
  double sum = 0.0, squares = 0.0, n = 0.0;
  for (const RegionChange& row : rows) {
    const double difference = (row.*measure).difference();
    if (std::isnan(difference)) continue;
    sum += difference;
    squares += difference * difference;
    n += 1.0;
  }
  if (n == 0.0) return {};
  return {.bias = sum / n,
          .sdc = squares > 0.0 ? 1.96 * std::sqrt(squares / n) : Change::unknown,
          .pairs = static_cast<std::size_t>(n)};
}

}  // namespace

Precision precision_of(const std::vector<VisitChange>& repeats, std::string name, std::string source) {
  if (repeats.empty()) throw InvalidInput("cannot tell precision from no pair of measurements");
  Precision precision{
      .name = std::move(name), .source = std::move(source), .method = repeats.front().method, .regions = {}};
  std::vector<std::pair<Region, std::vector<RegionChange>>> rows;
  for (const VisitChange& repeat : repeats) {
    if (repeat.method != precision.method)
      throw InvalidInput("cannot tell precision from measurements of two kinds: " + precision.method +
                         ", and " + repeat.method);
    for (const auto* list : {&repeat.regions, &repeat.parts})
      for (const RegionChange& row : *list) {
        auto found = std::find_if(rows.begin(), rows.end(), [&](auto& r) { return r.first == row.region; });
        if (found == rows.end()) found = rows.insert(rows.end(), {row.region, {}});
        found->second.push_back(row);
      }
  }
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (const auto& [region, changes] : rows)
    precision.regions.push_back({.region = region,
                                 .ThCtAB_mm = repeatability_of(changes, &RegionChange::ThCtAB_mm),
                                 .VC_mm3 = repeatability_of(changes, &RegionChange::VC_mm3),
                                 .dABp_percent = repeatability_of(changes, &RegionChange::dABp_percent)});
  return precision;
}

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::decrease:
      return "decrease";
    case Verdict::increase:
      return "increase";
    case Verdict::within_error:
      return "within error";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

Verdict verdict_on(double difference, double sdc) {
  if (std::isnan(difference) || std::isnan(sdc)) return Verdict::unknown;
  if (std::abs(difference) <= sdc) return Verdict::within_error;
  return difference < 0.0 ? Verdict::decrease : Verdict::increase;
}

const RegionPrecision* find(const Precision& precision, Region region) {
  for (const RegionPrecision& row : precision.regions)
    if (row.region == region) return &row;
  return nullptr;
}

}  // namespace genu::followup
