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
    for (double RegionMeasures::*part :
         {&RegionMeasures::focal_loss_percent, &RegionMeasures::full_thickness_loss_percent})
      m.*part = (tibial->*part * tibial->tAB_mm2 + femoral->*part * femoral->tAB_mm2) / m.tAB_mm2;
    result.push_back(m);
  }
  return result;
}

}  // namespace genu::cartilage
