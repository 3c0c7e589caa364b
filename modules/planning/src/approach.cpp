// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <genu/core/error.h>
#include <genu/planning/approach.h>

namespace genu::planning {
namespace {

bool not_negative(double v) {
  return v >= 0.0 && std::isfinite(v);
}
bool positive(double v) {
  return v > 0.0 && std::isfinite(v);
}
bool is_direction(const Vector3& v) {
  return is_finite(v) && length(v) > 1e-9;
}

std::string problem_of(const Probe& probe) {
  std::ostringstream problem;
  const auto angle = [](double v, double most) { return v > 0.0 && v <= most; };
  const auto is_one = [&](const Footprint& f) {
    return positive(f.length_mm) && positive(f.width_mm) && positive(f.image_depth_mm);
  };
  std::vector<Footprint> footprints = probe.others;
  footprints.push_back(probe.footprint);
  const auto wrong = std::find_if_not(footprints.begin(), footprints.end(), is_one);
  if (wrong != footprints.end())
    problem << "the probe is " << wrong->length_mm << " mm long and " << wrong->width_mm
            << " mm wide and sees " << wrong->image_depth_mm << " mm deep";
  else if (!is_direction(probe.axis) || !is_direction(probe.beam))
    problem << "the probe's axis is " << probe.axis << " and its beam " << probe.beam;
  else if (!angle(probe.max_turn_deg, 90.0) || !angle(probe.max_swing_deg, 90.0))
    problem << "the probe may turn by " << probe.max_turn_deg << " and swing by " << probe.max_swing_deg
            << " degrees";
  else if (!angle(probe.max_face_angle_deg, 90.0) || !angle(probe.preferred_face_angle_deg, 90.0) ||
           probe.preferred_face_angle_deg > probe.max_face_angle_deg)
    problem << "the angle to the probe's face is preferred up to " << probe.preferred_face_angle_deg
            << " and allowed up to " << probe.max_face_angle_deg << " degrees";
  return problem.str();
}

std::string problem_of(const Approach& approach) {
  std::ostringstream problem;
  const Vector3 &low = approach.entry.min_mm, &high = approach.entry.max_mm;
  const auto& asked = approach.min_clearance_mm;
  const auto wrong = std::find_if_not(asked.begin(), asked.end(), not_negative);
  if (!is_finite(low) || !is_finite(high) || !(low.x <= high.x && low.y <= high.y && low.z <= high.z))
    problem << "the approach's window is from " << low << " to " << high << " mm";
  else if (!(approach.max_skin_angle_deg > 0.0 && approach.max_skin_angle_deg < 90.0))
    problem << "max_skin_angle_deg is " << approach.max_skin_angle_deg << ", not between 0 and 90";
  else if (!not_negative(approach.hub_reserve_mm))
    problem << "hub_reserve_mm is " << approach.hub_reserve_mm;
  else if (!std::isfinite(approach.flexion_deg))
    problem << "flexion_deg is " << approach.flexion_deg;
  else if (wrong != asked.end())
    problem << "the clearance asked for of "
            << name(all_structure_kinds[static_cast<std::size_t>(wrong - asked.begin())]) << " is " << *wrong
            << " mm";
  else if (approach.needles.empty())
    problem << "the approach names no needle";
  else
    problem << problem_of(approach.probe);
  for (const auto& [structure, clearance] : approach.min_clearance_of_mm)
    if (problem.str().empty() && !not_negative(clearance))
      problem << "the clearance asked for of " << structure << " is " << clearance << " mm";
  for (const Needle& n : approach.needles)
    if (problem.str().empty() &&
        (!not_negative(n.diameter_mm) || !positive(n.length_mm) || !not_negative(n.bend_percent)))
      problem << "the needle '" << n.name << "' is " << n.diameter_mm << " mm thick and " << n.length_mm
              << " mm long and bends by " << n.bend_percent << " %";
  return problem.str();
}

}  // namespace

std::string_view name(Guidance guidance) {
  switch (guidance) {
    case Guidance::in_plane:
      return "in_plane";
    case Guidance::out_of_plane:
      return "out_of_plane";
    case Guidance::none:
      return "none";
  }
  throw InvalidInput("no guidance has the number " + std::to_string(static_cast<int>(guidance)));
}

std::string_view name(EntryWindow::From from) {
  switch (from) {
    case EntryWindow::From::target:
      return "target";
    case EntryWindow::From::joint:
      return "joint";
    case EntryWindow::From::patella:
      return "patella";
  }
  throw InvalidInput("no origin of a window has the number " + std::to_string(static_cast<int>(from)));
}

double Approach::asked_of(const Structure& structure) const {
  const auto own = min_clearance_of_mm.find(structure.name);
  return own != min_clearance_of_mm.end() ? own->second
                                          : min_clearance_mm.at(static_cast<std::size_t>(structure.kind));
}

bool fits(const Approach& approach, const Target& target) {
  const auto has = [](const auto& list, auto value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  if (target.kind == TargetKind::point) return true;  // Any way in may serve; geometry decides.
  return has(approach.targets, target.kind) &&
         (approach.compartments.empty() || has(approach.compartments, target.compartment));
}

void check(const Approach& approach) {
  if (const std::string problem = problem_of(approach); !problem.empty())
    throw InvalidInput("cannot plan by '" + approach.name + "': " + problem);
}

}  // namespace genu::planning
