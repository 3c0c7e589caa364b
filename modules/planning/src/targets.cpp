// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/planning/target.h>
#include <genu/surface/query.h>

#include "joint_space.h"
#include "places.h"

namespace genu::planning {
namespace {

// The header promises that a needle can end at a lesion: the usual millimetre of bone clearance and the
// radius of a needle of 18 gauge and thinner with its error.
constexpr double lift_mm = 1.5;
// Horns are the anterior and posterior 30 % of a meniscus: between a third and the quarter that its horns
// take in most descriptions.
constexpr double horn_part = 0.3;

std::optional<Target> recess_target(const Anatomy& anatomy) {
  if (anatomy.recess.empty()) return std::nullopt;
  const KneeBox box = box_of(anatomy.recess, anatomy.frame);
  const surface::MeshQuery recess(anatomy.recess);
  const Vector3 middle = 0.5 * (box.low + box.high);
  std::vector<Place> deep;
  std::optional<Place> best;
  // Superolateral, else anywhere; what is superomedial serves as well.
  for (const double lattice_mm : lattices_mm)
    for (const Vector3& from : {Vector3{middle.x, box.low.y, middle.z}, box.low})
      if (!best)
        best = central_deep_place(places_inside(recess, anatomy.frame, {from, box.high}, lattice_mm));
  if (!best) return std::nullopt;
  const KneeBox upper{{box.low.x, box.low.y, middle.z}, box.high};
  for (const double lattice_mm : lattices_mm) {
    if (!deep.empty()) break;
    for (const Place& p : places_inside(recess, anatomy.frame, upper, lattice_mm))
      if (p.depth_mm >= deep_enough * best->depth_mm) deep.push_back(p);
  }
  Target target;
  target.name = "suprapatellar_recess";
  target.kind = TargetKind::recess;
  target.compartment = Compartment::patellofemoral;
  set_places(target, anatomy.frame, spread(*best, deep));
  // Beyond the wall of a thin recess the injection is not in it any more.
  target.tolerance_mm = std::min(target.tolerance_mm, best->depth_mm);
  return target;
}

Compartment compartment_of(cartilage::Region region) {
  using cartilage::Region;
  switch (region) {
    case Region::MT:
    case Region::cMF:
    case Region::pMF:
      return Compartment::medial;
    case Region::LT:
    case Region::cLF:
    case Region::pLF:
      return Compartment::lateral;
    case Region::TrF:
    case Region::P:
      return Compartment::patellofemoral;
    default:
      return Compartment::none;
  }
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

Target lesion_target(const cartilage::Lesion& lesion) {
  Target target;
  target.name = lesion.name;
  target.kind = TargetKind::cartilage_lesion;
  target.compartment = compartment_of(lesion.region);
  const double height_mm = dot(lesion.articular_point - lesion.centre, lesion.normal);
  target.point = lesion.articular_point + std::max(0.0, lift_mm - height_mm) * lesion.normal;
  target.normal = lesion.normal;
  target.surface = cartilage_of(lesion.region);
  return target;
}

void add_meniscus(std::vector<Target>& targets, const ClearanceField& field, std::size_t number) {
  const Structure& meniscus = field.anatomy().structures[number];
  const KneeFrame& frame = field.anatomy().frame;
  const KneeBox box = box_of(meniscus.surface, frame);
  const double length = box.high.y - box.low.y;
  const double front = box.high.y - horn_part * length, back = box.low.y + horn_part * length;
  const std::array<std::pair<const char*, std::pair<double, double>>, 3> parts{
      {{"anterior_horn", {front, box.high.y}},
       {"body", {back, front}},
       {"posterior_horn", {box.low.y, back}}}};
  for (const auto& [part, range] : parts) {
    KneeBox piece = box;
    piece.low.y = range.first;
    piece.high.y = range.second;
    std::optional<Place> best;
    for (const double lattice_mm : lattices_mm)
      if (!best) best = central_deep_place(places_inside(field.surface(number), frame, piece, lattice_mm));
    if (!best) continue;
    Target target;
    target.name = meniscus.name + "_" + part;
    target.kind = TargetKind::meniscus;
    target.compartment = meniscus.name == "medial_meniscus" ? Compartment::medial : Compartment::lateral;
    set_places(target, frame, {*best});
    target.surface = meniscus.name;
    target.tolerance_mm = std::clamp(best->depth_mm, 1.0, 3.0);
    targets.push_back(std::move(target));
  }
}

void add_gap(std::vector<Target>& targets, const TendonGap& gap, std::size_t number) {
  Target target;
  target.name = gap.tendon + "_gap_" + std::to_string(number);
  target.kind = TargetKind::tendon_defect;
  target.compartment = Compartment::patellofemoral;
  target.point = gap.centre;
  target.surface = gap.tendon;
  target.tolerance_mm = std::clamp(0.5 * gap.length_mm, 1.0, 3.0);
  targets.push_back(std::move(target));
}

}  // namespace

std::string_view name(TargetKind kind) {
  switch (kind) {
    case TargetKind::recess:
      return "recess";
    case TargetKind::joint_space:
      return "joint_space";
    case TargetKind::cartilage_lesion:
      return "cartilage_lesion";
    case TargetKind::tendon_defect:
      return "tendon_defect";
    case TargetKind::meniscus:
      return "meniscus";
    case TargetKind::point:
      return "point";
  }
  throw InvalidInput("no kind of target has the number " + std::to_string(static_cast<int>(kind)));
}

std::string_view name(Compartment compartment) {
  switch (compartment) {
    case Compartment::none:
      return "none";
    case Compartment::medial:
      return "medial";
    case Compartment::lateral:
      return "lateral";
    case Compartment::patellofemoral:
      return "patellofemoral";
  }
  throw InvalidInput("no compartment has the number " + std::to_string(static_cast<int>(compartment)));
}

bool lies_among_surfaces(const Target& target) {
  return target.kind == TargetKind::cartilage_lesion || target.kind == TargetKind::joint_space ||
         target.kind == TargetKind::meniscus;
}

std::vector<Point3> places_of(const Target& target) {
  std::vector<Point3> places{target.point};
  for (const Point3& p : target.points)
    if (p != target.point) places.push_back(p);
  return places;
}

std::vector<Target> find_targets(const ClearanceField& field, const cartilage::CartilageReport& report) {
  const Anatomy& anatomy = field.anatomy();
  std::vector<Target> targets;
  if (auto recess = recess_target(anatomy)) targets.push_back(std::move(*recess));
  for (Target& space : joint_spaces(field)) targets.push_back(std::move(space));
  for (const cartilage::Lesion& lesion : report.lesions) targets.push_back(lesion_target(lesion));
  for (std::size_t s = 0; s < anatomy.structures.size(); ++s)
    if (anatomy.structures[s].kind == StructureKind::meniscus && anatomy.structures[s].source == "segmented")
      add_meniscus(targets, field, s);
  // Only the patellar tendon has an approach.
  for (std::size_t g = 0; g < anatomy.tendon_gaps.size(); ++g)
    if (anatomy.tendon_gaps[g].tendon == "patellar_tendon") add_gap(targets, anatomy.tendon_gaps[g], g + 1);
  return targets;
}

std::vector<Target> find_targets(const Anatomy& anatomy, const cartilage::CartilageReport& report) {
  return find_targets(ClearanceField(anatomy), report);
}

Target picked_target(const Point3& point, double tolerance_mm) {
  if (!is_finite(point) || !(tolerance_mm > 0.0) || !std::isfinite(tolerance_mm)) {
    std::ostringstream message;
    message << "cannot aim at " << point << " to within " << tolerance_mm << " mm";
    throw InvalidInput(message.str());
  }
  Target target;
  target.name = "point";
  target.point = point;
  target.tolerance_mm = tolerance_mm;
  return target;
}

}  // namespace genu::planning
