// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include <genu/planning/plan.h>

namespace genu::planning {

/// \throws InvalidInput if a weight is negative, not finite, or all are 0
void check(const Weights& weights);

/// Depth, risk, angle and hit, each 0 to 1 and better when higher; in steps far above rounding, so that paths
/// alike by symmetry tie in every pose.
using Merits = std::array<double, 4>;

Merits merits_of(const Scorecard& card, const Scale& scale);
double score_of(const Merits& merits, const Weights& weights);

/// Returns which of them no other beats in one thing without losing in another.
std::vector<bool> pareto_front(const std::vector<Merits>& merits);

}  // namespace genu::planning
