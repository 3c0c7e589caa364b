// SPDX-License-Identifier: Apache-2.0
#include "measures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include <genu/core/mesh.h>

#include "distribution.h"
#include "field_lines.h"

namespace genu::cartilage {
namespace {

constexpr double unknown = RegionMeasures::unknown;

RegionMeasures measures_of(Region region, std::vector<Sample> measured, double not_measured_mm2) {
  RegionMeasures m;
  m.region = region;
  m.not_measured_mm2 = not_measured_mm2;
  m.cAB_mm2 = m.dAB_mm2 = 0.0;
  double sum = 0.0;
  for (const Sample& s : measured) {
    (s.value > 0.0 ? m.cAB_mm2 : m.dAB_mm2) += s.area_mm2;
    sum += s.area_mm2 * s.value;
  }
  const double area = m.cAB_mm2 + m.dAB_mm2;
  m.tAB_mm2 = area + not_measured_mm2;
  m.dABp_percent = m.tAB_mm2 > 0.0 ? 100.0 * m.dAB_mm2 / m.tAB_mm2 : unknown;
  m.ThCtAB_mean_mm = area > 0.0 ? sum / area : unknown;
  m.ThCcAB_mean_mm = m.cAB_mm2 > 0.0 ? sum / m.cAB_mm2 : unknown;
  double squares = 0.0;
  for (const Sample& s : measured)
    squares += s.area_mm2 * (s.value - m.ThCtAB_mean_mm) * (s.value - m.ThCtAB_mean_mm);
  m.ThCtAB_sd_mm = area > 0.0 ? std::sqrt(squares / area) : unknown;
  if (m.ThCtAB_mean_mm > 0.0) m.ThCtAB_cv_percent = 100.0 * m.ThCtAB_sd_mm / m.ThCtAB_mean_mm;
  const Distribution distribution(std::move(measured));
  m.ThCtAB_median_mm = distribution.at(0.5);
  m.ThCtAB_min_mm = distribution.least();
  m.ThCtAB_max_mm = distribution.most();
  m.ThCtAB_p05_mm = distribution.at(0.05);
  m.ThCtAB_p25_mm = distribution.at(0.25);
  m.ThCtAB_p75_mm = distribution.at(0.75);
  m.ThCtAB_p95_mm = distribution.at(0.95);
  return m;
}

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

Lesion lesion_from(const std::vector<std::uint32_t>& members, const BoneMap& map, const Ground& ground,
                   const std::vector<Vector3>& normals, const std::vector<double>& medians) {
  Lesion lesion;
  Vector3 sum;
  std::array<double, region_count> share{};
  lesion.min_thickness_mm = std::numeric_limits<double>::infinity();
  const Point3 base = ground.places()[members.front()];
  for (const auto v : members) {
    const double area = ground.areas_mm2()[v], thickness = map.thickness_mm[v];
    lesion.area_mm2 += area;
    if (thickness == 0.0) lesion.denuded_area_mm2 += area;
    lesion.min_thickness_mm = std::min(lesion.min_thickness_mm, thickness);
    share[static_cast<std::size_t>(map.region[v])] += area;
    sum += area * (ground.places()[v] - base);
  }
  const Point3 centroid = base + sum / lesion.area_mm2;
  const auto centre =
      *std::min_element(members.begin(), members.end(), [&](std::uint32_t a, std::uint32_t b) {
        const double da = squared_length(ground.places()[a] - centroid),
                     db = squared_length(ground.places()[b] - centroid);
        return da != db ? da < db : a < b;
      });
  lesion.region = static_cast<Region>(std::max_element(share.begin(), share.end()) - share.begin());
  lesion.centre = ground.places()[centre];
  constexpr double normal_reach_mm = 2.0;
  lesion.normal = normal_around(ground, normals, centre, normal_reach_mm);
  const double median = medians[static_cast<std::size_t>(lesion.region)];
  lesion.expected_thickness_mm = median;
  const double left = map.thickness_mm[centre];
  lesion.articular_point = lesion.centre + (left > 0.0           ? left
                                            : std::isnan(median) ? 0.0
                                                                 : median) *
                                               lesion.normal;
  return lesion;
}

}  // namespace

RegionMeasures not_measured(Region region) {
  return {.region = region};
}

std::vector<RegionMeasures> measures_of(const BoneMap& map, const Ground& ground,
                                        const std::vector<Region>& region_of,
                                        std::span<const Region> wanted) {
  std::array<std::vector<Sample>, region_count> samples;
  std::array<double, region_count> failed{};
  for (std::size_t v = 0; v < region_of.size(); ++v) {
    const auto r = static_cast<std::size_t>(region_of[v]);
    if (std::isnan(map.thickness_mm[v]))
      failed[r] += ground.areas_mm2()[v];
    else
      samples[r].push_back({map.thickness_mm[v], ground.areas_mm2()[v]});
  }
  std::vector<RegionMeasures> result;
  for (const Region region : wanted) {
    if (bone_of(region) != map.bone) continue;
    const auto r = static_cast<std::size_t>(region);
    result.push_back(!samples[r].empty() || failed[r] > 0.0
                         ? measures_of(region, std::move(samples[r]), failed[r])
                         : not_measured(region));
  }
  return result;
}

PerRegion volumes_mm3(const LabelMap& labels, const Inventory& inventory, Bone bone, const RegionRule& rule,
                      const SubregionRule& part_of) {
  std::array<std::size_t, region_count> voxels{};
  for (std::size_t t = 0; t < inventory.size(); ++t)
    if (is_cartilage_of(static_cast<Tissue>(t), bone))
      for (const Point3& p : places_of(labels, inventory[t], static_cast<Tissue>(t))) {
        const Region region = rule(p), part = part_of(p, region);
        ++voxels[static_cast<std::size_t>(region)];
        if (part != Region::outside) ++voxels[static_cast<std::size_t>(part)];
      }
  PerRegion volumes{};
  for (std::size_t r = 0; r < region_count; ++r)
    volumes[r] = static_cast<double>(voxels[r]) * labels.geometry().voxel_volume_mm3();
  return volumes;
}

PerRegion articular_areas_mm2(const BoneMap& map, const std::vector<Vector3>& normals) {
  PerRegion areas{};
  if (map.cartilage.empty()) return areas;
  const std::vector<Facing> facing = facing_of(map.cartilage, map.surface, normals);
  const auto& vertices = map.cartilage.vertices();
  for (std::size_t t = 0; t < facing.size(); ++t) {
    if (facing[t].face != Face::articular) continue;
    const auto& [a, b, c] = map.cartilage.triangles()[t];
    const double area = 0.5 * length(cross(vertices[b] - vertices[a], vertices[c] - vertices[a]));
    const Region region = map.region[facing[t].vertex], part = map.subregion[facing[t].vertex];
    areas[static_cast<std::size_t>(region)] += area;
    if (part != Region::outside) areas[static_cast<std::size_t>(part)] += area;
  }
  return areas;
}

void add_volumes_and_surfaces(std::vector<RegionMeasures>& measures, const PerRegion& volumes,
                              const PerRegion& surfaces) {
  for (RegionMeasures& m : measures) {
    const double volume = volumes[static_cast<std::size_t>(m.region)];
    if (std::isnan(m.tAB_mm2) && volume == 0.0) continue;
    m.VC_mm3 = volume;
    m.AC_mm2 = surfaces[static_cast<std::size_t>(m.region)];
    m.VCtAB_mm = m.tAB_mm2 > 0.0 ? m.VC_mm3 / m.tAB_mm2 : unknown;
  }
}

std::vector<RegionMeasures> compartments_of(const std::vector<RegionMeasures>& regions,
                                            const std::vector<RegionMeasures>& parts) {
  const auto find = [&](Region region) -> const RegionMeasures* {
    for (const auto* list : {&regions, &parts})
      for (const RegionMeasures& m : *list)
        if (m.region == region) return &m;
    return nullptr;
  };
  std::vector<RegionMeasures> result;
  for (const Compartment& compartment : compartments) {
    const RegionMeasures *tibial = find(compartment.tibial), *femoral = find(compartment.femoral);
    if (!tibial || !femoral) continue;
    RegionMeasures m{.region = compartment.region};
    for (double RegionMeasures::*sum :
         {&RegionMeasures::tAB_mm2, &RegionMeasures::cAB_mm2, &RegionMeasures::dAB_mm2,
          &RegionMeasures::not_measured_mm2, &RegionMeasures::AC_mm2, &RegionMeasures::VC_mm3,
          &RegionMeasures::ThCtAB_mean_mm})
      m.*sum = tibial->*sum + femoral->*sum;
    m.dABp_percent = m.tAB_mm2 > 0.0 ? 100.0 * m.dAB_mm2 / m.tAB_mm2 : unknown;
    result.push_back(m);
  }
  return result;
}

std::vector<double> covered_medians(const BoneMap& map, const Ground& ground) {
  std::array<std::vector<Sample>, region_count> samples;
  for (std::size_t v = 0; v < map.region.size(); ++v)
    if (map.thickness_mm[v] > 0.0)
      samples[static_cast<std::size_t>(map.region[v])].push_back(
          {map.thickness_mm[v], ground.areas_mm2()[v]});
  std::vector<double> medians;
  medians.reserve(samples.size());
  for (auto& s : samples) medians.push_back(Distribution(std::move(s)).at(0.5));
  return medians;
}

std::vector<Lesion> lesions_of(const BoneMap& map, const Ground& ground, const std::vector<Vector3>& normals,
                               const MeasureOptions& options) {
  const std::vector<double> medians = covered_medians(map, ground);
  Patch bearing(map.region.size());
  for (std::size_t v = 0; v < bearing.size(); ++v) bearing[v] = map.region[v] != Region::outside;
  // Cartilage tapers off towards its margin: thin there is healthy, bare is not.
  constexpr double taper_mm = 4.0;
  const Patch inner = shrunk(ground, bearing, taper_mm);
  Patch lost(bearing.size(), 0);
  for (std::size_t v = 0; v < lost.size(); ++v) {
    if (!bearing[v] || std::isnan(map.thickness_mm[v])) continue;
    const double least = options.lesion_thickness_fraction * medians[static_cast<std::size_t>(map.region[v])];
    lost[v] = map.thickness_mm[v] == 0.0 || (inner[v] && map.thickness_mm[v] < least);
  }
  const Parts parts = connected_parts(ground, lost);
  std::vector<std::vector<std::uint32_t>> members(parts.area_mm2.size());
  for (std::uint32_t v = 0; v < lost.size(); ++v)
    if (parts.part[v] >= 0) members[static_cast<std::size_t>(parts.part[v])].push_back(v);
  std::vector<Lesion> lesions;
  for (std::size_t part = 0; part < members.size(); ++part)
    if (parts.area_mm2[part] >= options.min_lesion_area_mm2)
      lesions.push_back(lesion_from(members[part], map, ground, normals, medians));
  return lesions;
}

}  // namespace genu::cartilage
