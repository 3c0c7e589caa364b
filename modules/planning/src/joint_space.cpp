// SPDX-License-Identifier: Apache-2.0
#include "joint_space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <genu/surface/query.h>

#include "places.h"

namespace genu::planning {
namespace {

// Surfaces nearer together than this leave no room for a needle of 18 gauge (1.3 mm) and its error; farther
// apart than this they do not face each other across a joint.
constexpr double least_gap_mm = 2.0, most_gap_mm = 8.0;
constexpr double column_mm = 2.0;  // Half the width of the gap at the rim of a plate.
// The plates of a knee reach this far from its middle, and lie this near to the joint line.
constexpr double plate_reach_mm = 45.0, plate_height_mm = 25.0;
// Nearer to the middle are the tibial spines and the cruciate ligaments.
constexpr double least_lateral_mm = 8.0;

/// One side of a joint: a bone with its cartilage.
class Sheet {
 public:
  Sheet(const ClearanceField& field, const std::string& bone, const std::string& cartilage) {
    const auto& structures = field.anatomy().structures;
    for (std::size_t s = 0; s < structures.size(); ++s) {
      if (structures[s].name != bone && structures[s].name != cartilage) continue;
      if (structures[s].name == bone) has_bone_ = true;
      surfaces_.push_back(&field.surface(s));
    }
  }

  bool known() const { return has_bone_; }

  /// Returns the distance from `from` of the crossing nearest to it, or farthest, or nothing.
  std::optional<double> crossing(const Point3& from, const Point3& to, bool nearest) const {
    std::optional<double> found;
    for (const surface::MeshQuery* s : surfaces_)
      for (const surface::SurfacePoint& c : s->crossings(from, to))
        if (!found || (c.distance_mm < *found) == nearest) found = c.distance_mm;
    return found;
  }

  double distance_mm(const Point3& p) const {
    double least = std::numeric_limits<double>::infinity();
    for (const surface::MeshQuery* s : surfaces_) least = std::min(least, s->closest(p).distance_mm);
    return least;
  }

 private:
  std::vector<const surface::MeshQuery*> surfaces_;
  bool has_bone_ = false;
};

/// What lies between the sheets and must be left free.
std::vector<const surface::MeshQuery*> menisci_of(const ClearanceField& field) {
  std::vector<const surface::MeshQuery*> menisci;
  const auto& structures = field.anatomy().structures;
  for (std::size_t s = 0; s < structures.size(); ++s)
    if (structures[s].kind == StructureKind::meniscus) menisci.push_back(&field.surface(s));
  return menisci;
}

/// Returns the middle of the gap along a line that leaves the first sheet and enters the second, with the
/// room there is around it, or nothing.
std::optional<Place> gap_on(const KneeFrame& frame, const Vector3& from, const Vector3& to,
                            const Sheet& leaves, const Sheet& enters,
                            const std::vector<const surface::MeshQuery*>& menisci) {
  const Point3 a = frame.at(from.x, from.y, from.z), b = frame.at(to.x, to.y, to.z);
  const auto out = leaves.crossing(a, b, false), in = enters.crossing(a, b, true);
  if (!out || !in || *in - *out < least_gap_mm || *in - *out > most_gap_mm) return std::nullopt;
  const Vector3 at = from + 0.5 * (*in + *out) * normalized(to - from);
  const Point3 p = frame.at(at.x, at.y, at.z);
  double room = std::min(leaves.distance_mm(p), enters.distance_mm(p));
  for (const surface::MeshQuery* m : menisci) room = std::min(room, m->signed_distance_mm(p));
  if (room < 0.5 * least_gap_mm) return std::nullopt;
  return Place{at, room};
}

std::optional<Target> target_among(const std::vector<Place>& places, const KneeFrame& frame,
                                   Compartment compartment) {
  const auto widest = std::max_element(
      places.begin(), places.end(), [](const Place& a, const Place& b) { return a.depth_mm < b.depth_mm; });
  if (widest == places.end()) return std::nullopt;
  Target target;
  target.name = std::string(name(compartment)) + "_joint_space";
  target.kind = TargetKind::joint_space;
  target.compartment = compartment;
  // The capsule holds what is injected anywhere between the surfaces: a tip that ends on one of them a little
  // above or below has delivered, so the tolerance is the usual one, whatever the gap.
  set_places(target, frame, spread(*widest, places));
  return target;
}

}  // namespace

std::vector<Target> joint_spaces(const ClearanceField& field) {
  const KneeFrame& frame = field.anatomy().frame;
  const Sheet femur(field, "femur", "femoral_cartilage"), tibia(field, "tibia", "tibial_cartilage"),
      patella(field, "patella", "patellar_cartilage");
  const std::vector<const surface::MeshQuery*> menisci = menisci_of(field);
  std::vector<Target> targets;
  const auto add = [&](const std::vector<Place>& places, Compartment compartment) {
    if (auto target = target_among(places, frame, compartment)) targets.push_back(std::move(*target));
  };
  if (femur.known() && tibia.known())
    for (const auto& [compartment, side] :
         {std::pair(Compartment::medial, -1.0), {Compartment::lateral, 1.0}}) {
      std::vector<Place> places;
      for (double x = least_lateral_mm; x <= plate_reach_mm; x += column_mm)
        for (double y = -plate_reach_mm; y <= plate_reach_mm; y += column_mm)
          if (const auto place = gap_on(frame, {side * x, y, -plate_height_mm},
                                        {side * x, y, plate_height_mm}, tibia, femur, menisci))
            places.push_back(*place);
      add(places, compartment);
    }
  if (femur.known() && patella.known()) {
    std::vector<Place> places;
    for (const Structure& s : field.anatomy().structures) {
      if (s.name != "patella") continue;
      const KneeBox box = box_of(s.surface, frame);
      const double behind = box.low.y - plate_height_mm;
      for (double x = box.low.x; x <= box.high.x; x += column_mm)
        for (double z = box.low.z; z <= box.high.z; z += column_mm)
          if (const auto place = gap_on(frame, {x, behind, z}, {x, box.high.y, z}, femur, patella, menisci))
            places.push_back(*place);
    }
    add(places, Compartment::patellofemoral);
  }
  return targets;
}

}  // namespace genu::planning
