// SPDX-License-Identifier: Apache-2.0
#include "lesions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "distribution.h"

namespace genu::cartilage {
namespace {

/// Returns the mean of the normals within `reach_mm` of a vertex: the bone's direction there, not one
/// facet's.
Vector3 normal_around(const Ground& ground, const std::vector<Vector3>& normals, std::uint32_t v,
                      double reach_mm) {
  Patch seed(ground.size(), 0);
  seed[v] = 1;
  const Patch near = grown(ground, seed, reach_mm);
  Vector3 sum;
  for (std::size_t n = 0; n < near.size(); ++n)
    if (near[n]) sum += ground.areas_mm2()[n] * normals[n];
  return normalized(sum);
}

/// Returns the greatest distance between two of the places, and how far they reach across it in the bone's
/// tangent plane.
std::array<double, 2> length_and_width_mm(const std::vector<Point3>& places, const Vector3& normal) {
  double longest = -1.0;
  Vector3 along;
  for (std::size_t a = 0; a < places.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      if (const double d = squared_length(places[a] - places[b]); d > longest) {
        longest = d;
        along = places[a] - places[b];
      }
  const Vector3 across = cross(normal, along);
  if (!(squared_length(across) > 0.0)) return {0.0, 0.0};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Point3& p : places) {
    const double x = dot(p - places.front(), across) / length(across);
    low = std::min(low, x);
    high = std::max(high, x);
  }
  return {std::sqrt(longest), high - low};
}

/// Returns the region with the greatest share; the first of equal ones.
Region greatest(const std::array<double, region_count>& share) {
  return static_cast<Region>(std::max_element(share.begin(), share.end()) - share.begin());
}

/// Depth of a loss in percent; bare bone has lost all, whatever was there.
double depth_percent(double thickness_mm, double expected_mm) {
  if (thickness_mm == 0.0) return 100.0;
  return expected_mm > 0.0 ? std::clamp(100.0 * (1.0 - thickness_mm / expected_mm), 0.0, 100.0) : 0.0;
}

/// Returns the vertices of each connected part of a set.
std::vector<std::vector<std::uint32_t>> members_of_parts(const Ground& ground, const Patch& patch) {
  const Parts parts = connected_parts(ground, patch);
  std::vector<std::vector<std::uint32_t>> members(parts.area_mm2.size());
  for (std::uint32_t v = 0; v < patch.size(); ++v)
    if (parts.part[v] >= 0) members[static_cast<std::size_t>(parts.part[v])].push_back(v);
  return members;
}

class Finder {
 public:
  Finder(const BoneMap& map, const Expected& expected, const Ground& ground,
         const std::vector<Vector3>& normals, const MeasureOptions& options)
      : map_(map), expected_(expected), ground_(ground), normals_(normals), options_(options) {}

  Patch lost() const;
  bool is_thin_margin(const std::vector<std::uint32_t>& members, const Patch& lost) const;
  bool counts(const std::vector<std::uint32_t>& members) const;
  Lesion lesion_from(const std::vector<std::uint32_t>& members, const Patch& lost) const;

 private:
  bool is_measured(std::size_t v) const {
    return map_.region[v] != Region::outside && !std::isnan(map_.thickness_mm[v]);
  }
  bool reaches_bone(const Lesion& lesion, const std::vector<std::uint32_t>& members) const;
  void measure_extent(Lesion& lesion, const std::vector<std::uint32_t>& members, const Patch& lost) const;

  const BoneMap& map_;
  const Expected& expected_;
  const Ground& ground_;
  const std::vector<Vector3>& normals_;
  const MeasureOptions& options_;
};

Patch Finder::lost() const {
  const double least_percent = 100.0 * options_.lesion_loss_fraction;
  Patch lost(ground_.size(), 0), at_margin = lost, inner = lost;
  for (std::size_t v = 0; v < lost.size(); ++v) {
    if (!is_measured(v)) continue;
    const bool thin = depth_percent(map_.thickness_mm[v], expected_.thickness_mm[v]) >= least_percent &&
                      expected_.thickness_mm[v] - map_.thickness_mm[v] >= options_.min_lesion_depth_mm;
    const bool bare = map_.thickness_mm[v] == 0.0;
    inner[v] = thin && expected_.margin_mm[v] >= taper_mm;
    lost[v] = bare || inner[v];
    at_margin[v] = thin && !lost[v];
  }
  // How cartilage tapers at its margin differs along it: thin there is no loss by itself, but part of one
  // that comes from further in.
  const Walk outward = walk_from(ground_, border_of(ground_, inner), at_margin, taper_mm);
  for (std::size_t v = 0; v < lost.size(); ++v)
    if (at_margin[v] && outward.source[v] != nobody) lost[v] = 1;
  return lost;
}

// What is half lost is no margin, however much of the plate's width it takes.
bool Finder::is_thin_margin(const std::vector<std::uint32_t>& members, const Patch& lost) const {
  std::size_t outline = 0, at_margin = 0;
  double inner_mm2 = 0.0, depth = 0.0;
  for (const auto v : members) {
    if (expected_.margin_mm[v] >= taper_mm) {
      inner_mm2 += ground_.areas_mm2()[v];
      depth += ground_.areas_mm2()[v] * depth_percent(map_.thickness_mm[v], expected_.thickness_mm[v]);
    }
    const auto around = ground_.neighbours(v);
    if (std::none_of(around.begin(), around.end(), [&](std::uint32_t n) { return !lost[n]; })) continue;
    ++outline;
    // An edge or two further in than where thin cartilage begins to count.
    constexpr double beside_mm = 1.0;
    if (expected_.margin_mm[v] < taper_mm + beside_mm) ++at_margin;
  }
  constexpr double half_percent = 50.0;
  if (inner_mm2 > 0.0 && depth >= half_percent * inner_mm2) return false;
  // A disc of which less than its larger half shows has a third of its outline there.
  constexpr double most = 1.0 / 3.0;
  return static_cast<double>(at_margin) > most * static_cast<double>(outline);
}

bool Finder::counts(const std::vector<std::uint32_t>& members) const {
  double area = 0.0, loss = 0.0;
  for (const auto v : members) {
    area += ground_.areas_mm2()[v];
    loss += ground_.areas_mm2()[v] * 0.01 * depth_percent(map_.thickness_mm[v], expected_.thickness_mm[v]);
  }
  return area >= options_.min_lesion_area_mm2 && loss >= options_.min_lesion_loss_mm2;
}

bool Finder::reaches_bone(const Lesion& lesion, const std::vector<std::uint32_t>& members) const {
  if (lesion.denuded_area_mm2 > 0.5 * lesion.area_mm2) return true;
  // Voxels tear small holes into what is left of a sheet thinner than they are: bare must be a disc of 2 mm.
  constexpr double radius_mm = 1.0;
  Patch bare(ground_.size(), 0);
  for (const auto v : members) bare[v] = map_.thickness_mm[v] == 0.0;
  const Patch core = shrunk(ground_, bare, radius_mm);
  return std::find(core.begin(), core.end(), 1) != core.end();
}

void Finder::measure_extent(Lesion& lesion, const std::vector<std::uint32_t>& members,
                            const Patch& lost) const {
  std::vector<Point3> rim;
  for (const auto v : members) {
    const auto around = ground_.neighbours(v);
    if (std::any_of(around.begin(), around.end(), [&](std::uint32_t n) { return !lost[n]; }))
      rim.push_back(ground_.places()[v]);
  }
  const auto [length, width] = length_and_width_mm(rim, lesion.normal);
  // A vertex stands for bone half an edge around it.
  const double edge_mm = std::sqrt(lesion.area_mm2 / static_cast<double>(members.size()));
  lesion.length_mm = length + edge_mm;
  lesion.width_mm = std::min(lesion.length_mm, width + edge_mm);
}

Lesion Finder::lesion_from(const std::vector<std::uint32_t>& members, const Patch& lost) const {
  Lesion lesion;
  Vector3 sum;
  std::array<double, region_count> share{}, part_share{};
  lesion.min_thickness_mm = std::numeric_limits<double>::infinity();
  const Point3 base = ground_.places()[members.front()];
  double known = 0.0, expected_sum = 0.0, depth_sum = 0.0;
  std::vector<Sample> depths;
  depths.reserve(members.size());
  for (const auto v : members) {
    const double area = ground_.areas_mm2()[v], thickness = map_.thickness_mm[v],
                 expected = expected_.thickness_mm[v];
    lesion.area_mm2 += area;
    if (thickness == 0.0) lesion.denuded_area_mm2 += area;
    lesion.min_thickness_mm = std::min(lesion.min_thickness_mm, thickness);
    share[static_cast<std::size_t>(map_.region[v])] += area;
    part_share[static_cast<std::size_t>(map_.subregion[v])] += area;
    sum += area * (ground_.places()[v] - base);
    const double depth = depth_percent(thickness, expected);
    depths.push_back({depth, area});
    depth_sum += area * depth;
    if (std::isnan(expected)) continue;
    known += area;
    expected_sum += area * expected;
    lesion.volume_lost_mm3 += area * std::max(0.0, expected - thickness);
  }
  lesion.mean_depth_percent = depth_sum / lesion.area_mm2;
  lesion.expected_thickness_mm =
      known > 0.0 ? expected_sum / known : std::numeric_limits<double>::quiet_NaN();
  if (!(known > 0.0)) lesion.volume_lost_mm3 = std::numeric_limits<double>::quiet_NaN();
  // The deepest of hundreds of vertices is noise's.
  constexpr double but_deepest = 0.9;
  lesion.max_depth_percent = Distribution(std::move(depths)).at(but_deepest);
  constexpr double half_way_percent = 50.0;
  lesion.icrs_grade = reaches_bone(lesion, members) ? 4 : lesion.max_depth_percent > half_way_percent ? 3 : 2;
  const Point3 centroid = base + sum / lesion.area_mm2;
  const auto centre =
      *std::min_element(members.begin(), members.end(), [&](std::uint32_t a, std::uint32_t b) {
        const double da = squared_length(ground_.places()[a] - centroid),
                     db = squared_length(ground_.places()[b] - centroid);
        return da != db ? da < db : a < b;
      });
  lesion.region = greatest(share);
  // The parts of another region that the loss reaches into are not this one's.
  for (std::size_t r = 0; r < region_count; ++r)
    if (parent_of(static_cast<Region>(r)) != lesion.region) part_share[r] = 0.0;
  const Region part = greatest(part_share);
  lesion.subregion = part_share[static_cast<std::size_t>(part)] > 0.0 ? part : lesion.region;
  lesion.centre = ground_.places()[centre];
  constexpr double normal_reach_mm = 2.0;
  lesion.normal = normal_around(ground_, normals_, centre, normal_reach_mm);
  const double left = map_.thickness_mm[centre];
  const double here = std::isnan(expected_.thickness_mm[centre]) ? 0.0 : expected_.thickness_mm[centre];
  lesion.articular_point = lesion.centre + (left > 0.0 ? left : here) * lesion.normal;
  measure_extent(lesion, members, lost);
  return lesion;
}

}  // namespace

Losses find_losses(const BoneMap& map, const Expected& expected, const Ground& ground,
                   const std::vector<Vector3>& normals, const MeasureOptions& options) {
  const Finder finder(map, expected, ground, normals, options);
  Losses losses{{}, finder.lost()};
  const Patch before = losses.lost;
  // Of a thin margin only bare bone counts, and not the ragged edge of its labels.
  constexpr double ragged_mm = 1.0;
  Patch bare(ground.size(), 0);
  for (std::size_t v = 0; v < bare.size(); ++v) bare[v] = before[v] && map.thickness_mm[v] == 0.0;
  const Patch solid = opened(ground, bare, ragged_mm);
  for (const auto& part : members_of_parts(ground, before))
    if (finder.is_thin_margin(part, before))
      for (const auto v : part) losses.lost[v] = solid[v];
  const Patch found = losses.lost;
  for (const auto& part : members_of_parts(ground, found)) {
    if (finder.counts(part))
      losses.lesions.push_back(finder.lesion_from(part, found));
    else
      for (const auto v : part) losses.lost[v] = 0;
  }
  return losses;
}

double moaks_grade(double percent) {
  if (std::isnan(percent)) return RegionMeasures::unknown;
  return percent <= 0.0 ? 0.0 : percent < 10.0 ? 1.0 : percent <= 75.0 ? 2.0 : 3.0;
}

void add_losses(std::vector<RegionMeasures>& measures, const BoneMap& map, const Patch& lost,
                const Ground& ground, const std::vector<Region>& region_of) {
  std::array<double, region_count> any{}, full{};
  for (std::size_t v = 0; v < lost.size(); ++v) {
    if (!lost[v]) continue;
    any[static_cast<std::size_t>(region_of[v])] += ground.areas_mm2()[v];
    if (map.thickness_mm[v] == 0.0) full[static_cast<std::size_t>(region_of[v])] += ground.areas_mm2()[v];
  }
  for (RegionMeasures& m : measures) {
    if (!(m.tAB_mm2 > 0.0)) continue;
    const auto r = static_cast<std::size_t>(m.region);
    m.focal_loss_percent = 100.0 * any[r] / m.tAB_mm2;
    m.full_thickness_loss_percent = 100.0 * full[r] / m.tAB_mm2;
    m.MOAKS_size_grade = moaks_grade(m.focal_loss_percent);
    m.MOAKS_full_thickness_grade = moaks_grade(m.full_thickness_loss_percent);
  }
}

}  // namespace genu::cartilage
