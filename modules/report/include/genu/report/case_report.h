// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/core/progress.h>
#include <genu/io/case_folder.h>
#include <genu/render/picture.h>

namespace genu::report {

/// A picture with its caption, in the order shown.
struct Figure {
  std::string section;  ///< "slices", "thickness", "plan", "screen"
  std::string name;     ///< File name without extension, such as "slice-coronal" or "plan-1-along".
  std::string caption;
  render::Picture picture;
};

/// Draws every figure that a case has the parts for: slices through the plates, the patella and the largest
/// lesion; thickness maps from useful sides; for the first plans with a safe trajectory the slices along and
/// across the needle and the plan in 3-D. Needs a display or Xvfb (see render::ensure_display) if there is a
/// cartilage report or an anatomy.
/// \throws Error if there is no display.
std::vector<Figure> draw_figures(const io::Case& knee, const Progress& progress = {});

/// Returns one self-contained HTML page, pictures inside, no script, fit for A4 paper: stage with reasons,
/// flags, measures with their definitions, thickness maps, lesions, slices, plans, origin of everything and
/// the research-use statement. A part that is missing is said to be missing.
std::string case_page(const io::Case& knee, const std::vector<Figure>& figures);

}  // namespace genu::report
