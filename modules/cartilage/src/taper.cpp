// SPDX-License-Identifier: Apache-2.0
#include "taper.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "distribution.h"

namespace genu::cartilage {
namespace {

constexpr double step_mm = 1.0;

/// The plates, and the parts of the femur, whose margins are alike.
std::size_t rim_of(Region region) {
  switch (region) {
    case Region::cMF:
    case Region::pMF:
      return 1;
    case Region::LT:
    case Region::cLF:
    case Region::pLF:
      return 2;
    default:
      return 0;  // TrF, MT, P: each the first of its bone
  }
}

/// Makes values rise from step to step by pooling those that fall (Ayer et al. 1955, Annals of Mathematical
/// Statistics 26:641).
void make_rising(std::vector<double>& values, std::vector<double> weights) {
  std::vector<double> level, weight;
  std::vector<std::size_t> count;
  for (std::size_t n = 0; n < values.size(); ++n) {
    level.push_back(values[n]);
    weight.push_back(weights[n]);
    count.push_back(1);
    while (level.size() > 1 && level[level.size() - 2] > level.back()) {
      const double w = weight.back() + weight[weight.size() - 2];
      const double mean =
          w > 0.0 ? (weight.back() * level.back() + weight[weight.size() - 2] * level[level.size() - 2]) / w
                  : level.back();
      level.pop_back();
      weight.pop_back();
      const std::size_t joined = count.back();
      count.pop_back();
      level.back() = mean;
      weight.back() = w;
      count.back() += joined;
    }
  }
  std::size_t at = 0;
  for (std::size_t block = 0; block < level.size(); ++block)
    for (std::size_t n = 0; n < count[block]; ++n) values[at++] = level[block];
}

}  // namespace

Taper::Taper(const BoneMap& map, const Ground& ground, const std::vector<double>& margin_mm,
             const std::vector<double>& fitted_mm) {
  constexpr std::size_t steps = static_cast<std::size_t>(far_taper_mm / step_mm);
  for (std::size_t rim = 0; rim < parts_.size(); ++rim) {
    std::vector<std::vector<Sample>> ratios(steps);
    for (std::size_t v = 0; v < ground.size(); ++v) {
      if (!(map.thickness_mm[v] > 0.0) || !(fitted_mm[v] > 0.0) || rim_of(map.region[v]) != rim) continue;
      const auto step = static_cast<std::size_t>(margin_mm[v] / step_mm);
      if (step < steps) ratios[step].push_back({map.thickness_mm[v] / fitted_mm[v], ground.areas_mm2()[v]});
    }
    std::vector<double> weights;
    for (auto& r : ratios) {
      double area = 0.0;
      for (const Sample& s : r) area += s.area_mm2;
      weights.push_back(area);
      parts_[rim].push_back(r.empty() ? 1.0 : Distribution(std::move(r)).at(0.5));
    }
    make_rising(parts_[rim], weights);
    const double full = parts_[rim].back();
    constexpr double least = 0.05;
    for (double& part : parts_[rim]) part = std::clamp(part / full, least, 1.0);
  }
}

double Taper::at(Region region, double margin_mm) const {
  const std::vector<double>& parts = parts_[rim_of(region)];
  // Between the middles of two steps.
  const double x = std::clamp(margin_mm / step_mm - 0.5, 0.0, static_cast<double>(parts.size() - 1));
  const auto low = std::min(static_cast<std::size_t>(x), parts.size() - 2);
  return std::lerp(parts[low], parts[low + 1], x - static_cast<double>(low));
}

}  // namespace genu::cartilage
