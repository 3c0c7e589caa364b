// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <genu/planning/plan.h>
#include <genu/surface/query.h>

namespace genu::planning {
namespace {

// Most recesses are some millimetres thick; a collapsed one needs the finer lattices.
constexpr std::array lattices_mm{1.0, 0.5, 0.25};
// Of a sheet of even thickness nearly every place is the deepest: those of this part of the greatest depth
// are as good, and the most central of them does not hang on noise.
constexpr double deep_enough = 0.8;
// The header promises that a needle can end at a lesion: the usual millimetre of bone clearance and the
// radius of a needle of 18 gauge and thinner with its error.
constexpr double lift_mm = 1.5;

struct Place {
  Vector3 at;  // In the knee's frame.
  double depth_mm = 0.0;
};

// Returns the points of a lattice from `low` to `high` that are inside, with their depths.
std::vector<Place> places_inside(const surface::MeshQuery& recess, const KneeFrame& frame, const Vector3& low,
                                 const Vector3& high, double lattice_mm) {
  const auto steps = [&](double from, double to) { return static_cast<int>((to - from) / lattice_mm); };
  std::vector<Place> inside;
  for (int i = 0; i <= steps(low.x, high.x); ++i)
    for (int j = 0; j <= steps(low.y, high.y); ++j)
      for (int k = 0; k <= steps(low.z, high.z); ++k) {
        const Vector3 at = low + lattice_mm * Vector3{double(i), double(j), double(k)};
        const double depth = -recess.signed_distance_mm(frame.at(at.x, at.y, at.z));
        if (depth > 0.0) inside.push_back({at, depth});
      }
  return inside;
}

// Returns the most central of the places that are deep.
std::optional<Place> central_deep_place(std::vector<Place> places) {
  if (places.empty()) return std::nullopt;
  double deepest = 0.0;
  for (const Place& p : places) deepest = std::max(deepest, p.depth_mm);
  std::erase_if(places, [&](const Place& p) { return p.depth_mm < deep_enough * deepest; });
  Vector3 mean;
  for (const Place& p : places) mean += p.at / static_cast<double>(places.size());
  return *std::min_element(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    return squared_length(a.at - mean) < squared_length(b.at - mean);
  });
}

std::optional<Target> recess_target(const Anatomy& anatomy) {
  if (anatomy.recess.empty()) return std::nullopt;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Vector3 low{infinity, infinity, infinity}, high{-infinity, -infinity, -infinity};
  for (const Point3& p : anatomy.recess.vertices()) {
    const Vector3 at = anatomy.frame.coordinates(p);
    low = {std::min(low.x, at.x), std::min(low.y, at.y), std::min(low.z, at.z)};
    high = {std::max(high.x, at.x), std::max(high.y, at.y), std::max(high.z, at.z)};
  }
  const surface::MeshQuery recess(anatomy.recess);
  const Vector3 middle = 0.5 * (low + high);
  std::optional<Place> found;
  for (const double lattice_mm : lattices_mm)
    for (const Vector3& from : {Vector3{middle.x, low.y, middle.z}, low})
      if (!found) found = central_deep_place(places_inside(recess, anatomy.frame, from, high, lattice_mm));
  if (!found) return std::nullopt;
  Target target;
  target.name = "suprapatellar_recess";
  target.point = anatomy.frame.at(found->at.x, found->at.y, found->at.z);
  // Beyond the wall of a thin recess the injection is not in it any more.
  target.tolerance_mm = std::min(target.tolerance_mm, found->depth_mm);
  return target;
}

std::string cartilage_of(cartilage::Region region) {
  switch (cartilage::bone_of(region)) {
    case Bone::femur:
      return "femoral_cartilage";
    case Bone::tibia:
      return "tibial_cartilage";
    case Bone::patella:
      break;
  }
  return "patellar_cartilage";
}

}  // namespace

std::vector<Target> find_targets(const Anatomy& anatomy, const cartilage::CartilageReport& report) {
  std::vector<Target> targets;
  if (auto recess = recess_target(anatomy)) targets.push_back(std::move(*recess));
  for (const cartilage::Lesion& lesion : report.lesions) {
    Target target;
    target.name = lesion.name;
    const double height_mm = dot(lesion.articular_point - lesion.centre, lesion.normal);
    target.point = lesion.articular_point + std::max(0.0, lift_mm - height_mm) * lesion.normal;
    target.normal = lesion.normal;
    target.on_cartilage = true;
    target.surface = cartilage_of(lesion.region);
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace genu::planning
