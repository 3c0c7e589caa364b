// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <genu/cartilage/menisci.h>
#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "quantile.h"

namespace genu::cartilage {
namespace {

struct Pair {
  Tissue meniscus;
  Region plate;
};
constexpr std::array pairs{Pair{Tissue::medial_meniscus, Region::MT},
                           Pair{Tissue::lateral_meniscus, Region::LT}};

void check(const BoneMap& tibia, const MeniscusOptions& o) {
  const auto refuse = [](const std::string& what) { throw InvalidInput("cannot measure menisci " + what); };
  if (tibia.bone != Bone::tibia) refuse("on the " + std::string(name(tibia.bone)));
  if (!(o.central_part > 0.0 && o.central_part <= 1.0))
    refuse("with central_part = " + std::to_string(o.central_part));
  if (!(o.reach_mm > 0.0) || !std::isfinite(o.reach_mm))
    refuse("with reach_mm = " + std::to_string(o.reach_mm));
}

/// A surface in the knee's frame, cut by coronal planes.
class Cuts {
 public:
  Cuts(const TriangleMesh& mesh, const KneeFrame& frame) : triangles_(mesh.triangles()) {
    places_.reserve(mesh.vertices().size());
    for (const Point3& p : mesh.vertices()) places_.push_back(frame.coordinates(p));
  }

  const std::vector<Vector3>& places() const { return places_; }

  /// Returns how far the cut at `y_mm` reaches to the side (`sign` -1 medial, 1 lateral), or nothing where it
  /// misses. Only what lies nearest to a chosen vertex counts.
  std::optional<double> reach(double y_mm, double sign,
                              const std::function<bool(std::uint32_t)>& chosen) const {
    std::optional<double> most;
    const auto include = [&](double x) { most = std::max(most.value_or(x), x); };
    for (const Triangle& t : triangles_) {
      std::optional<double> inside, outside;
      for (std::size_t e = 0; e < 3; ++e) {
        const Vector3 &a = places_[t[e]], &b = places_[t[(e + 1) % 3]];
        if ((a.y < y_mm) == (b.y < y_mm)) continue;
        const double part = (y_mm - a.y) / (b.y - a.y), x = sign * (a.x + part * (b.x - a.x));
        (chosen(part < 0.5 ? t[e] : t[(e + 1) % 3]) ? inside : outside) = x;
        if (inside) include(*inside);
      }
      // The border runs midway between vertices that are chosen and those that are not.
      if (inside && outside) include(0.5 * (*inside + *outside));
    }
    return most;
  }

 private:
  const std::vector<Triangle>& triangles_;
  std::vector<Vector3> places_;
};

double extrusion_mm(const Cuts& tibia, const BoneMap& map, const TriangleMesh& meniscus,
                    const KneeFrame& frame, Region plate, const MeniscusOptions& options) {
  std::vector<double> y;
  for (std::size_t v = 0; v < map.region.size(); ++v)
    if (map.region[v] == plate) y.push_back(tibia.places()[v].y);
  if (y.empty()) return MeniscusMeasures::unknown;
  const double back = quantile(y, 0.005), front = quantile(y, 0.995);
  const double middle = 0.5 * (back + front), half = 0.5 * options.central_part * (front - back);
  constexpr double step_mm = 0.5;
  const int steps = std::max(1, static_cast<int>(std::floor(half / step_mm)));
  const Cuts other(meniscus, frame);
  const double sign = plate == Region::MT ? -1.0 : 1.0;
  double sum = 0.0;
  int cuts = 0;
  for (int n = -steps; n <= steps; ++n) {
    const double at = middle + half * n / steps;
    const auto edge = tibia.reach(at, sign, [&](std::uint32_t v) { return map.region[v] == plate; });
    const auto rim = other.reach(at, sign, [](std::uint32_t) { return true; });
    if (!edge || !rim) continue;
    sum += *rim - *edge;
    ++cuts;
  }
  // A meniscus that most cuts miss has no body there.
  return 2 * cuts > 2 * steps + 1 ? sum / cuts : MeniscusMeasures::unknown;
}

/// Adds what of the plate the meniscus lies over.
void add_coverage(MeniscusMeasures& m, const BoneMap& map, const TriangleMesh& meniscus,
                  const KneeFrame& frame, const MeniscusOptions& options) {
  // Labels of neighbours overlap between thick slices: the line starts where the meniscus cannot be missed.
  constexpr double inside_mm = 1.0;
  const surface::MeshQuery query(meniscus);
  const auto& vertices = map.surface.vertices();
  std::vector<std::uint8_t> covered(vertices.size(), 0);
  parallel_for(
      vertices.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t v = begin; v < end; ++v)
          if (map.region[v] == m.plate)
            covered[v] = query
                             .first_crossing(vertices[v] - inside_mm * frame.proximal,
                                             vertices[v] + options.reach_mm * frame.proximal)
                             .has_value();
      },
      options.extract.threads);
  const std::vector<double> areas = surface::vertex_areas_mm2(map.surface);
  double all = 0.0, over = 0.0;
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    if (map.region[v] != m.plate) continue;
    all += areas[v];
    if (covered[v]) over += areas[v];
  }
  if (!(all > 0.0)) return;
  m.covered_mm2 = over;
  m.coverage_percent = 100.0 * over / all;
}

}  // namespace

std::vector<MeniscusMeasures> measure_menisci(const LabelMap& labels, const KneeFrame& frame,
                                              const BoneMap& tibia, const MeniscusOptions& options) {
  check(tibia, options);
  std::vector<MeniscusMeasures> result;
  const Cuts cuts(tibia.surface, frame);
  for (const Pair& pair : pairs) {
    const auto voxels = std::count(labels.voxels().begin(), labels.voxels().end(), pair.meniscus);
    if (voxels == 0) continue;
    MeniscusMeasures m{.meniscus = pair.meniscus, .plate = pair.plate};
    m.volume_mm3 = static_cast<double>(voxels) * labels.geometry().voxel_volume_mm3();
    const TriangleMesh mesh = surface::extract(
        labels, [&](Tissue t) { return t == pair.meniscus; }, options.extract);
    if (!mesh.empty()) {
      m.extrusion_mm = extrusion_mm(cuts, tibia, mesh, frame, pair.plate, options);
      add_coverage(m, tibia, mesh, frame, options);
    }
    result.push_back(m);
  }
  return result;
}

}  // namespace genu::cartilage
