// SPDX-License-Identifier: Apache-2.0
#include "margin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "least_squares.h"
#include "quantile.h"

namespace genu::cartilage {
namespace {

/// The rectangle around a bone's end, seen from where its cartilage is: a tibia from above, a patella from
/// behind.
struct Head {
  double x_mm = 0.0, y_mm = 0.0, width_mm = 0.0, depth_mm = 0.0;
};

Head around(const std::vector<double>& x, const std::vector<double>& y) {
  if (x.empty()) return {};
  const double x_low = quantile(x, 0.005), x_high = quantile(x, 0.995);
  const double y_low = quantile(y, 0.005), y_high = quantile(y, 0.995);
  return {0.5 * (x_low + x_high), 0.5 * (y_low + y_high), x_high - x_low, y_high - y_low};
}

/// Returns the rectangle around a bone's end between two heights in the knee's frame, from above.
Head head_of(const Ground& ground, const KneeFrame& frame, double bottom_mm, double top_mm) {
  std::vector<double> x, y;
  for (const Point3& p : ground.places()) {
    const Vector3 at = frame.coordinates(p);
    if (at.z <= bottom_mm || at.z >= top_mm) continue;
    x.push_back(at.x);
    y.push_back(at.y);
  }
  return around(x, y);
}

/// The mean oval that a plate's cartilage covers, in parts of the head's width and depth from its middle: 27
/// baseline knees of the Osteoarthritis Initiative with Kellgren-Lawrence grades 0 to 2.
struct MeanOval {
  double x, y, half_x, half_y;
  std::array<double, 4> sd_mm;  ///< Of the same four between knees.
  /// Shrunk to this part it holds bare bone in none of those knees but slivers at its edge (one of the
  /// patellae has lost its margin).
  double core;
};
constexpr MeanOval medial_oval{-0.298, -0.026, 0.200, 0.451, {0.6, 1.0, 0.6, 1.0}, 0.85};
constexpr MeanOval patellar_oval{-0.001, 0.099, 0.490, 0.382, {0.6, 1.2, 0.4, 1.1}, 0.85};
constexpr MeanOval lateral_oval{0.264, -0.091, 0.225, 0.377, {1.1, 1.6, 1.0, 1.2}, 0.70};

/// An oval seen from above, in the knee's frame.
struct Oval {
  std::array<double, 4> mm;  ///< Middle (x, y) and half axes (x, y).

  /// Returns 0 in the middle and 1 on the outline.
  double part(const Vector3& at) const { return std::hypot((at.x - mm[0]) / mm[2], (at.y - mm[1]) / mm[3]); }
  /// Returns how far out of the outline a place near it lies, along the line from the middle.
  double beyond_mm(const Vector3& at) const {
    const double r = part(at);
    return std::hypot(at.x - mm[0], at.y - mm[1]) * (1.0 - 1.0 / r);
  }
  /// Returns how that changes with the four numbers.
  std::array<double, 4> slopes(const Vector3& at) const {
    constexpr double step = 1e-4;
    std::array<double, 4> result{};
    for (std::size_t i = 0; i < 4; ++i) {
      Oval more = *this, less = *this;
      more.mm[i] += step;
      less.mm[i] -= step;
      result[i] = (more.beyond_mm(at) - less.beyond_mm(at)) / (2.0 * step);
    }
    return result;
  }
  Vector3 outline(double angle) const {
    return {mm[0] + mm[2] * std::cos(angle), mm[1] + mm[3] * std::sin(angle), 0.0};
  }
  double angle(const Vector3& at) const { return std::atan2((at.y - mm[1]) / mm[3], (at.x - mm[0]) / mm[2]); }
};

constexpr std::size_t directions = 72;

/// Returns the number of the direction from an oval's middle.
std::size_t direction_of(const Oval& oval, const Vector3& at) {
  const double turns = (oval.angle(at) + M_PI) / (2.0 * M_PI);
  return std::min(directions - 1, static_cast<std::size_t>(turns * static_cast<double>(directions)));
}

/// The oval of one plate, and how well it is known.
struct FittedOval {
  Oval oval;
  std::array<bool, directions>
      is_lost{};                ///< Seen from the middle of the mean oval: no margin is left there.
  double error_mm = 0.0;        ///< Greatest standard deviation of its outline there ...
  double error_area_mm2 = 0.0;  ///< ... and that of the area within it.
};

/// Fits the mean oval to the margin that a plate still has.
///
/// \param bare bone in the core, whose margin is lost
FittedOval fitted_oval(const Oval& mean, const MeanOval& spread, const std::vector<Vector3>& covered,
                       const std::vector<Vector3>& bare) {
  std::array<std::optional<Vector3>, directions> furthest;
  for (const Vector3& at : covered) {
    std::optional<Vector3>& far = furthest[direction_of(mean, at)];
    if (!far || mean.part(at) > mean.part(*far)) far = at;
  }
  std::array<bool, directions> has_bare{};
  for (const Vector3& at : bare) has_bare[direction_of(mean, at)] = true;
  // Outlines differ from ovals by a millimetre over some 30 degrees: six directions are one sample.
  constexpr double outline_sd_mm = 1.2, directions_a_sample = 6.0;
  constexpr int passes = 10;
  FittedOval result{mean, {}, 0.0, 0.0};
  LeastSquares<4> fit;
  for (int pass = 0; pass < passes; ++pass) {
    fit = {};
    for (std::size_t i = 0; i < 4; ++i) {
      LeastSquares<4>::Terms only{};
      only[i] = 1.0;
      fit.add(only, mean.mm[i] - result.oval.mm[i], 1.0 / (spread.sd_mm[i] * spread.sd_mm[i]));
    }
    for (const std::optional<Vector3>& at : furthest) {
      // An intact plate covers the core: less than that is no margin.
      if (!at || mean.part(*at) < spread.core) continue;
      const double off = result.oval.beyond_mm(*at);
      // Where part of the margin is lost it lies inside: that must not pull (Tukey's weights).
      constexpr double reach_mm = 5.0;
      const double inside = 1.0 - off * off / (reach_mm * reach_mm);
      if (inside <= 0.0) continue;
      fit.add(result.oval.slopes(*at), -off,
              inside * inside / (outline_sd_mm * outline_sd_mm * directions_a_sample));
    }
    const LeastSquares<4>::Terms step = fit.solved();
    for (std::size_t i = 0; i < 4; ++i) result.oval.mm[i] += step[i];
  }
  // What ends this far inside of the fitted outline has lost its margin too.
  constexpr double margin_lost_mm = 2.0, turn = 2.0 * M_PI / static_cast<double>(directions);
  for (std::size_t d = 0; d < directions; ++d) {
    result.is_lost[d] = !furthest[d] || has_bare[d] || result.oval.beyond_mm(*furthest[d]) < -margin_lost_mm;
    if (!result.is_lost[d]) continue;
    const double angle = (static_cast<double>(d) + 0.5) * turn - M_PI;
    const double error_mm = std::sqrt(fit.variance_of(result.oval.slopes(result.oval.outline(angle))));
    result.error_mm = std::max(result.error_mm, error_mm);
    result.error_area_mm2 +=
        error_mm * length(result.oval.outline(angle + 0.5 * turn) - result.oval.outline(angle - 0.5 * turn));
  }
  return result;
}

}  // namespace

MarginLoss find_margin_loss(const Ground& ground, const std::vector<Vector3>& normals, const KneeFrame& frame,
                            const RegionRule& rule, Region plate, const Patch& covered,
                            const Patch& bearing) {
  MarginLoss loss{Patch(ground.size(), 0), Patch(ground.size(), 0), {}, 0.0};
  const bool from_behind = plate == Region::P;
  const auto seen_at = [&](const Point3& p) {
    const Vector3 at = frame.coordinates(p);
    return from_behind ? Vector3{at.x, at.z, -at.y} : at;
  };
  Head head;
  if (from_behind) {
    std::vector<double> x, y;
    for (const Point3& p : ground.places()) {
      x.push_back(seen_at(p).x);
      y.push_back(seen_at(p).y);
    }
    head = around(x, y);
  } else {
    head = head_of(ground, frame, -15.0, -3.0);  // below the rim and the spines, above the shaft
  }
  const Vector3 up = from_behind ? -frame.anterior : frame.proximal;
  const MeanOval& shape = from_behind ? patellar_oval : plate == Region::MT ? medial_oval : lateral_oval;
  const Oval mean{{head.x_mm + shape.x * head.width_mm, head.y_mm + shape.y * head.depth_mm,
                   shape.half_x * head.width_mm, shape.half_y * head.depth_mm}};
  Patch within(ground.size(), 0);
  std::vector<Vector3> seen;
  std::vector<std::uint32_t> open;  // what may have borne cartilage
  for (std::size_t v = 0; v < ground.size(); ++v) {
    if (rule(ground.places()[v]) != plate) continue;
    const Vector3 at = seen_at(ground.places()[v]);
    if (covered[v]) seen.push_back(at);
    // A plateau slopes by 20 degrees at most, a facet by 40; the head's walls and the shaft's cut do not face
    // up.
    constexpr double least_upward = 0.5, lowest_mm = -15.0;
    if (bearing[v] || (!from_behind && at.z < lowest_mm) || dot(normals[v], up) < least_upward) continue;
    open.push_back(static_cast<std::uint32_t>(v));
    loss.bare[v] = mean.part(at) < shape.core;
    within[v] = mean.part(at) < 1.0;
  }
  // Slivers at the core's edge are how knees differ.
  constexpr double least_radius_mm = 2.5;
  loss.bare = opened(ground, loss.bare, least_radius_mm);
  if (seen.empty() || std::find(loss.bare.begin(), loss.bare.end(), 1) == loss.bare.end())
    return {Patch(ground.size(), 0), Patch(ground.size(), 0), {}, 0.0};
  constexpr double band_mm = 6.0, largest_error_mm = 1.95;
  const Patch beside = grown(ground, loss.bare, band_mm);
  std::vector<Vector3> lost;
  for (const std::uint32_t v : open)
    if (loss.bare[v]) lost.push_back(seen_at(ground.places()[v]));
  const FittedOval fitted = fitted_oval(mean, shape, seen, lost);
  if (fitted.error_mm > largest_error_mm) {
    // From the core to the oval.
    loss.unsure = both(both(within, complement(loss.bare)), beside);
    return loss;
  }
  for (const std::uint32_t v : open) {
    const Vector3 at = seen_at(ground.places()[v]);
    loss.bare[v] =
        loss.bare[v] || (beside[v] && fitted.oval.part(at) < 1.0 && fitted.is_lost[direction_of(mean, at)]);
  }
  loss.error_mm = fitted.error_mm;
  loss.error_area_mm2 = fitted.error_area_mm2;
  return loss;
}

std::optional<double> expected_area_mm2(const Ground& femur, const KneeFrame& frame, Region region) {
  // Parts of the squared width over the condyles in the same 27 knees; standard deviations are 7 to 11 %, the
  // least had 76 % of the mean.
  constexpr std::array parts{std::pair(Region::cMF, 0.093), std::pair(Region::cLF, 0.096),
                             std::pair(Region::pMF, 0.177), std::pair(Region::pLF, 0.156),
                             std::pair(Region::TrF, 0.367)};
  const auto part =
      std::find_if(parts.begin(), parts.end(), [region](const auto& p) { return p.first == region; });
  if (part == parts.end()) return std::nullopt;
  const double width_mm = head_of(femur, frame, -5.0, 20.0).width_mm;
  return part->second * width_mm * width_mm;
}

}  // namespace genu::cartilage
