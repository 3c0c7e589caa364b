// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include <vtkActor.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>

#include <genu/render/figures.h>
#include <genu/render/native.h>

#include "colours.h"
#include "scene.h"

namespace genu::render {

void add_thickness_map(vtkRenderer* renderer, const cartilage::BoneMap& map, double max_mm) {
  add_coloured_surface(*renderer, map.surface, colours_of(map, max_mm));
}

void add_thickness_map(vtkRenderer* renderer, const cartilage::CartilageReport& report) {
  for (const cartilage::BoneMap& map : report.bones)
    add_thickness_map(renderer, map, ThicknessOptions{}.max_mm);
}

void add_anatomy(vtkRenderer* renderer, const planning::Anatomy& anatomy) {
  for (const planning::Structure& s : anatomy.structures) add_surface(*renderer, s.surface, colour_of(s));
  add_surface(*renderer, anatomy.recess, colour_of(Tissue::suprapatellar_recess), 0.45);
  // The skin shows where the needle enters but must not veil what lies inside: only its far wall and rim.
  if (const auto skin = add_surface(*renderer, anatomy.skin, colour_of(Tissue::skin), 0.16))
    skin->GetProperty()->SetSpecular(0.0);
}

void add_needle(vtkRenderer* renderer, const Trajectory& path, bool safe) {
  const Colour colour = safe ? best_path_colour : rejected_colour;
  add_tube(*renderer, path.entry, path.target, 1.1, colour);
  add_ball(*renderer, path.entry, 2.2, colour);
}

void add_plan(vtkRenderer* renderer, const planning::NeedlePlan& plan, std::size_t selected) {
  add_ball(*renderer, plan.target.point, 2.2, target_colour);
  for (std::size_t t = 0; t < plan.ranked.size(); ++t) {
    const Trajectory& path = plan.ranked[t].path;
    if (t == selected) {
      add_needle(renderer, path, true);
    } else {
      add_tube(*renderer, path.entry, path.target, 0.35, other_path_colour);
      add_ball(*renderer, path.entry, 1.0, other_path_colour);
    }
  }
}

}  // namespace genu::render
