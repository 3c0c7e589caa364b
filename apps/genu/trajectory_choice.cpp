// SPDX-License-Identifier: Apache-2.0
#include "trajectory_choice.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>

namespace genu::app {

std::vector<CLI::Option*> add_trajectory_options(CLI::App& parser, TrajectoryChoice& choice) {
  return {parser
              .add_option("--plan", choice.plan,
                          "Where the probe and the needle are to be: a plan.json; a case has its own")
              ->check(CLI::ExistingFile)
              ->type_name("PLAN.json"),
          parser.add_option("--target", choice.target, "The plan for this target")->type_name("NAME"),
          parser.add_option("--approach", choice.approach, "The plan by this approach")->type_name("NAME"),
          parser.add_option("--rank", choice.rank, "Which of its trajectories")
              ->check(CLI::Range(1, 1000))
              ->capture_default_str()};
}

ChosenTrajectory chosen(const std::vector<planning::NeedlePlan>& plans, const TrajectoryChoice& choice) {
  const planning::NeedlePlan* best = nullptr;
  for (const planning::NeedlePlan& plan : plans) {
    if (!choice.target.empty() && plan.target.name != choice.target) continue;
    if (!choice.approach.empty() && plan.approach != choice.approach) continue;
    if (plan.ranked.size() < choice.rank) continue;
    if (!best || planning::ranks_before(plan, *best)) best = &plan;
  }
  if (!best) {
    std::string wanted = choice.target.empty() ? "" : " for the target \"" + choice.target + "\"";
    if (!choice.approach.empty()) wanted += " by the approach \"" + choice.approach + "\"";
    std::string there;
    for (const planning::NeedlePlan& plan : plans)
      there.append(there.empty() ? "" : "; ")
          .append(plan.target.name + " by " + plan.approach + ": " + std::to_string(plan.ranked.size()));
    throw UsageError("no plan" + wanted + " has a trajectory of rank " + std::to_string(choice.rank) +
                     "; there are " + (there.empty() ? "none" : there));
  }
  return {*best, best->ranked[choice.rank - 1]};
}

}  // namespace genu::app
