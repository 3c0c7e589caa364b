// SPDX-License-Identifier: Apache-2.0
#include "expected.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <genu/core/parallel.h>

#include "least_squares.h"

namespace genu::cartilage {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// Losses of up to 20 mm across are focal; the fit must see as much again around them, and a plate is 25 to 50
// mm wide.
constexpr double reach_mm = 18.0;
// Fine enough for a surface that bends over tens of millimetres; one node stands for some 20 vertices.
constexpr double node_mm = 2.5;

/// A patch of bone some 2.5 mm wide: one sample, and one place where the surface is fitted.
struct Node {
  Point3 at;
  Vector3 along, across;      ///< Directions in the bone's tangent plane.
  double area_mm2 = 0.0;      ///< Of all its bone.
  double measured_mm2 = 0.0;  ///< Of what was measured, not too near the margin.
  double thickness_mm = 0.0;  ///< Mean of that, were there no taper.
};

/// Another node as seen from one, in parts of the reach.
struct Sight {
  std::uint32_t node;
  float x, y, kernel;
};

constexpr std::size_t terms = 6;
using Terms = LeastSquares<terms>::Terms;

/// A constant, a plane, and a curvature whose size does not depend on how the axes are turned.
Terms terms_at(double x, double y) {
  return {1.0, x, y, x * x, std::sqrt(2.0) * x * y, y * y};
}

struct Fit {
  Terms factors{unknown};
  double least_mm = 0.0, most_mm = 0.0;  ///< Of the samples it was made of: no extrapolation leaves them.
};

Vector3 tangent_to(const Vector3& normal) {
  const Vector3 axis = std::abs(normal.x) < 0.5   ? Vector3{1.0, 0.0, 0.0}
                       : std::abs(normal.y) < 0.5 ? Vector3{0.0, 1.0, 0.0}
                                                  : Vector3{0.0, 0.0, 1.0};
  return normalized(cross(normal, axis));
}

/// The tangent-plane coordinates of a place, stretched to its straight distance: on a condyle far places
/// would crowd together otherwise.
std::array<double, 2> seen_from(const Node& node, const Point3& p) {
  const Vector3 to = p - node.at;
  const double x = dot(to, node.along), y = dot(to, node.across);
  const double flat = std::hypot(x, y);
  const double stretch = flat > 0.0 ? length(to) / flat : 0.0;
  return {stretch * x / reach_mm, stretch * y / reach_mm};
}

/// The bearing bone in nodes, and the surface fitted to them.
class Surface {
 public:
  Surface(const Ground& ground, const std::vector<Vector3>& normals, const Patch& bearing, unsigned threads)
      : threads_(threads), node_of_(ground.size(), nobody) {
    divide(ground, bearing);
    place(ground, normals);
    look_around();
  }

  /// Fits the surface to thickness over taper, leaving out what is nearer to the margin than `least_mm`.
  void fit(const BoneMap& map, const Ground& ground, const std::vector<double>& margin_mm,
           const std::vector<double>& taper, double least_mm) {
    sample(map, ground, margin_mm, taper, least_mm);
    fit();
  }

  /// Returns the fits of the nodes around a vertex, blended; NaN where none could be made.
  double at(std::size_t v, const Point3& p) const {
    if (node_of_[v] == nobody) return unknown;
    constexpr double blend_mm = 2.5 * node_mm;
    double sum = 0.0, weights = 0.0;
    const auto add = [&](std::uint32_t n) {
      const Fit& fit = fits_[n];
      const double d = squared_length(p - nodes_[n].at) / (blend_mm * blend_mm);
      if (std::isnan(fit.factors[0]) || d >= 1.0) return;
      const auto [x, y] = seen_from(nodes_[n], p);
      const Terms t = terms_at(x, y);
      double value = 0.0;
      for (std::size_t i = 0; i < terms; ++i) value += fit.factors[i] * t[i];
      const double weight = (1.0 - d) * (1.0 - d);
      sum += weight * std::clamp(value, fit.least_mm, fit.most_mm);
      weights += weight;
    };
    add(node_of_[v]);
    for (const std::uint32_t n : beside_[node_of_[v]]) add(n);
    return weights > 0.0 ? sum / weights : unknown;
  }

 private:
  void divide(const Ground& ground, const Patch& bearing);
  void place(const Ground& ground, const std::vector<Vector3>& normals);
  void look_around();
  void sample(const BoneMap& map, const Ground& ground, const std::vector<double>& margin_mm,
              const std::vector<double>& taper, double least_mm);
  void fit();
  Fit fit_at(std::size_t n, const std::vector<double>& weights) const;
  void fit_all(const std::vector<double>& weights) {
    parallel_for(
        nodes_.size(),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t n = begin; n < end; ++n) fits_[n] = fit_at(n, weights);
        },
        threads_, 32);
  }

  unsigned threads_;
  std::vector<std::uint32_t> node_of_;  ///< One per vertex.
  std::vector<Node> nodes_;
  std::vector<std::vector<std::uint32_t>> beside_;  ///< Nodes that share a border.
  std::vector<std::vector<Sight>> sights_;          ///< Nodes within reach along the bone, itself included.
  std::vector<Fit> fits_;
};

void Surface::divide(const Ground& ground, const Patch& bearing) {
  std::vector<std::uint32_t> seeds, open;
  std::vector<std::uint32_t> covered(ground.size(), nobody);
  std::vector<std::uint8_t> is_near_seed(ground.size(), 0);
  for (std::uint32_t seed = 0; seed < ground.size(); ++seed) {
    if (!bearing[seed] || is_near_seed[seed]) continue;
    seeds.push_back(seed);
    open.assign(1, seed);
    covered[seed] = seed;
    while (!open.empty()) {
      const auto v = open.back();
      open.pop_back();
      is_near_seed[v] = 1;
      for (const auto n : ground.neighbours(v))
        if (bearing[n] && covered[n] != seed &&
            distance(ground.places()[n], ground.places()[seed]) < node_mm) {
          covered[n] = seed;
          open.push_back(n);
        }
    }
  }
  const Walk walk = walk_from(ground, seeds, bearing, 2.0 * node_mm);
  std::vector<std::uint32_t> number(ground.size(), nobody);
  for (std::uint32_t n = 0; n < seeds.size(); ++n) number[seeds[n]] = n;
  nodes_.resize(seeds.size());
  beside_.resize(seeds.size());
  for (std::size_t v = 0; v < ground.size(); ++v)
    if (walk.source[v] != nobody) node_of_[v] = number[walk.source[v]];
  for (std::size_t v = 0; v < ground.size(); ++v) {
    const std::uint32_t here = node_of_[v];
    if (here == nobody) continue;
    for (const auto n : ground.neighbours(v))
      if (node_of_[n] != nobody && node_of_[n] != here) beside_[here].push_back(node_of_[n]);
  }
  for (auto& list : beside_) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
}

void Surface::place(const Ground& ground, const std::vector<Vector3>& normals) {
  std::vector<Vector3> sum(nodes_.size()), normal(nodes_.size());
  std::vector<Point3> base(nodes_.size());
  for (std::size_t v = 0; v < ground.size(); ++v) {
    const std::uint32_t n = node_of_[v];
    if (n == nobody) continue;
    const double area = ground.areas_mm2()[v];
    if (nodes_[n].area_mm2 == 0.0) base[n] = ground.places()[v];
    nodes_[n].area_mm2 += area;
    sum[n] += area * (ground.places()[v] - base[n]);
    normal[n] += area * normals[v];
  }
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    Node& node = nodes_[n];
    node.at = base[n] + (node.area_mm2 > 0.0 ? sum[n] / node.area_mm2 : Vector3{});
    const Vector3 up = squared_length(normal[n]) > 0.0 ? normalized(normal[n]) : Vector3{0.0, 0.0, 1.0};
    node.along = tangent_to(up);
    node.across = cross(up, node.along);
  }
}

void Surface::sample(const BoneMap& map, const Ground& ground, const std::vector<double>& margin_mm,
                     const std::vector<double>& taper, double least_mm) {
  for (Node& node : nodes_) node.measured_mm2 = node.thickness_mm = 0.0;
  for (std::size_t v = 0; v < ground.size(); ++v) {
    if (node_of_[v] == nobody || std::isnan(map.thickness_mm[v]) || margin_mm[v] < least_mm) continue;
    Node& node = nodes_[node_of_[v]];
    node.measured_mm2 += ground.areas_mm2()[v];
    node.thickness_mm += ground.areas_mm2()[v] * map.thickness_mm[v] / taper[v];
  }
  for (Node& node : nodes_)
    if (node.measured_mm2 > 0.0) node.thickness_mm /= node.measured_mm2;
}

void Surface::look_around() {
  sights_.resize(nodes_.size());
  parallel_for(
      nodes_.size(),
      [&](std::size_t begin, std::size_t end) {
        std::vector<std::uint32_t> seen_for(nodes_.size(), nobody), open;
        for (std::size_t n = begin; n < end; ++n) {
          const auto here = static_cast<std::uint32_t>(n);
          open.assign(1, here);
          seen_for[n] = here;
          // Along the bone: what is near only across the notch is another place.
          for (std::size_t next = 0; next < open.size(); ++next) {
            const std::uint32_t other = open[next];
            const double d = distance(nodes_[other].at, nodes_[n].at) / reach_mm;
            const auto [x, y] = seen_from(nodes_[n], nodes_[other].at);
            const double inside = 1.0 - d * d * d;
            sights_[n].push_back({other, static_cast<float>(x), static_cast<float>(y),
                                  static_cast<float>(inside * inside * inside)});
            for (const std::uint32_t beyond : beside_[other])
              if (seen_for[beyond] != here && distance(nodes_[beyond].at, nodes_[n].at) < reach_mm) {
                seen_for[beyond] = here;
                open.push_back(beyond);
              }
          }
        }
      },
      threads_, 64);
}

Fit Surface::fit_at(std::size_t n, const std::vector<double>& weights) const {
  // Where losses leave little to go by, curvature first, then slope give way to the mean of what is near.
  constexpr double restraint_of_slope = 0.002, restraint_of_curvature = 0.004, least_part = 0.02;
  LeastSquares<terms> system;
  Fit fit;
  double all = 0.0, used = 0.0;
  fit.least_mm = std::numeric_limits<double>::infinity();
  for (const Sight& sight : sights_[n]) {
    const Node& node = nodes_[sight.node];
    const double kernel = static_cast<double>(sight.kernel);
    all += kernel * node.area_mm2;
    const double weight = kernel * node.measured_mm2 * weights[sight.node];
    if (!(weight > 0.0)) continue;
    system.add(terms_at(static_cast<double>(sight.x), static_cast<double>(sight.y)), node.thickness_mm,
               weight);
    used += weight;
    if (weights[sight.node] < 0.5) continue;
    fit.least_mm = std::min(fit.least_mm, node.thickness_mm);
    fit.most_mm = std::max(fit.most_mm, node.thickness_mm);
  }
  if (!(used > least_part * all) || !(fit.most_mm > 0.0)) return {};
  for (std::size_t i = 1; i < terms; ++i)
    system.damp(i, all * (i < 3 ? restraint_of_slope : restraint_of_curvature));
  fit.factors = system.solved();
  return fit;
}

void Surface::fit() {
  fits_.resize(nodes_.size());
  // Bare bone says nothing about how thick cartilage was.
  std::vector<double> weights(nodes_.size());
  for (std::size_t n = 0; n < nodes_.size(); ++n) weights[n] = nodes_[n].thickness_mm > 0.0 ? 1.0 : 0.0;
  fit_all(weights);
  constexpr int asymmetric_passes = 4, passes = 10;
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const double expected = std::clamp(fits_[n].factors[0], fits_[n].least_mm, fits_[n].most_mm);
      if (!(nodes_[n].thickness_mm > 0.0) || !(expected > 0.0)) continue;
      const double loss = 1.0 - nodes_[n].thickness_mm / expected;
      // A loss of a fifth at 20 mm across fills half of what a fit sees: thinner must count for little until
      // the thicker half has been found.
      constexpr double for_thinner = 1.0 / 9.0;
      constexpr double loss_left_out = 0.3, gain_in_full = 0.15;
      if (loss <= 0.0)
        weights[n] = -loss <= gain_in_full ? 1.0 : gain_in_full / -loss;
      else if (pass < asymmetric_passes)
        weights[n] = for_thinner;
      else
        weights[n] = loss < loss_left_out ? std::pow(1.0 - std::pow(loss / loss_left_out, 2), 2) : 0.0;
    }
    fit_all(weights);
  }
}

}  // namespace

Expected expected_thickness(const BoneMap& map, const Ground& ground, const std::vector<Vector3>& normals,
                            unsigned threads) {
  Patch bearing(ground.size());
  for (std::size_t v = 0; v < bearing.size(); ++v) bearing[v] = map.region[v] != Region::outside;
  Expected expected{std::vector<double>(ground.size(), unknown), std::vector<double>(ground.size(), 0.0)};
  const Walk inward = walk_from(ground, border_of(ground, complement(bearing)), bearing, far_taper_mm);
  for (std::size_t v = 0; v < ground.size(); ++v)
    if (bearing[v]) expected.margin_mm[v] = std::min(far_taper_mm, inward.far_mm[v]);
  Surface surface(ground, normals, bearing, threads);
  std::vector<double> taper(ground.size(), 1.0);
  constexpr int rounds = 3;
  for (int round = 0; round < rounds; ++round) {
    // Until the taper is known, its steep part would pull the fit down; too near the margin it divides noise.
    constexpr double noisy_mm = 2.0;
    surface.fit(map, ground, expected.margin_mm, taper, round == 0 ? taper_mm : noisy_mm);
    parallel_for(
        ground.size(),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t v = begin; v < end; ++v)
            if (bearing[v]) expected.thickness_mm[v] = surface.at(v, ground.places()[v]);
        },
        threads);
    const Taper found(map, ground, expected.margin_mm, expected.thickness_mm);
    for (std::size_t v = 0; v < ground.size(); ++v)
      if (bearing[v]) taper[v] = found.at(map.region[v], expected.margin_mm[v]);
  }
  for (std::size_t v = 0; v < ground.size(); ++v) expected.thickness_mm[v] *= taper[v];
  return expected;
}

}  // namespace genu::cartilage
