// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/knee.h>
#include <genu/core/progress.h>
#include <genu/planning/clearance.h>

namespace genu::planning {

struct Needle {
  std::string name;  ///< "22 G, 3 in"
  int gauge = 22;
  double diameter_mm = 0.72;
  double length_mm = 76.0;
};

/// A way in, read from data/planning/.
struct Approach {
  std::string name;  ///< "superolateral"
  std::string title;
  std::string target;  ///< "suprapatellar_recess" or "cartilage_lesion"
  double flexion_deg = 25.0;
  /// Where on the skin entries are sought, from the target in the knee frame, mm: lateral, anterior, proximal
  /// ranges.
  Vector3 entry_min_mm;
  Vector3 entry_max_mm;
  double max_skin_angle_deg = 70.0;  ///< Between the needle and the inward skin normal.
  double hub_reserve_mm = 5.0;
  std::vector<Needle> needles;  ///< Shortest first.
  double min_bone_clearance_mm = 1.0;
  double min_cartilage_clearance_mm = 1.0;  ///< Menisci too.
  double min_tendon_clearance_mm = 1.0;
  double min_vessel_clearance_mm = 5.0;
  std::string source;
};

struct Target {
  std::string name;  ///< "suprapatellar_recess", or the lesion's name
  Point3 point;
  std::optional<Vector3> normal;  ///< Outward, for targets on a surface.
  double tolerance_mm = 3.0;      ///< An injection this near counts as delivered.
  /// A target on cartilage: within the tolerance of it no clearance to cartilage is asked for, but the needle
  /// may not cross any cartilage but `surface`, and no bone.
  bool on_cartilage = false;
  std::string surface;  ///< Name of the cartilage that the target lies on; empty = any may be crossed there.
};

struct Scorecard {
  double depth_mm = 0.0;         ///< Skin to target along the needle.
  double skin_angle_deg = 0.0;   ///< Between the needle and the inward skin normal; 0 = perpendicular.
  std::optional<Needle> needle;  ///< The shortest that reaches, or nothing.
  /// One per structure, nearest first. For a target on cartilage those to cartilage are of the needle up to
  /// the target's tolerance.
  std::vector<Clearance> clearances;
};

enum class Rejection {
  crosses_bone,
  near_bone,
  cartilage,
  tendon,
  vessel,
  meniscus,
  needle_too_short,
  skin_angle,
  leaves_body
};
std::string_view name(Rejection reason);

struct RankedTrajectory {
  Trajectory path;
  Scorecard card;
  /// Higher is better, 0 to 1: half from the smallest margin beyond the clearance asked for (full at 5 mm), a
  /// quarter from how shallow the target lies (against the reach of the longest needle), a quarter from how
  /// square the needle meets the skin.
  double score = 0.0;
};

struct RejectedTrajectory {
  Trajectory path;
  Rejection reason = Rejection::crosses_bone;
  std::string detail;     ///< "femur: 0.4 mm, 1.0 mm asked for"
  std::string structure;  ///< The one in the way; empty if none is.
};

/// The plan for one target by one approach. No safe trajectory is an answer: `ranked` is empty and `reasons`
/// say why.
struct NeedlePlan {
  Target target;
  std::string approach;
  std::size_t safe = 0;                  ///< How many paths were safe; the best of them are in `ranked`.
  std::vector<RankedTrajectory> ranked;  ///< Best first.
  std::vector<RejectedTrajectory> rejected;
  std::vector<std::string> reasons;
  std::vector<std::string> limits;  ///< What was not known: missing structures, estimated ones.
};

struct PlanOptions {
  double entry_spacing_mm = 3.0;
  unsigned max_ranked = 20;
  double min_separation_mm = 3.0;  ///< Entries of returned trajectories lie at least this far apart.
  unsigned threads = 0;            ///< 0 = every core; the result does not depend on it.
};

/// Returns the targets of a knee: the recess if known, and each cartilage lesion.
///
/// The recess's target is the most central of the places of its superolateral part that are deep inside. A
/// lesion's is its articular point, lifted to 1.5 mm above the bone where cartilage is thinner, so that a
/// needle can end there.
std::vector<Target> find_targets(const Anatomy& anatomy, const cartilage::CartilageReport& report);

/// Returns ranked trajectories to a target, each one checked against every structure, and the rejected ones.
///
/// Entries are sought on the skin in the approach's window, one in each cube of `entry_spacing_mm` that the
/// skin runs through. Invariant to rigid motion; a mirrored left knee gives the plan of the right one.
/// \throws InvalidInput if the target is not finite or an approach value is out of range.
NeedlePlan plan_needle(const ClearanceField& field, const Target& target, const Approach& approach,
                       const PlanOptions& options = {}, const Progress& progress = {});

/// The same, for one plan against an anatomy.
NeedlePlan plan_needle(const Anatomy& anatomy, const Target& target, const Approach& approach,
                       const PlanOptions& options = {}, const Progress& progress = {});

}  // namespace genu::planning
