// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include <genu/planning/expected_view.h>
#include <genu/ultrasound/simulated_sweep.h>

namespace genu::planning {
namespace {

int pixels(double length_mm, double pixel_mm) {
  return static_cast<int>(std::lround(length_mm / pixel_mm));
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
                 pixels(view->image_depth_mm, options.pixel_mm), options.machine, std::array{needle})};
}

}  // namespace genu::planning
