// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/core/progress.h>
#include <genu/followup/course.h>
#include <genu/io/case_folder.h>
#include <genu/report/case_report.h>

namespace genu::report {

/// Draws for each later visit and useful side of each bone: thickness at the baseline, at that visit moved to
/// where the baseline's bone lies, and the change; same colours, same view. Needs a display or Xvfb.
/// \param visits the cases of course.visits, in their order
/// \throws Error if there is no display.
std::vector<Figure> draw_followup(const followup::Course& course, const std::vector<io::Case>& visits,
                                  const Progress& progress = {});

/// Returns one self-contained HTML page, pictures inside, no script, fit for A4 paper: what changed beyond
/// error, tables of regions, sub-regions and compartments, scores, trends, maps side by side, alignment,
/// flags, where the smallest detectable change comes from, and the research-use statement.
std::string followup_page(const followup::Course& course, const std::vector<Figure>& figures);

}  // namespace genu::report
