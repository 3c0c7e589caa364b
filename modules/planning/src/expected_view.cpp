// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include <genu/planning/expected_view.h>
#include <genu/ultrasound/simulated_sweep.h>

namespace genu::planning {
namespace {

int pixels(double length_mm, double pixel_mm) {
  return static_cast<int>(std::lround(length_mm / pixel_mm));
}

/// Cells of a tissue, in columns from the left and within them downwards.
using Cells = std::vector<PixelPoint>;

Tissue nearest_tissue(const LabelMap& labels, const Point3& p) {
  const ContinuousIndex c = labels.geometry().to_index(p);
  const VoxelIndex nearest{std::llround(c.i), std::llround(c.j), std::llround(c.k)};
  return labels.geometry().contains(nearest) ? labels[nearest] : Tissue::background;
}

/// Returns the bone that a tissue belongs to; nothing for what is no bone.
std::optional<Tissue> bone_of(Tissue tissue) {
  constexpr std::array<std::pair<Bone, Tissue>, 3> bones{
      {{Bone::femur, Tissue::femur}, {Bone::tibia, Tissue::tibia}, {Bone::patella, Tissue::patella}}};
  for (const auto& [bone, whole] : bones)
    if (is_part_of(tissue, bone)) return whole;
  if (tissue == Tissue::fibula) return tissue;
  return std::nullopt;
}

/// Returns the bone whose surface the row is: the first that is met within a voxel or so below it.
std::optional<Tissue> bone_below(const LabelMap& labels, const AffineTransform& patient_from_image,
                                 double column, double row, double pixel_mm) {
  constexpr double reach_mm = 3.0, step_mm = 0.25;
  for (double deep_mm = 0.0; deep_mm <= reach_mm; deep_mm += step_mm)
    if (const auto bone = bone_of(
            nearest_tissue(labels, patient_from_image(Point3{column, row + deep_mm / pixel_mm, 0.0}))))
      return bone;
  return std::nullopt;
}

/// Returns the middle of a tissue's middle column: within it, whatever its shape.
PixelPoint place_for_name(const Cells& cells) {
  const double column = cells[cells.size() / 2].x;
  const auto first =
      std::find_if(cells.begin(), cells.end(), [&](const PixelPoint& p) { return p.x == column; });
  const auto last = std::find_if(first, cells.end(), [&](const PixelPoint& p) { return p.x != column; });
  return *(first + (last - first) / 2);
}

}  // namespace

AffineTransform image_pose(const ProbeView& view, double pixel_mm) {
  return ultrasound::image_pose(view.pose.face, view.pose.beam, view.pose.axis, {pixel_mm, pixel_mm},
                                pixels(view.length_mm, pixel_mm));
}

std::optional<ExpectedView> expected_view(const ultrasound::EchoBody& body,
                                          const RankedTrajectory& trajectory,
                                          const ExpectedViewOptions& options) {
  const std::optional<ProbeView>& view = trajectory.card.view;
  if (!view) return std::nullopt;
  ultrasound::PlacedNeedle needle{.entry = trajectory.path.entry, .tip = trajectory.path.target};
  if (trajectory.card.needle) needle.diameter_mm = trajectory.card.needle->diameter_mm;
  const AffineTransform patient_from_image = image_pose(*view, options.pixel_mm);
  return ExpectedView{
      patient_from_image,
      body.frame(patient_from_image, pixels(view->length_mm, options.pixel_mm),
                 pixels(view->image_depth_mm, options.pixel_mm), options.machine, std::array{needle}),
      ultrasound::plan_in_image(trajectory.path, patient_from_image, {.tolerance_mm = options.tolerance_mm})};
}

std::string no_expected_view(const LabelMap* labels, const RankedTrajectory& trajectory) {
  if (!labels) return "there are no labels to simulate it from";
  const bool any = std::any_of(labels->voxels().begin(), labels->voxels().end(),
                               [](Tissue tissue) { return tissue != Tissue::background; });
  if (!any) return "nothing is labelled to simulate it from";
  if (!trajectory.card.view) return "there is no place for the probe that would show this needle";
  return {};
}

std::vector<PixelPoint> bone_in_view(const ExpectedView& view) {
  constexpr double steepest = 8.0;  // Rise over run of a surface that still sends an echo back.
  const ultrasound::FrameTruth& truth = view.frame.truth;
  const double jump_px = steepest * truth.pixel.x_mm / truth.pixel.y_mm;
  std::vector<PixelPoint> line;
  for (std::size_t x = 0; x < truth.bone_px.size(); ++x) {
    const PixelPoint here{static_cast<double>(x), truth.bone_px[x]};
    if (!line.empty() && std::abs(here.y - line.back().y) > jump_px)
      line.push_back({here.x, std::numeric_limits<double>::quiet_NaN()});
    line.push_back(here);
  }
  return line;
}

std::vector<TissueInView> tissues_in_view(const ExpectedView& view, const LabelMap& labels) {
  constexpr double cell_mm = 0.5;  // A voxel of a fine label map.
  constexpr double least_mm2 = 6.0, least_bone_mm = 4.0;
  const ultrasound::FrameTruth& truth = view.frame.truth;
  const double step_x = cell_mm / truth.pixel.x_mm, step_y = cell_mm / truth.pixel.y_mm;
  std::map<Tissue, Cells> seen;
  for (double x = 0.5 * step_x; x < view.frame.image.width; x += step_x) {
    const auto column = static_cast<std::size_t>(x);
    if (truth.contact[column] == 0) continue;
    const double bone = truth.bone_px[column];
    const double end = std::isnan(bone) ? view.frame.image.height : bone;
    for (double y = 0.5 * step_y; y < end; y += step_y) {
      const Tissue tissue = nearest_tissue(labels, view.patient_from_image(Point3{x, y, 0.0}));
      if (tissue != Tissue::background && !bone_of(tissue)) seen[tissue].push_back({x, y});
    }
    if (std::isnan(bone)) continue;
    if (const auto which = bone_below(labels, view.patient_from_image, x, bone, truth.pixel.y_mm))
      seen[*which].push_back({x, bone});
  }
  std::vector<TissueInView> named;
  for (const auto& [tissue, cells] : seen) {
    const double count = static_cast<double>(cells.size());
    if (bone_of(tissue) ? count * cell_mm < least_bone_mm : count * cell_mm * cell_mm < least_mm2) continue;
    named.push_back({tissue, place_for_name(cells)});
  }
  return named;
}

std::vector<NameInView> names_in_view(const ExpectedView& view, const LabelMap& labels) {
  constexpr double below_mm = 1.2;
  std::vector<NameInView> names;
  for (const TissueInView& seen : tissues_in_view(view, labels)) {
    if (seen.tissue == Tissue::skin || seen.tissue == Tissue::fat || seen.tissue == Tissue::muscle) continue;
    NameInView name{seen.tissue, seen.at, bone_of(seen.tissue).has_value()};
    if (name.below) name.at.y += below_mm / view.frame.truth.pixel.y_mm;
    names.push_back(name);
  }
  return names;
}

}  // namespace genu::planning
