// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <cmath>
#include <numbers>
#include <sstream>
#include <utility>

#include <genu/core/error.h>

#include "quantile.h"

namespace genu::cartilage {
namespace {

const Holding& of(const Inventory& inventory, Tissue tissue) {
  return inventory[static_cast<std::size_t>(tissue)];
}

bool has(const Inventory& inventory, Tissue tissue) {
  return of(inventory, tissue).voxels > 0;
}

struct Evidence {
  std::string source;
  Side side;
};

/// Says that a direction which should be lateral is so in the knee of this side.
Side side_of(const Vector3& lateral, const Vector3& anterior, const Vector3& proximal) {
  return dot(lateral, cross(anterior, proximal)) > 0.0 ? Side::right : Side::left;
}

struct Axes {
  Vector3 anterior, proximal;
  Point3 origin;
  bool from_both_bones = false;  ///< `proximal` is the line from tibia to femur, not yet the leg's.
  bool from_width = false;       ///< The bones are widest along the third axis.
};

/// How directions and place of the bones differ from those of the leg, in degrees and mm: means over 46 knees
/// of the Osteoarthritis Initiative against their slices' axes and the middle between the centroids of their
/// tibial plates (standard deviations 2.9, 2.1 and 2.6 degrees; 1.2, 1.1 and 0.5 mm).
constexpr double leans_forward_deg = 8.5;   ///< The femur's centroid lies in front of the tibia's ...
constexpr double leans_medially_deg = 3.9;  ///< ... and medial of it;
constexpr double turned_forward_deg = 5.3;  ///< the lateral end of the bones' width lies in front.
constexpr Vector3 joint_from_bones_mm{0.5, -7.1, -4.0};

/// Far enough to hold the condyles and the tibial head, near enough that the usual 14 to 16 cm scan shows it
/// all.
constexpr double reach_mm = 50.0;
/// Directions from centroids nearer to each other than this would be those of noise.
constexpr double least_mm = 5.0;

Vector3 perpendicular_part(const Vector3& v, const Vector3& unit) {
  return v - dot(v, unit) * unit;
}

/// Returns the place midway between the parts of femur and tibia that lie within reach of it.
///
/// Wherever the search starts between the bones it ends at the same place: each step leaves less than half of
/// the distance, so shafts cut elsewhere or cartilage lost do not move it.
Point3 between_bones(const LabelMap& labels, const Point3& start, unsigned threads) {
  constexpr double settled_mm = 1e-4;
  constexpr int most_steps = 30;
  Point3 place = start;
  for (int step = 0; step < most_steps; ++step) {
    const BonesNear near = bones_near(labels, place, reach_mm, threads);
    if (near.femur.voxels == 0 || near.tibia.voxels == 0) return place;
    const Point3 next = lerp(near.femur.centroid, near.tibia.centroid, 0.5);
    const double moved = distance(next, place);
    place = next;
    if (moved < settled_mm) break;
  }
  return place;
}

/// Returns the direction across `up` in which the bones are widest, or nothing where they are round.
std::optional<Vector3> widest_across(const BonesNear& near, const Vector3& up) {
  const Vector3 a = any_perpendicular(up), b = cross(up, a);
  double aa = 0.0, ab = 0.0, bb = 0.0;
  for (const Mass* mass : {&near.femur, &near.tibia}) {
    const auto weight = static_cast<double>(mass->voxels);
    aa += weight * dot(a, mass->spread * a);
    ab += weight * dot(a, mass->spread * b);
    bb += weight * dot(b, mass->spread * b);
  }
  // Knees have 0.32 to 0.42.
  constexpr double least_oblong = 0.1;
  if (!(std::hypot(aa - bb, 2.0 * ab) > least_oblong * (aa + bb))) return std::nullopt;
  const double angle = 0.5 * std::atan2(2.0 * ab, aa - bb);
  return std::cos(angle) * a + std::sin(angle) * b;
}

/// Returns where the joint is, roughly, where femur and tibia do not both tell.
Point3 rough_origin(const Inventory& inventory) {
  for (const Tissue tissue :
       {Tissue::tibial_cartilage, Tissue::femoral_cartilage, Tissue::femur, Tissue::tibia})
    if (has(inventory, tissue)) return of(inventory, tissue).centroid;
  return of(inventory, Tissue::patella).centroid;
}

Axes find_axes(const LabelMap& labels, const Inventory& inventory, unsigned threads) {
  const Holding &femur = of(inventory, Tissue::femur), &tibia = of(inventory, Tissue::tibia),
                &patella = of(inventory, Tissue::patella),
                &femoral = of(inventory, Tissue::femoral_cartilage);
  Axes axes;
  axes.origin = femur.voxels > 0 && tibia.voxels > 0
                    ? between_bones(labels, lerp(femur.centroid, tibia.centroid, 0.5), threads)
                    : rough_origin(inventory);
  const BonesNear near = bones_near(labels, axes.origin, reach_mm, threads);
  const bool thigh = near.femur.voxels > 0, shin = near.tibia.voxels > 0;
  axes.from_both_bones = thigh && shin;
  Vector3 up;
  if (axes.from_both_bones)
    up = near.femur.centroid - near.tibia.centroid;
  else if (thigh && femoral.voxels > 0)
    up = near.femur.centroid - femoral.centroid;
  up = length(up) >= least_mm ? normalized(up) : Vector3{0.0, 0.0, 1.0};
  Vector3 front{0.0, -1.0, 0.0};
  if (patella.voxels > 0 && thigh) {
    const Vector3 to_patella = patella.centroid - near.femur.centroid;
    if (length(perpendicular_part(to_patella, up)) >= least_mm) front = to_patella;
  }
  const auto widest = widest_across(near, up);
  axes.from_width = widest.has_value();
  Vector3 across = perpendicular_part(widest.value_or(cross(front, up)), up);
  // A front along the leg's own direction: lying on the scanner across its axes.
  if (length(across) < 0.1) across = any_perpendicular(up);
  across = normalized(across);
  axes.anterior = cross(up, across);
  if (dot(axes.anterior, front) < 0.0) axes.anterior = -axes.anterior;
  axes.proximal = up;
  return axes;
}

/// Returns what tells left from right, strongest first.
std::vector<Evidence> evidence_of_side(const Inventory& inventory, const Axes& axes) {
  std::vector<Evidence> found;
  const auto by_direction = [&](const std::string& source, const Vector3& lateral) {
    found.push_back({source, side_of(lateral, axes.anterior, axes.proximal)});
  };
  if (has(inventory, Tissue::medial_tibial_cartilage) && has(inventory, Tissue::lateral_tibial_cartilage))
    by_direction("labels of the tibial plates", of(inventory, Tissue::lateral_tibial_cartilage).centroid -
                                                    of(inventory, Tissue::medial_tibial_cartilage).centroid);
  else if (has(inventory, Tissue::medial_meniscus) && has(inventory, Tissue::lateral_meniscus))
    by_direction("labels of the menisci", of(inventory, Tissue::lateral_meniscus).centroid -
                                              of(inventory, Tissue::medial_meniscus).centroid);
  if (const auto side = side_by_position(axes.origin)) found.push_back({"image position", *side});
  if (has(inventory, Tissue::fibula) && has(inventory, Tissue::tibia))
    by_direction("fibula", of(inventory, Tissue::fibula).centroid - of(inventory, Tissue::tibia).centroid);
  return found;
}

/// Turns the axes of the bones into the leg's.
void straighten(KneeFrame& frame, const Axes& axes) {
  const auto turn = [](Vector3& a, Vector3& b, double angle_deg) {
    const double angle = angle_deg * std::numbers::pi / 180.0;
    const Vector3 from = a;
    a = std::cos(angle) * from + std::sin(angle) * b;
    b = std::cos(angle) * b - std::sin(angle) * from;
  };
  if (axes.from_both_bones) {
    turn(frame.proximal, frame.anterior, -leans_forward_deg);
    turn(frame.proximal, frame.lateral, leans_medially_deg);
  }
  if (axes.from_width) turn(frame.lateral, frame.anterior, -turned_forward_deg);
  if (axes.from_both_bones)
    frame.origin = frame.at(joint_from_bones_mm.x, joint_from_bones_mm.y, joint_from_bones_mm.z);
}

/// Returns the middle of the gap between the tibial plates.
double find_tibial_cut(const LabelMap& labels, const Inventory& inventory, const Orientation& found) {
  // Between the bones' axes the gap holds the origin in each of 46 knees, with 1.9 mm to spare.
  const double middle = found.from_both_bones || !has(inventory, Tissue::tibia)
                            ? 0.0
                            : found.frame.coordinates(of(inventory, Tissue::tibia).centroid).x;
  std::vector<double> medial, lateral;
  for (const Tissue tissue :
       {Tissue::tibial_cartilage, Tissue::medial_tibial_cartilage, Tissue::lateral_tibial_cartilage})
    for (const Point3& p : places_of(labels, of(inventory, tissue), tissue)) {
      const double x = found.frame.coordinates(p).x;
      const bool is_medial =
          tissue == Tissue::tibial_cartilage ? x < middle : tissue == Tissue::medial_tibial_cartilage;
      (is_medial ? medial : lateral).push_back(x);
    }
  if (medial.empty() || lateral.empty()) return middle;
  // A few stray voxels must not move the cut.
  return 0.5 * (quantile(std::move(medial), 0.99) + quantile(std::move(lateral), 0.01));
}

}  // namespace

Orientation find_orientation(const LabelMap& labels, const Inventory& inventory, std::optional<Side> side,
                             const std::string& side_source, unsigned threads) {
  Orientation found;
  const Axes axes = find_axes(labels, inventory, threads);
  std::vector<Evidence> evidence = evidence_of_side(inventory, axes);
  if (side) evidence.insert(evidence.begin(), {side_source, *side});
  if (evidence.empty()) {
    std::ostringstream message;
    message << "cannot tell a left knee from a right one: the labels name no medial and lateral parts and no "
               "fibula, and the knee lies "
            << std::abs(axes.origin.x) << " mm from the midline of the image's patient space; give the side";
    throw InvalidInput(message.str());
  }
  const Evidence& chosen = evidence.front();
  for (const Evidence& other : evidence)
    if (other.side != chosen.side)
      found.flags.push_back("side in doubt: " + std::string(name(chosen.side)) + " by " + chosen.source +
                            ", " + std::string(name(other.side)) + " by " + other.source);
  found.side_source = chosen.source;
  found.frame.side = chosen.side;
  found.frame.origin = axes.origin;
  found.frame.anterior = axes.anterior;
  found.frame.proximal = axes.proximal;
  found.frame.lateral = (chosen.side == Side::right ? 1.0 : -1.0) * cross(axes.anterior, axes.proximal);
  straighten(found.frame, axes);
  found.from_both_bones = axes.from_both_bones;
  found.tibial_cut_mm = find_tibial_cut(labels, inventory, found);
  return found;
}

}  // namespace genu::cartilage
