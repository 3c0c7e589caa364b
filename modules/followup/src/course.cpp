// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <set>
#include <string>

#include <genu/core/error.h>
#include <genu/followup/course.h>

namespace genu::followup {

Trend trend_of(const std::vector<double>& years, const std::vector<double>& values) {
  if (years.size() != values.size())
    throw InvalidInput("cannot draw a line through " + std::to_string(values.size()) + " values at " +
                       std::to_string(years.size()) + " times");
  double n = 0.0, t_mean = 0.0, y_mean = 0.0;
  const auto each_known = [&](auto&& use) {
    for (std::size_t i = 0; i < years.size(); ++i)
      if (std::isfinite(years[i]) && std::isfinite(values[i])) use(years[i], values[i]);
  };
  each_known([&](double t, double y) {
    n += 1.0;
    t_mean += t;
    y_mean += y;
  });
  t_mean /= n;
  y_mean /= n;
  double tt = 0.0, ty = 0.0;
  each_known([&](double t, double y) {
    tt += (t - t_mean) * (t - t_mean);
    ty += (t - t_mean) * (y - y_mean);
  });
  Trend trend;
  if (n < 2.0 || !(tt > 0.0)) return trend;
  trend.per_year = ty / tt;
  trend.at_start = y_mean - trend.per_year * t_mean;
  if (n < 3.0) return trend;
  double squares = 0.0;
  each_known([&](double t, double y) {
    const double off = y - trend.at_start - trend.per_year * t;
    squares += off * off;
  });
  trend.per_year_se = std::sqrt(squares / (n - 2.0) / tt);
  return trend;
}

std::optional<double> years_to(const Course& course, std::size_t n) {
  const std::optional<double>&from = course.visits.at(0).months, &to = course.visits.at(n + 1).months;
  if (!from || !to) return std::nullopt;
  return (*to - *from) / 12.0;
}

const std::vector<ComparedMeasure>& compared_measures() {
  static const std::vector<ComparedMeasure> measures{
      {"ThCtAB", "mm", &RegionChange::ThCtAB_mm, &RegionPrecision::ThCtAB_mm},
      {"VC", "mm3", &RegionChange::VC_mm3, &RegionPrecision::VC_mm3},
      {"dABp", "percent", &RegionChange::dABp_percent, &RegionPrecision::dABp_percent}};
  return measures;
}

std::vector<cartilage::Region> regions_of(const Course& course) {
  std::set<cartilage::Region> regions;
  for (const VisitChange& change : course.changes)
    for (const auto* list : {&change.regions, &change.parts})
      for (const RegionChange& row : *list) regions.insert(row.region);
  return {regions.begin(), regions.end()};
}

Finding finding_on(const Course& course, std::size_t n, const RegionChange& row,
                   const ComparedMeasure& measure) {
  Finding finding;
  finding.change = row.*measure.change;
  if (measure.unit != "percent") finding.percent = finding.change.percent();
  const std::optional<double> years = years_to(course, n);
  if (years && *years > 0.0) finding.percent_a_year = finding.percent / *years;
  if (const RegionPrecision* precision = find(course.precision, row.region))
    finding.sdc = (precision->*measure.repeatability).sdc;
  finding.verdict = verdict_on(finding.change.difference(), finding.sdc);
  return finding;
}

Trend trend_of(const Course& course, cartilage::Region region, const ComparedMeasure& measure) {
  std::vector<double> years{0.0}, changes{0.0};
  double baseline = Change::unknown;
  for (std::size_t n = 0; n < course.changes.size(); ++n) {
    const std::optional<double> after = years_to(course, n);
    const RegionChange* row = find(course.changes[n], region);
    if (!after || !row) continue;
    years.push_back(*after);
    changes.push_back((row->*measure.change).difference());
    if (std::isnan(baseline)) baseline = (row->*measure.change).baseline;
  }
  Trend trend = trend_of(years, changes);
  trend.at_start += baseline;
  return trend;
}

}  // namespace genu::followup
