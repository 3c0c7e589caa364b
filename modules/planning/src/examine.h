// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <genu/planning/plan.h>

#include "draws.h"
#include "entries.h"
#include "reasons.h"

namespace genu::planning {

/// Checks paths to one target, cheapest checks first. Const: any number of threads may ask.
class Examiner {
 public:
  /// The field's skin must be known.
  Examiner(const ClearanceField& field, const Target& target, const Approach& approach,
           const PlanOptions& options);

  /// Returns why the path is not safe, or nothing; sets what is known of its scorecard.
  std::optional<Refusal> examine(const Entry& entry, const Point3& place, Scorecard& card) const;
  /// Sets the rest of the scorecard, of a path that may have been refused.
  void complete(const Trajectory& path, const Draws& draws, Scorecard& card) const;

  /// Sets the risk, and the chance to hit by some draws without minding bone: enough to choose by.
  void estimate(const Trajectory& path, const Draws& draws, Scorecard& card) const;

 private:
  /// What is asked of one structure.
  struct Asked {
    bool spared = true;  ///< The needle must keep off it at all.
    double clearance_mm = 0.0;
    bool upto_target = false;  ///< Up to the target's tolerance; behind that it may not be crossed.
  };

  Asked asked_of(const Structure& structure) const;
  /// Bone stops a needle without harm, and a target among surfaces can't be reached but along them.
  bool is_at_risk(std::size_t structure) const;
  std::optional<Needle> shortest_needle(double depth_mm) const;
  double radius_mm(const Scorecard& card) const;
  std::optional<double> leaves_body_at(const Trajectory& path) const;
  std::optional<Refusal> bone_in_the_way(const Trajectory& path) const;
  Point3 end_of_asking(const Trajectory& path, std::size_t structure) const;
  /// Returns true if every structure is as far off as is asked, of all but the end that is exempt.
  bool keeps_clear(const Trajectory& path, double radius_mm) const;
  std::optional<Refusal> too_near(std::size_t structure, const Trajectory& path, double radius_mm) const;
  std::optional<Refusal> crossed_near_target(std::size_t structure, const Trajectory& path) const;
  double free_cone_deg(const Trajectory& path, const Scorecard& card) const;

  const ClearanceField& field_;
  const Target& target_;
  const Approach& approach_;
  const PlanOptions& options_;
  double longest_reach_mm_ = 0.0;
  std::vector<Asked> asked_;  ///< One per structure.
  /// What is asked of the whole path, and of the path up to the tolerance; minus infinity where nothing is.
  std::vector<double> asked_of_all_, asked_upto_;
  std::vector<std::size_t> order_;  ///< One kind after the other, as reasons are listed.
};

/// Returns what the straight line leads through.
std::vector<TissueSpan> tissues_along(const ClearanceField& field, const Trajectory& path);

}  // namespace genu::planning
