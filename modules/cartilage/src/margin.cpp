// SPDX-License-Identifier: Apache-2.0
#include "margin.h"

#include <algorithm>
#include <cmath>

#include "quantile.h"

namespace genu::cartilage {
namespace {

/// The rectangle around a bone's end between two heights, seen from above, in the knee's frame.
struct Head {
  double x_mm = 0.0, y_mm = 0.0, width_mm = 0.0, depth_mm = 0.0;
};

Head head_of(const Ground& ground, const KneeFrame& frame, double bottom_mm, double top_mm) {
  std::vector<double> x, y;
  for (const Point3& p : ground.places()) {
    const Vector3 at = frame.coordinates(p);
    if (at.z <= bottom_mm || at.z >= top_mm) continue;
    x.push_back(at.x);
    y.push_back(at.y);
  }
  if (x.empty()) return {};
  const double x_low = quantile(x, 0.005), x_high = quantile(x, 0.995);
  const double y_low = quantile(y, 0.005), y_high = quantile(y, 0.995);
  return {0.5 * (x_low + x_high), 0.5 * (y_low + y_high), x_high - x_low, y_high - y_low};
}

/// The mean oval that a plate's cartilage covers, in parts of the head's width and depth from its middle: 27
/// baseline knees of the Osteoarthritis Initiative with Kellgren-Lawrence grades 0 to 2. Standard deviations
/// of the medial one are 0.6 and 1.0 mm (middle) and 0.6 and 1.0 mm (half axes), of the lateral one 1.1, 1.6,
/// 1.0 and 1.2 mm.
struct Oval {
  double x, y, half_x, half_y;
  double core;  ///< Shrunk to this part it holds bare bone in none of those knees but slivers at its edge.
};
constexpr Oval medial_oval{-0.298, -0.026, 0.200, 0.451, 0.85};
constexpr Oval lateral_oval{0.264, -0.091, 0.225, 0.377, 0.70};

}  // namespace

MarginLoss find_margin_loss(const Ground& ground, const std::vector<Vector3>& normals, const KneeFrame& frame,
                            const RegionRule& rule, Region plate, const Patch& covered,
                            const Patch& bearing) {
  MarginLoss loss{Patch(ground.size(), 0), Patch(ground.size(), 0)};
  // Below the rim and the spines, above the shaft.
  const Head head = head_of(ground, frame, -15.0, -3.0);
  const Oval oval = plate == Region::MT ? medial_oval : lateral_oval;
  Patch within(ground.size(), 0);
  bool is_labelled = false;
  for (std::size_t v = 0; v < ground.size(); ++v) {
    if (rule(ground.places()[v]) != plate) continue;
    is_labelled = is_labelled || covered[v];
    const Vector3 at = frame.coordinates(ground.places()[v]);
    // The plateau slopes by 20 degrees at most; the head's walls and the shaft's cut do not face up.
    constexpr double least_upward = 0.5, lowest_mm = -15.0;
    if (bearing[v] || at.z < lowest_mm || dot(normals[v], frame.proximal) < least_upward) continue;
    const double r = std::hypot((at.x - head.x_mm - oval.x * head.width_mm) / (oval.half_x * head.width_mm),
                                (at.y - head.y_mm - oval.y * head.depth_mm) / (oval.half_y * head.depth_mm));
    loss.bare[v] = r < oval.core;
    within[v] = r < 1.0;
  }
  // Slivers at the core's edge are how knees differ.
  constexpr double least_radius_mm = 2.5;
  loss.bare = opened(ground, loss.bare, least_radius_mm);
  if (!is_labelled || std::find(loss.bare.begin(), loss.bare.end(), 1) == loss.bare.end())
    return {Patch(ground.size(), 0), Patch(ground.size(), 0)};
  // From the core to the oval.
  constexpr double band_mm = 6.0;
  loss.unsure = both(both(within, complement(loss.bare)), grown(ground, loss.bare, band_mm));
  return loss;
}

std::optional<double> expected_area_mm2(const Ground& femur, const KneeFrame& frame, Region region) {
  if (region != Region::cMF && region != Region::cLF) return std::nullopt;
  // Parts of the squared width over the condyles in the same 27 knees: 0.093 and 0.096, standard deviation 11
  // % of either, the least 81 %.
  const double width_mm = head_of(femur, frame, -5.0, 20.0).width_mm;
  return (region == Region::cMF ? 0.093 : 0.096) * width_mm * width_mm;
}

}  // namespace genu::cartilage
