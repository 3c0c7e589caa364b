// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/planning/plan.h>

namespace genu::planning {

/// Why one path was rejected, in numbers.
struct Refusal {
  Rejection reason = Rejection::crosses_bone;
  std::string structure;     ///< The one in the way; empty if none is.
  double value = 0.0;        ///< Angle, depth, clearance, or where along the path it crosses.
  double asked = 0.0;        ///< What `value` should have been at most or at least.
  bool estimated = false;    ///< The structure was not seen.
  bool near_target = false;  ///< Cartilage crossed within the target's tolerance.
  ViewProblem problem = ViewProblem::no_room;  ///< Of a needle that would not be seen.
};

/// Returns the refusal in words: "femur: 0.4 mm, 1.0 mm asked for".
std::string detail_of(const Refusal& refusal);

/// What a search went through.
struct SearchCounts {
  std::size_t entries = 0, paths = 0, safe = 0, ranked = 0;
};

/// Returns what the search found: a line of the parts that each reason takes, then a line a reason with its
/// counts and what was nearest to passing.
std::vector<std::string> reasons_of(const SearchCounts& counts, const std::vector<Refusal>& refusals,
                                    const PlanOptions& options);

/// Returns what the plan does not know.
std::vector<std::string> limits_of(const Anatomy& anatomy, const Target& target, const Approach& approach,
                                   const PlanOptions& options);

}  // namespace genu::planning
