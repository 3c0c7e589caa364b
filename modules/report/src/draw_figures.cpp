// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/planning/expected_view.h>
#include <genu/render/expected_figure.h>
#include <genu/render/figures.h>
#include <genu/report/case_report.h>
#include <genu/report/plan_page.h>

#include "html.h"
#include "planned.h"

namespace genu::report {
namespace {

using cartilage::Region;

// A page with pictures of every lesion's plan would bury the ones that matter; all plans are in the text.
constexpr std::size_t plans_drawn = 4;

/// A figure to be drawn: what draw_figures goes through, so that progress is known beforehand.
struct Task {
  std::string section;
  std::string name;
  std::string caption;
  std::function<render::Picture()> draw;
};

struct Landmarks {
  Point3 medial;
  Point3 lateral;
  Point3 patella;
  Point3 joint;
  bool has_patella = false;
};

std::optional<Point3> centroid(const cartilage::CartilageReport& report, Bone bone, Region region) {
  Vector3 sum;
  std::size_t count = 0;
  for (const cartilage::BoneMap& map : report.bones)
    for (std::size_t v = 0; map.bone == bone && v < map.surface.vertices().size() && v < map.region.size();
         ++v)
      if (map.region[v] == region) {
        sum += map.surface.vertices()[v] - Point3{};
        ++count;
      }
  if (count == 0) return std::nullopt;
  return Point3{} + sum / static_cast<double>(count);
}

Point3 centre_of(const ImageGeometry& grid) {
  return grid.to_patient(ContinuousIndex{0.5 * static_cast<double>(grid.size()[0] - 1),
                                         0.5 * static_cast<double>(grid.size()[1] - 1),
                                         0.5 * static_cast<double>(grid.size()[2] - 1)});
}

Landmarks landmarks(const cartilage::CartilageReport& report) {
  // Half the usual distance between the plates' centres, for knees where a plate has no label.
  constexpr double plate_offset_mm = 22.0;
  const auto medial = centroid(report, Bone::tibia, Region::MT);
  const auto lateral = centroid(report, Bone::tibia, Region::LT);
  const auto patella = centroid(report, Bone::patella, Region::P);
  Landmarks marks;
  marks.medial = medial.value_or(report.frame.at(-plate_offset_mm, 0.0, 0.0));
  marks.lateral = lateral.value_or(report.frame.at(plate_offset_mm, 0.0, 0.0));
  marks.joint = lerp(marks.medial, marks.lateral, 0.5);
  marks.has_patella = patella.has_value();
  marks.patella = patella.value_or(marks.joint);
  return marks;
}

/// What ultrasound is expected to show of plans, simulated when it is asked for first.
class ExpectedViews {
 public:
  explicit ExpectedViews(const io::Case& knee) : knee_(knee) {}

  render::Picture picture(std::size_t plan, render::ExpectedMarks marks) {
    if (!body_) body_.emplace(*knee_.labels);
    if (!views_.contains(plan))
      views_.emplace(plan, planning::expected_view(
                               *body_, knee_.plans[plan].ranked.front(),
                               {.pixel_mm = 0.1, .tolerance_mm = knee_.plans[plan].target.tolerance_mm}));
    return render::expected_figure(*views_.at(plan), *knee_.labels, marks);
  }

 private:
  const io::Case& knee_;
  std::optional<ultrasound::EchoBody> body_;
  std::map<std::size_t, std::optional<planning::ExpectedView>> views_;
};

class TaskList {
 public:
  explicit TaskList(const io::Case& knee) : knee_(knee), expected_(knee) {}

  void add_slices() {
    if (!image() && !labels()) return;
    if (!knee_.cartilage) {
      const Point3 centre = centre_of(image() ? image()->geometry() : labels()->geometry());
      add_slice("slice-sagittal", "Sagittal slice through the middle of the image", render::Plane::sagittal,
                centre);
      add_slice("slice-coronal", "Coronal slice through the middle of the image", render::Plane::coronal,
                centre);
      add_slice("slice-axial", "Axial slice through the middle of the image", render::Plane::axial, centre);
      return;
    }
    const Landmarks marks = landmarks(*knee_.cartilage);
    add_slice("slice-sagittal-medial", "Sagittal, through the middle of the medial tibial plate",
              render::Plane::sagittal, marks.medial);
    add_slice("slice-sagittal-lateral", "Sagittal, through the middle of the lateral tibial plate",
              render::Plane::sagittal, marks.lateral);
    add_slice("slice-sagittal-middle",
              marks.has_patella ? "Sagittal, through the patella" : "Sagittal, between the plates",
              render::Plane::sagittal, marks.patella);
    add_slice("slice-coronal", "Coronal, through the middle of the tibial plates", render::Plane::coronal,
              marks.joint);
    if (marks.has_patella)
      add_slice("slice-axial", "Axial, through the patella", render::Plane::axial, marks.patella);
    else
      add_slice("slice-axial", "Axial, through the joint line", render::Plane::axial, marks.joint);
    if (!knee_.cartilage->lesions.empty()) {
      const cartilage::Lesion& largest = knee_.cartilage->lesions.front();
      add_slice("slice-lesion", "Sagittal, through the largest lesion, " + largest.name,
                render::Plane::sagittal, largest.centre);
    }
  }

  void add_thickness_maps() {
    if (!knee_.cartilage) return;
    const auto add = [&](Bone bone, render::View view, const char* name, const char* caption) {
      const auto& bones = knee_.cartilage->bones;
      const bool known = std::any_of(bones.begin(), bones.end(), [&](const cartilage::BoneMap& map) {
        return map.bone == bone && !map.surface.empty();
      });
      if (known)
        tasks_.push_back({"thickness", name, caption,
                          [this, view] { return render::thickness_figure(*knee_.cartilage, view); }});
    };
    add(Bone::femur, render::View::femur_from_below, "thickness-femur-below", "Femoral cartilage from below");
    add(Bone::tibia, render::View::tibia_from_above, "thickness-tibia-above", "Tibial cartilage from above");
    add(Bone::femur, render::View::femur_from_front, "thickness-femur-front",
        "Femoral cartilage from the front");
    add(Bone::femur, render::View::femur_from_behind, "thickness-femur-behind",
        "Femoral cartilage from behind");
    add(Bone::patella, render::View::patella_from_behind, "thickness-patella-behind",
        "Patellar cartilage from behind");
  }

  /// The best plan of each target, lesions and gaps first: these are what an injection is for.
  void add_plans() {
    const std::vector<PlannedTarget> targets = planned_targets(knee_.plans);
    std::size_t drawn = 0;
    for (const bool defects : {true, false})
      for (const PlannedTarget& target : targets) {
        if (!target.best || drawn == plans_drawn) continue;
        const planning::TargetKind kind = knee_.plans[*target.best].target.kind;
        const bool is_defect =
            kind == planning::TargetKind::cartilage_lesion || kind == planning::TargetKind::tendon_defect;
        if (is_defect != defects) continue;
        add_plan(*target.best);
        ++drawn;
      }
    if (drawn == 0 && !knee_.plans.empty()) add_scene(0);
  }

  void add_plan(std::size_t place) {
    add_probe(place, "plan");
    add_expected(place, "plan", render::ExpectedMarks::drawn);
    add_needle_slices(place);
    add_scene(place);
  }

  /// The same, but what the probe sees by itself, and without marks too.
  void add_plan_for_bedside(std::size_t place) {
    add_probe(place, "screen");
    add_expected(place, "screen", render::ExpectedMarks::drawn);
    add_expected(place, "screen", render::ExpectedMarks::none);
    add_needle_slices(place);
    add_scene(place);
  }

  const std::vector<Task>& tasks() const { return tasks_; }

 private:
  const Volume<float>* image() const { return knee_.image ? &*knee_.image : nullptr; }
  const LabelMap* labels() const { return knee_.labels ? &*knee_.labels : nullptr; }

  void add_slice(std::string name, std::string caption, render::Plane plane, const Point3& centre) {
    tasks_.push_back({"slices", std::move(name), std::move(caption), [this, plane, centre] {
                        return render::slice_figure(image(), labels(), plane, centre);
                      }});
  }

  static std::string prefix(std::size_t place) { return "plan-" + std::to_string(place + 1) + "-"; }

  void add_probe(std::size_t place, const std::string& section) {
    const planning::NeedlePlan& plan = knee_.plans[place];
    if (!(image() || labels()) || !plan.ranked.front().card.view || !knee_.anatomy) return;
    tasks_.push_back(
        {section, prefix(place) + "probe",
         "What the probe looks at: its face above, the needle from the left, the target with its tolerance "
         "(ring)",
         [this, &plan] { return render::probe_figure(image(), labels(), *knee_.anatomy, plan, 0); }});
  }

  void add_expected(std::size_t place, const std::string& section, render::ExpectedMarks marks) {
    if (!planning::no_expected_view(labels(), knee_.plans[place].ranked.front()).empty()) return;
    const bool drawn = marks == render::ExpectedMarks::drawn;
    tasks_.push_back({section, prefix(place) + (drawn ? "expected" : "expected-plain"),
                      drawn ? "What to expect on the screen, simulated: bone (dashed), the target with its "
                              "tolerance (ring), the needle's tip in it"
                            : "The same without marks: what the screen may look like",
                      [this, place, marks] { return expected_.picture(place, marks); }});
  }

  void add_needle_slices(std::size_t place) {
    if (!image() && !labels()) return;
    const Trajectory path = knee_.plans[place].ranked.front().path;
    for (const bool across : {false, true})
      tasks_.push_back(
          {"plan", prefix(place) + (across ? "across" : "along"),
           across ? "Across the needle at the target, seen along the needle from the skin"
                  : "Along the needle, from the skin (dot) to the target (ring)",
           [this, path, across] { return render::needle_slice_figure(image(), labels(), path, across); }});
  }

  void add_scene(std::size_t place) {
    const planning::NeedlePlan& plan = knee_.plans[place];
    if (!knee_.anatomy || (knee_.anatomy->structures.empty() && knee_.anatomy->skin.empty())) return;
    tasks_.push_back({"plan", prefix(place) + "3d",
                      !plan.ranked.empty()    ? "The best trajectory (thick) and the other safe ones (thin)"
                      : plan.rejected.empty() ? "The target"
                                              : "The target and the rejected entries",
                      [this, &plan] { return render::plan_figure(*knee_.anatomy, plan); }});
  }

  const io::Case& knee_;
  ExpectedViews expected_;
  std::vector<Task> tasks_;
};

}  // namespace

namespace {

std::vector<Figure> drawn(const TaskList& list, const Progress& progress) {
  std::vector<Figure> figures;
  const auto count = static_cast<double>(list.tasks().size());
  for (const Task& task : list.tasks()) {
    progress.report("drawing " + spaced(task.caption), static_cast<double>(figures.size()) / count);
    figures.push_back({task.section, task.name, task.caption,
                       with_context("drawing the figure " + task.name, [&] { return task.draw(); })});
  }
  progress.report("figures drawn", 1.0);
  return figures;
}

}  // namespace

std::vector<Figure> draw_figures(const io::Case& knee, const Progress& progress) {
  TaskList list(knee);
  list.add_slices();
  list.add_thickness_maps();
  list.add_plans();
  return drawn(list, progress);
}

std::vector<Figure> draw_plan_figures(const io::Case& knee, std::size_t plan, const Progress& progress) {
  if (plan >= knee.plans.size() || knee.plans[plan].ranked.empty())
    throw InvalidInput("cannot draw plan " + std::to_string(plan + 1) + ": it has no trajectory");
  TaskList list(knee);
  list.add_plan_for_bedside(plan);
  return drawn(list, progress);
}

}  // namespace genu::report
