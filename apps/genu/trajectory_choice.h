// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <genu/planning/plan.h>

namespace CLI {  // NOLINT(readability-identifier-naming): the parser's own name
class App;
class Option;
}  // namespace CLI

// One planned trajectory out of all that a knee has, and the options that name it.
namespace genu::app {

struct TrajectoryChoice {
  std::filesystem::path plan;  ///< A plan.json; a case folder has its own.
  std::string target, approach;
  std::size_t rank = 1;
};
/// Adds --plan, --target, --approach and --rank; returns them.
std::vector<CLI::Option*> add_trajectory_options(CLI::App& parser, TrajectoryChoice& choice);

struct ChosenTrajectory {
  const planning::NeedlePlan& plan;
  const planning::RankedTrajectory& trajectory;
};
/// Returns the trajectory that the choice names: of the plan that scores highest, unless target or approach
/// say otherwise. It lives as long as the plans. \throws UsageError if there is none
ChosenTrajectory chosen(const std::vector<planning::NeedlePlan>& plans, const TrajectoryChoice& choice);

}  // namespace genu::app
