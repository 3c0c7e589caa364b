// SPDX-License-Identifier: Apache-2.0
#include "subdivide.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "distribution.h"
#include "quantile.h"

namespace genu::cartilage {
namespace {

constexpr double central_part_of_plate = 0.20;

/// A vertex of the region in the knee's frame.
struct Spot {
  Vector3 at;
  double area_mm2;
};

/// The central ellipse of a tibial plate, seen along the tibia.
struct PlateCut {
  double x = 0.0, y = 0.0, half_x = 1.0, half_y = 1.0;  ///< Centre and standard deviations, mm.
  double central = 0.0;  ///< Of the standard deviations, where the centre ends.

  Vector3 scaled(const Vector3& at) const { return {(at.x - x) / half_x, (at.y - y) / half_y, 0.0}; }
};

PlateCut plate_cut(const std::vector<Spot>& spots) {
  PlateCut cut;
  double area = 0.0, xx = 0.0, yy = 0.0;
  for (const Spot& s : spots) {
    area += s.area_mm2;
    cut.x += s.area_mm2 * s.at.x;
    cut.y += s.area_mm2 * s.at.y;
  }
  if (!(area > 0.0)) return cut;
  cut.x /= area;
  cut.y /= area;
  for (const Spot& s : spots) {
    xx += s.area_mm2 * (s.at.x - cut.x) * (s.at.x - cut.x);
    yy += s.area_mm2 * (s.at.y - cut.y) * (s.at.y - cut.y);
  }
  constexpr double least_mm = 1e-3;
  cut.half_x = std::max(least_mm, std::sqrt(xx / area));
  cut.half_y = std::max(least_mm, std::sqrt(yy / area));
  std::vector<Sample> radii;
  radii.reserve(spots.size());
  for (const Spot& s : spots) radii.push_back({length(cut.scaled(s.at)), s.area_mm2});
  cut.central = Distribution(std::move(radii)).at(central_part_of_plate);
  return cut;
}

/// Where one third of a condyle's area ends and the next begins, from medial to lateral.
std::array<double, 2> thirds(const std::vector<Spot>& spots) {
  std::vector<Sample> x;
  x.reserve(spots.size());
  for (const Spot& s : spots) x.push_back({s.at.x, s.area_mm2});
  const Distribution distribution(std::move(x));
  return {distribution.at(1.0 / 3.0), distribution.at(2.0 / 3.0)};
}

/// Where the patella reaches furthest back, in the median of its heights.
double ridge_of(const std::vector<Spot>& spots) {
  constexpr double step_mm = 2.0;
  std::map<int, const Spot*> hindmost;
  std::vector<double> heights;
  for (const Spot& s : spots) {
    heights.push_back(s.at.z);
    const Spot*& most = hindmost[static_cast<int>(std::floor(s.at.z / step_mm))];
    if (!most || s.at.y < most->at.y) most = &s;
  }
  if (heights.empty()) return 0.0;
  // Its ends are round and have no ridge.
  const double low = quantile(heights, 0.15), high = quantile(heights, 0.85);
  std::vector<double> x;
  for (const auto& [height, spot] : hindmost)
    if (spot->at.z >= low && spot->at.z <= high) x.push_back(spot->at.x);
  return x.empty() ? 0.0 : quantile(x, 0.5);
}

Region part_of_plate(const PlateCut& cut, const Vector3& at, bool medial) {
  const Vector3 d = cut.scaled(at);
  if (length(d) <= cut.central) return medial ? Region::cMT : Region::cLT;
  if (std::abs(d.y) > std::abs(d.x))
    return d.y > 0.0 ? (medial ? Region::aMT : Region::aLT) : (medial ? Region::pMT : Region::pLT);
  // The notch lies lateral of the medial plate.
  if ((d.x > 0.0) == medial) return medial ? Region::iMT : Region::iLT;
  return medial ? Region::eMT : Region::eLT;
}

Region part_of_condyle(const std::array<double, 2>& cuts, double x, bool medial) {
  if (x > cuts[0] && x <= cuts[1]) return medial ? Region::ccMF : Region::ccLF;
  const bool internal = (x > cuts[1]) == medial;
  if (medial) return internal ? Region::icMF : Region::ecMF;
  return internal ? Region::icLF : Region::ecLF;
}

}  // namespace

SubregionRule subregion_rule(const BoneMap& map, const Ground& ground, const KneeFrame& frame) {
  const auto spots_in = [&](Region region) {
    std::vector<Spot> spots;
    for (std::size_t v = 0; v < map.region.size(); ++v)
      if (map.region[v] == region)
        spots.push_back({frame.coordinates(ground.places()[v]), ground.areas_mm2()[v]});
    return spots;
  };
  switch (map.bone) {
    case Bone::tibia:
      return [frame, medial = plate_cut(spots_in(Region::MT)), lateral = plate_cut(spots_in(Region::LT))](
                 const Point3& p, Region region) {
        if (region != Region::MT && region != Region::LT) return Region::outside;
        const bool is_medial = region == Region::MT;
        return part_of_plate(is_medial ? medial : lateral, frame.coordinates(p), is_medial);
      };
    case Bone::femur:
      return [frame, medial = thirds(spots_in(Region::cMF)), lateral = thirds(spots_in(Region::cLF))](
                 const Point3& p, Region region) {
        if (region != Region::cMF && region != Region::cLF) return Region::outside;
        const bool is_medial = region == Region::cMF;
        return part_of_condyle(is_medial ? medial : lateral, frame.coordinates(p).x, is_medial);
      };
    case Bone::patella:
      break;
  }
  return [frame, ridge = ridge_of(spots_in(Region::P))](const Point3& p, Region region) {
    if (region != Region::P) return Region::outside;
    return frame.coordinates(p).x < ridge ? Region::mP : Region::lP;
  };
}

}  // namespace genu::cartilage
