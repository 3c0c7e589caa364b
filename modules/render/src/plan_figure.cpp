// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include <genu/core/error.h>
#include <genu/render/figures.h>
#include <genu/render/native.h>

#include "annotate.h"
#include "colours.h"
#include "scene.h"

namespace genu::render {
namespace {

std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// Returns where to look from: from the front, a little from above, and from the side the needle comes from;
/// turned about the leg if that would look along the needle.
Vector3 view_into(const KneeFrame& f, const planning::NeedlePlan& plan) {
  std::optional<Vector3> needle;
  if (!plan.ranked.empty()) needle = plan.ranked.front().path.target - plan.ranked.front().path.entry;
  const double side = needle && dot(*needle, f.lateral) > 0.0 ? -1.0 : 1.0;
  const double front = needle && dot(*needle, f.anterior) > 0.7 * length(*needle) ? -1.0 : 1.0;
  for (const double turn_deg : {35.0, 5.0, 65.0, -30.0}) {
    const double turn = turn_deg * 3.14159265358979 / 180.0;
    const Vector3 from = normalized(front * std::cos(turn) * f.anterior + side * std::sin(turn) * f.lateral +
                                    0.35 * f.proximal);
    const double off = needle ? angle_deg(*needle, from) : 90.0;
    if (off > 40.0 && off < 140.0) return -from;
  }
  return -f.anterior;
}

std::vector<Point3> points_to_show(const planning::Anatomy& anatomy, const planning::NeedlePlan& plan) {
  std::vector<Point3> points{plan.target.point};
  for (const planning::Structure& s : anatomy.structures)
    points.insert(points.end(), s.surface.vertices().begin(), s.surface.vertices().end());
  points.insert(points.end(), anatomy.skin.vertices().begin(), anatomy.skin.vertices().end());
  for (const planning::RankedTrajectory& t : plan.ranked) points.push_back(t.path.entry);
  return points;
}

std::vector<LegendEntry> legend(const planning::Anatomy& anatomy, const planning::NeedlePlan& plan) {
  bool any_estimated = false;
  std::vector<LegendEntry> entries;
  entries.push_back({target_colour, "target"});
  if (!plan.ranked.empty()) entries.push_back({best_path_colour, "best trajectory"});
  if (plan.ranked.size() > 1)
    entries.push_back({other_path_colour, std::to_string(plan.ranked.size() - 1) + " other safe"});
  if (plan.ranked.empty() && !plan.rejected.empty())
    entries.push_back({rejected_colour, std::to_string(plan.rejected.size()) + " rejected entries"});
  for (const planning::Structure& s : anatomy.structures) {
    if (s.surface.empty()) continue;
    const bool seen = s.source == "segmented" || s.source.empty();
    any_estimated |= !seen;
    entries.push_back({colour_of(s), words(s.name) + (seen ? "" : " *")});
  }
  if (!anatomy.recess.empty())
    entries.push_back({colour_of(Tissue::suprapatellar_recess), "suprapatellar recess"});
  if (!anatomy.skin.empty()) entries.push_back({colour_of(Tissue::skin), "skin"});
  if (any_estimated) entries.push_back({paper, "* estimated, not seen"});
  return entries;
}

std::string summary(const planning::NeedlePlan& plan) {
  if (plan.ranked.empty()) return "No safe trajectory was found";
  const planning::Scorecard& card = plan.ranked.front().card;
  char text[128];
  std::snprintf(text, sizeof text, "Depth %.1f mm, %.0f degrees to the skin's normal", card.depth_mm,
                card.skin_angle_deg);
  return text + (card.needle ? ", " + card.needle->name : ", no needle reaches");
}

/// Dashes along a line, for the part of the needle that something hides.
std::vector<Segment> dashed(Spot from, Spot to, double dash) {
  const double length = std::max(std::hypot(to.x - from.x, to.y - from.y), 1.0);
  const auto at = [&](double t) {
    const double part = std::min(t / length, 1.0);
    return Spot{from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
  };
  std::vector<Segment> dashes;
  for (double t = 0.0; t < length; t += 2.0 * dash) dashes.push_back({at(t), at(t + dash)});
  return dashes;
}

/// Writes a word beside a spot, away from the picture's middle, with a thin line to it.
void label(Canvas& canvas, Spot spot, const std::string& text, Colour colour, const Block& scene, double down,
           int size) {
  const double away = spot.x < scene.left + 0.5 * scene.width ? -1.0 : 1.0;
  const Spot end{
      std::clamp(spot.x + away * 3.2 * size, scene.left + 4.0 * size, scene.left + scene.width - 4.0 * size),
      std::clamp(spot.y + down * 2.4 * size, scene.top + 1.0 * size, scene.top + scene.height - 1.0 * size)};
  canvas.stroke({{spot, end}}, 3.0, paper, 0.8);
  canvas.stroke({{spot, end}}, 1.2, colour);
  canvas.text({end.x + away * 3.0, end.y}, text, {size, colour, true, away < 0.0 ? 1.0 : 0.0, 0.5, paper});
}

}  // namespace

Picture plan_figure(const planning::Anatomy& anatomy, const planning::NeedlePlan& plan, int size) {
  if (size < 300 || size > 4096)
    throw InvalidInput("cannot draw a plan " + std::to_string(size) + " pixels wide");
  if (anatomy.structures.empty() && anatomy.skin.empty())
    throw InvalidInput("cannot draw a plan: the anatomy has no structures and no skin");
  const double unit = size / 900.0;  // the layout below was drawn for 900 pixels
  const auto px = [unit](double at_900) { return static_cast<int>(std::lround(unit * at_900)); };
  const int letters = std::max(10, px(15)), height = px(720);
  const Block scene{0, px(62), size - px(262), height - px(62)};

  const Vector3 into = view_into(anatomy.frame, plan);
  const Vector3 up = normalized(anatomy.frame.proximal - dot(anatomy.frame.proximal, into) * into);
  const Eye eye = eye_on(points_to_show(anatomy, plan), into, up, 4.0, scene.width, scene.height);
  const Picture drawn = render_scene(
      [&](vtkRenderer& renderer) {
        add_anatomy(&renderer, anatomy);
        add_plan(&renderer, plan, 0);
        std::vector<Point3> refused;
        if (plan.ranked.empty())
          for (const planning::RejectedTrajectory& r : plan.rejected) refused.push_back(r.path.entry);
        add_balls(renderer, refused, 0.6, rejected_colour);
      },
      eye, scene.width, scene.height);

  Canvas canvas(size, height, paper);
  canvas.paste(drawn, scene.left, scene.top);
  const auto spot = [&](const Point3& p) {
    const Spot s = eye.project(p, scene.width, scene.height);
    return Spot{s.x + scene.left, s.y + scene.top};
  };
  const Spot target = spot(plan.target.point);
  if (!plan.ranked.empty())
    canvas.stroke(dashed(spot(plan.ranked.front().path.entry), target, 6.0 * unit), 1.5, best_path_colour,
                  0.8);
  canvas.ring(target, 8.0 * unit, 2.0, target_colour);  // seen even where bone hides the target
  const double entry_y = plan.ranked.empty() ? target.y : spot(plan.ranked.front().path.entry).y;
  label(canvas, target, "target", target_colour, scene, entry_y <= target.y ? 1.0 : -1.0, letters);
  if (!plan.ranked.empty())
    label(canvas, spot(plan.ranked.front().path.entry), "entry", best_path_colour, scene,
          entry_y <= target.y ? -1.0 : 1.0, letters);
  write_directions(canvas, scene, anatomy.frame, eye, letters);
  canvas.text({px(14) * 1.0, px(20) * 1.0},
              "Plan to " + words(plan.target.name) + ", " + words(plan.approach) + ", " +
                  std::string(name(anatomy.frame.side)) + " knee",
              {px(21), ink, true, 0.0, 0.5, {}});
  canvas.text({px(14) * 1.0, px(46) * 1.0}, summary(plan), {letters, faint_ink, false, 0.0, 0.5, {}});
  const std::vector<LegendEntry> entries = legend(anatomy, plan);
  // However many structures there are, all are named.
  const auto row = static_cast<double>(height - px(90)) / static_cast<double>(entries.size());
  draw_legend(canvas, size - px(250), px(78), entries, std::min(letters, static_cast<int>(row / legend_row)));
  draw_scale_bar(canvas, px(16), height - px(16), eye.height_mm / scene.height, letters);
  return std::move(canvas).take();
}

}  // namespace genu::render
