// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/planning/anatomy.h>
#include <genu/planning/clearance.h>

namespace genu::planning {

/// What an injection is aimed at.
enum class TargetKind { recess, joint_space, cartilage_lesion, tendon_defect, meniscus, point };
inline constexpr std::array all_target_kinds{TargetKind::recess,           TargetKind::joint_space,
                                             TargetKind::cartilage_lesion, TargetKind::tendon_defect,
                                             TargetKind::meniscus,         TargetKind::point};
std::string_view name(TargetKind kind);

/// Parts of the joint.
enum class Compartment { none, medial, lateral, patellofemoral };
inline constexpr std::array all_compartments{Compartment::none, Compartment::medial, Compartment::lateral,
                                             Compartment::patellofemoral};
std::string_view name(Compartment compartment);

struct Target {
  std::string name;  ///< "suprapatellar_recess", "medial_meniscus_body", or the lesion's name.
  TargetKind kind = TargetKind::point;
  Compartment compartment = Compartment::none;
  Point3 point;                     ///< The best place to end.
  std::vector<Point3> points = {};  ///< Other places that serve as well; paths are sought to each.
  std::optional<Vector3> normal;    ///< Outward, for targets on a surface: delivered over a disc across it.
  double tolerance_mm = 3.0;        ///< An injection this near to one of the places counts as delivered.
  /// Name of the structure that the target lies on or in. A meniscus or a tendon with this name may be
  /// entered; cartilage with it may be neared within the tolerance, and other cartilage there not crossed.
  std::string surface;
};

/// Returns true if the needle may come near cartilage, bone and menisci within the tolerance of this target:
/// it lies between them.
bool lies_among_surfaces(const Target& target);

/// Returns every place of the target, the best first.
std::vector<Point3> places_of(const Target& target);

/// Returns the targets of a knee that its anatomy tells: the suprapatellar recess; the medial, lateral and
/// patellofemoral joint space; each cartilage lesion; anterior horn, body and posterior horn of each
/// meniscus; gaps of the patellar tendon.
///
/// The recess's places are central ones that are deep inside its superolateral and superomedial part. A
/// joint space's lie between the articular surfaces, where these are far enough apart for a needle. A
/// lesion's is its articular point, lifted to 1.5 mm above the bone where cartilage is thinner. A horn is the
/// anterior or posterior 30 % of a meniscus. Estimated structures are no targets.
std::vector<Target> find_targets(const ClearanceField& field, const cartilage::CartilageReport& report);

/// The same, for one look at an anatomy.
std::vector<Target> find_targets(const Anatomy& anatomy, const cartilage::CartilageReport& report);

/// Returns a target at a picked point. \throws InvalidInput if it is not finite or the tolerance is not above
/// 0.
Target picked_target(const Point3& point, double tolerance_mm = 3.0);

}  // namespace genu::planning
