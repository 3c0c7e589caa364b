// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <genu/core/progress.h>
#include <genu/io/case_folder.h>
#include <genu/planning/approach.h>
#include <genu/report/case_report.h>

namespace genu::report {

/// Draws a plan's best trajectory: what the probe looks at, the slices along and across the needle, and all
/// in 3-D. Needs a display or Xvfb (see render::ensure_display).
/// \throws InvalidInput if there is no such plan, or it has no trajectory
std::vector<Figure> draw_plan_figures(const io::Case& knee, std::size_t plan, const Progress& progress = {});

/// Returns one self-contained HTML page for the bedside: how to place knee, probe and needle, the best
/// trajectory's pictures and scorecard, what is at risk, what is not known. Prints on two sides of A4.
/// \throws InvalidInput if there is no such plan, or it has no trajectory
std::string plan_page(const io::Case& knee, std::size_t plan, const planning::Approach& approach,
                      const std::vector<Figure>& figures);

}  // namespace genu::report
