// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/progress.h>
#include <genu/planning/approach.h>
#include <genu/planning/chance.h>
#include <genu/planning/clearance.h>
#include <genu/planning/probe.h>
#include <genu/planning/target.h>

namespace genu::planning {

/// What a stretch of the needle's way leads through.
struct TissueSpan {
  std::string tissue;  ///< "fat", "muscle", "patellar_tendon"; "unlabelled" where nothing is known.
  double length_mm = 0.0;
};

struct Scorecard {
  double depth_mm = 0.0;         ///< Skin to target along the needle.
  double skin_angle_deg = 0.0;   ///< Between the needle and the inward skin normal; 0 = perpendicular.
  std::optional<Needle> needle;  ///< The shortest that reaches, or nothing.
  /// One per structure, nearest first. For a target among surfaces those to bone, cartilage and menisci are
  /// of the needle up to the target's tolerance.
  std::vector<Clearance> clearances;
  std::optional<ProbeView> view;    ///< Nothing: no place for the probe serves.
  std::vector<TissueSpan> tissues;  ///< From the skin to the target, in order.
  /// The widest cone about the needle, its tip at the entry, in which every needle of this length keeps clear
  /// of all that must be spared up to the target's tolerance: half its opening.
  double free_cone_deg = 0.0;
  /// The chance to touch anything that must be spared, under the stated errors, as if these erred
  /// independently for each structure: 0 to 1. Bone does not count; nor do cartilage and menisci for a target
  /// that lies among them.
  double risk = 0.0;
  HitChance hit;
};

/// Returns the clearance to the nearest structure that must be spared, or null.
const Clearance* nearest_spared(const Scorecard& card);

enum class Rejection {
  crosses_bone,
  near_bone,
  cartilage,
  tendon,
  ligament,
  vessel,
  nerve,
  meniscus,
  needle_too_short,
  skin_angle,
  leaves_body,
  not_seen
};
inline constexpr std::array all_rejections{
    Rejection::crosses_bone, Rejection::near_bone,        Rejection::cartilage,
    Rejection::tendon,       Rejection::ligament,         Rejection::vessel,
    Rejection::nerve,        Rejection::meniscus,         Rejection::skin_angle,
    Rejection::leaves_body,  Rejection::needle_too_short, Rejection::not_seen};
std::string_view name(Rejection reason);

struct RankedTrajectory {
  Trajectory path;
  Scorecard card;
  bool pareto = false;  ///< No returned trajectory is better in one thing and as good in all others.
  double score = 0.0;   ///< Higher is better, 0 to 1; see Weights.
};

struct RejectedTrajectory {
  Trajectory path;
  Rejection reason = Rejection::crosses_bone;
  std::string detail;     ///< "femur: 0.4 mm, 1.0 mm asked for"
  std::string structure;  ///< The one in the way; empty if none is.
};

/// What weighs how much in the score, the sum of these times: how shallow the target lies (against the reach
/// of the longest needle), how safe the path is (1 - risk), how flat it runs to the probe's face (full up to
/// the preferred angle, 0 at the most allowed; out of plane, how square to the skin), how likely it hits.
struct Weights {
  double depth = 0.15;
  double risk = 0.35;
  double angle = 0.2;
  double hit = 0.3;
};

struct PlanOptions {
  double entry_spacing_mm = 3.0;
  unsigned max_ranked = 10;
  double min_separation_mm = 3.0;  ///< Entries of returned trajectories lie at least this far apart.
  /// Clearance to vessels and nerves that are estimated is asked for beyond this many standard deviations of
  /// their position. That of tendons and ligaments counts in the risk alone: a needle beside them does less
  /// harm, and a margin of centimetres around each would close every way between them.
  double estimated_margin_sd = 1.0;
  Weights weights = {};
  ErrorModel errors = {};
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// The plan for one target by one approach. No safe trajectory is an answer: `ranked` is empty and `reasons`
/// say why.
struct NeedlePlan {
  Target target;
  std::string approach;
  std::size_t examined = 0;                   ///< How many paths were looked at: every entry to every place.
  std::size_t safe = 0;                       ///< How many of them were safe; the best are in `ranked`.
  std::vector<RankedTrajectory> ranked = {};  ///< Those on the Pareto front first, then by score, best first.
  /// One for each entry that no safe path starts from, the one that came nearest to passing; by reason.
  std::vector<RejectedTrajectory> rejected = {};
  std::vector<std::string> reasons = {};
  std::vector<std::string> limits = {};  ///< What was not known: missing structures, estimated ones.
  PlanOptions options = {};              ///< That it was made with.
};

/// Returns true if the best trajectory of the first plan scores higher than that of the second; a plan
/// without any comes last.
bool ranks_before(const NeedlePlan& a, const NeedlePlan& b);

/// Returns ranked trajectories to a target, each one checked against every structure, and the rejected ones.
///
/// Entries are sought on the skin in the approach's window, one in each cube of `entry_spacing_mm` that the
/// skin runs through; from each the target's places are tried. Invariant to rigid motion; a mirrored left
/// knee gives the plan of the right one. Which trajectories are returned does not depend on the weights.
/// \throws InvalidInput if the target is not finite or a value is out of range.
NeedlePlan plan_needle(const ClearanceField& field, const Target& target, const Approach& approach,
                       const PlanOptions& options = {}, const Progress& progress = {});

/// The same, for one plan against an anatomy.
NeedlePlan plan_needle(const Anatomy& anatomy, const Target& target, const Approach& approach,
                       const PlanOptions& options = {}, const Progress& progress = {});

/// What is to be said of one path, safe or not.
struct JudgedTrajectory {
  RankedTrajectory trajectory;
  std::optional<RejectedTrajectory> refusal;  ///< Why it is not safe.
};

/// Judges one path as plan_needle would: for a needle that someone moves.
/// \throws InvalidInput as plan_needle, or if the path is not finite or has no length.
JudgedTrajectory judge(const ClearanceField& field, const Target& target, const Approach& approach,
                       const Trajectory& path, const PlanOptions& options = {});

/// Ranks by other weights: the order and the scores change, nothing else.
/// \throws InvalidInput if a weight is negative, not finite, or all are 0
void rank_by(NeedlePlan& plan, const Approach& approach, const Weights& weights);

}  // namespace genu::planning
