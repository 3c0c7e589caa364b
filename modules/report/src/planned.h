// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <genu/io/case_folder.h>
#include <genu/planning/plan.h>

// What both the case's page and a plan's own page show of plans.
namespace genu::report {

/// The plans for one target, by place in the list.
struct PlannedTarget {
  std::vector<std::size_t> plans;
  std::optional<std::size_t> best;  ///< Whose best trajectory scores highest; nothing if none is safe.
};

/// Returns one for each target, in order of appearance.
std::vector<PlannedTarget> planned_targets(const std::vector<planning::NeedlePlan>& plans);

/// Returns a trajectory's scorecard as HTML.
std::string card_of(const planning::RankedTrajectory& trajectory);

/// Returns why there is no picture of what ultrasound will show, as HTML; empty where there is one.
std::string nothing_to_expect(const io::Case& knee, const planning::RankedTrajectory& trajectory);

/// Returns the errors that chances were estimated under, as a sentence.
std::string errors_of(const planning::ErrorModel& errors);

}  // namespace genu::report
