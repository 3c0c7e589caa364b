// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include <genu/cartilage/relaxation.h>
#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "field_lines.h"

namespace genu::cartilage {
namespace {

constexpr std::array layers{Layer::whole, Layer::deep, Layer::superficial};

void check(const Volume<float>& t2_ms, const LabelMap& labels, const RegionRelaxationOptions& o) {
  const auto refuse = [](const char* name, double value) {
    throw InvalidInput("cannot take relaxation times of regions with " + std::string(name) + " = " +
                       std::to_string(value));
  };
  if (!(o.layer_border > 0.0 && o.layer_border < 1.0)) refuse("layer_border", o.layer_border);
  if (!(o.max_time_ms > 0.0)) refuse("max_time_ms", o.max_time_ms);
  if (nearly_equal(t2_ms.geometry(), labels.geometry())) return;
  std::ostringstream message;
  message << "the relaxation map and the label map do not lie on the same grid; map: " << t2_ms.geometry()
          << "; labels: " << labels.geometry();
  throw GeometryMismatch(message.str());
}

/// Where a voxel lies in the cartilage of its bone.
struct Lie {
  Region region = Region::outside, part = Region::outside;
  Layer layer = Layer::whole;
};

/// One bone with its cartilage, asked voxel by voxel.
class Joint {
 public:
  Joint(const BoneMap& map, double layer_border) : map_(map), layer_border_(layer_border) {
    for (const Triangle& t : map.surface.triangles())
      if (std::any_of(t.begin(), t.end(), [&](auto v) { return map.region[v] != Region::outside; }))
        bearing_.push_back(t);
    if (bearing_.empty()) return;
    bone_.emplace(TriangleMesh(map.surface.vertices(), bearing_));
    if (map.cartilage.empty()) return;
    const std::vector<Facing> facing =
        facing_of(map.cartilage, map.surface, surface::vertex_normals(map.surface));
    std::vector<Triangle> articular;
    for (std::size_t t = 0; t < facing.size(); ++t)
      if (facing[t].face == Face::articular) articular.push_back(map.cartilage.triangles()[t]);
    if (!articular.empty()) articular_.emplace(TriangleMesh(map.cartilage.vertices(), std::move(articular)));
  }

  Lie lie_of(const Point3& p) const {
    if (!bone_ || !articular_) return {};
    const surface::SurfacePoint below = bone_->closest(p);
    const double above_mm = articular_->closest(p).distance_mm;
    const auto& vertices = map_.surface.vertices();
    std::optional<std::uint32_t> nearest;
    for (const auto v : bearing_[below.triangle])
      if (map_.region[v] != Region::outside &&
          (!nearest || squared_length(vertices[v] - p) < squared_length(vertices[*nearest] - p)))
        nearest = v;
    const double way_mm = below.distance_mm + above_mm;
    const double depth = way_mm > 0.0 ? below.distance_mm / way_mm : 0.0;
    return {map_.region[*nearest], map_.subregion[*nearest],
            depth < layer_border_ ? Layer::deep : Layer::superficial};
  }

 private:
  const BoneMap& map_;
  double layer_border_;
  std::vector<Triangle> bearing_;
  std::optional<surface::MeshQuery> bone_, articular_;
};

struct Pool {
  std::size_t voxels = 0;
  std::vector<float> times_ms;
};
using Pools = std::array<std::array<Pool, layers.size()>, region_count>;

RegionRelaxation row_of(Region region, Layer layer, Pool& pool) {
  RegionRelaxation row{.region = region, .layer = layer, .voxels = pool.voxels};
  std::vector<float>& times = pool.times_ms;
  row.fitted = times.size();
  const auto n = static_cast<double>(times.size());
  if (row.voxels > 0) row.fitted_percent = 100.0 * n / static_cast<double>(row.voxels);
  if (times.empty()) return row;
  double sum = 0.0, squares = 0.0;
  for (const float t : times) sum += t;
  row.mean_ms = sum / n;
  for (const float t : times) squares += (t - row.mean_ms) * (t - row.mean_ms);
  if (times.size() > 1) row.sd_ms = std::sqrt(squares / (n - 1.0));
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  row.median_ms = *middle;
  if (times.size() % 2 == 0) row.median_ms = 0.5 * (row.median_ms + *std::max_element(times.begin(), middle));
  return row;
}

void gather(Pools& pools, const Volume<float>& t2_ms, const LabelMap& labels, const BoneMap& map,
            const RegionRelaxationOptions& options) {
  std::vector<std::size_t> voxels;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v)
    if (is_cartilage_of(labels.voxels()[v], map.bone)) voxels.push_back(v);
  const Joint joint(map, options.layer_border);
  std::vector<Lie> lies(voxels.size());
  parallel_for(
      voxels.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n)
          lies[n] = joint.lie_of(labels.geometry().to_patient(labels.geometry().index_of(voxels[n])));
      },
      options.threads);
  for (std::size_t n = 0; n < voxels.size(); ++n) {
    const Lie& lie = lies[n];
    if (lie.region == Region::outside) continue;
    const float time = t2_ms.voxels()[voxels[n]];
    for (const Region region : {lie.region, lie.part}) {
      if (region == Region::outside) continue;
      for (const Layer layer : {Layer::whole, lie.layer}) {
        Pool& pool = pools[static_cast<std::size_t>(region)][static_cast<std::size_t>(layer)];
        ++pool.voxels;
        if (time <= options.max_time_ms) pool.times_ms.push_back(time);  // false for NaN
      }
    }
  }
}

}  // namespace

std::string_view name(Layer layer) {
  switch (layer) {
    case Layer::whole:
      return "whole";
    case Layer::deep:
      return "deep";
    case Layer::superficial:
      return "superficial";
  }
  throw InvalidInput("no layer has the number " + std::to_string(static_cast<int>(layer)));
}

std::vector<RegionRelaxation> relaxation_of_regions(const Volume<float>& t2_ms, const LabelMap& labels,
                                                    const CartilageReport& report,
                                                    const RegionRelaxationOptions& options,
                                                    const Progress& progress) {
  check(t2_ms, labels, options);
  Pools pools;
  for (std::size_t b = 0; b < report.bones.size(); ++b) {
    progress.report("relaxation times of regions",
                    static_cast<double>(b) / static_cast<double>(report.bones.size()));
    gather(pools, t2_ms, labels, report.bones[b], options);
  }
  std::vector<RegionRelaxation> rows;
  const auto add = [&](Region region) {
    if (std::none_of(report.bones.begin(), report.bones.end(),
                     [&](const BoneMap& map) { return map.bone == bone_of(region); }))
      return;
    for (const Layer layer : layers)
      rows.push_back(
          row_of(region, layer, pools[static_cast<std::size_t>(region)][static_cast<std::size_t>(layer)]));
  };
  for (const Region region : measured_regions) add(region);
  for (const Region region : subregions) add(region);
  progress.report("relaxation times of regions", 1.0);
  return rows;
}

}  // namespace genu::cartilage
