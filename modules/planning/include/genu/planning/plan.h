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
#include <genu/planning/scorecard.h>
#include <genu/planning/target.h>

namespace genu::planning {

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

struct RejectedTrajectory {
  Trajectory path;
  Rejection reason = Rejection::crosses_bone;
  std::string detail;     ///< "femur: 0.4 mm, 1.0 mm asked for"
  std::string structure;  ///< The one in the way; empty if none is.
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
  Scale scale = {};                      ///< Of its scores: it can be ranked again without the approach.
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

/// Returns why nothing can be planned for a knee whatever the target, or an empty text: that lateral can't be
/// told from medial. A side that the user gave is the user's to answer for.
std::string hindrance(const cartilage::CartilageReport& report);

/// What is to be said of one path, safe or not.
struct JudgedTrajectory {
  RankedTrajectory trajectory;
  std::optional<RejectedTrajectory> refusal;  ///< Why it is not safe.
};

/// Judges one path as plan_needle would: for a needle that someone moves.
///
/// A tip that lies beyond the tolerance of every place of a target is judged as one that ends anywhere:
/// nothing may be neared or entered for the target's sake. The chance to hit stays that of the target.
/// \throws InvalidInput as plan_needle, or if the path is not finite, has no length, or begins more than a
/// millimetre off the skin.
JudgedTrajectory judge(const ClearanceField& field, const Target& target, const Approach& approach,
                       const Trajectory& path, const PlanOptions& options = {});

/// Ranks by other weights: the order and the scores change, nothing else.
/// \throws InvalidInput if a weight is negative, not finite, or all are 0
void rank_by(NeedlePlan& plan, const Weights& weights);

}  // namespace genu::planning
