// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/planning/anatomy.h>
#include <genu/planning/plan.h>

class vtkRenderer;

// The one place where VTK shows through: the viewer fills its Qt widget's renderer with the same scenes as
// the figures. Each function adds actors and removes none; patient space, mm.
namespace genu::render {

/// Adds every bone of the report, coloured by thickness as in thickness_figure.
void add_thickness_map(vtkRenderer* renderer, const cartilage::CartilageReport& report);
/// Adds one bone; `max_mm` is the upper end of the colour scale.
void add_thickness_map(vtkRenderer* renderer, const cartilage::BoneMap& map, double max_mm);

/// Adds bones, cartilage and risk structures in their colours, the recess and the skin transparent. Give the
/// renderer depth peeling for the last two.
void add_anatomy(vtkRenderer* renderer, const planning::Anatomy& anatomy);

/// Adds a needle with its entry, in the colour of a path that is safe or of one that is not.
void add_needle(vtkRenderer* renderer, const Trajectory& path, bool safe);

/// Adds the target and the ranked trajectories: the selected one thick, the others thin. A number that is not
/// there selects none.
void add_plan(vtkRenderer* renderer, const planning::NeedlePlan& plan, std::size_t selected);

}  // namespace genu::render
