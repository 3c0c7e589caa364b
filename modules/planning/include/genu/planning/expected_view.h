// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <genu/planning/scorecard.h>
#include <genu/ultrasound/simulate.h>

namespace genu::planning {

struct ExpectedViewOptions {
  double pixel_mm = 0.08;
  ultrasound::SimulationOptions machine{.looks = 3};
};

/// What the probe should show once the needle has reached its target.
struct ExpectedView {
  AffineTransform patient_from_image;
  ultrasound::SimulatedFrame frame;
};

/// Returns patient_from_image of a planned probe: the face in row 0, the needle coming in from column 0.
AffineTransform image_pose(const ProbeView& view, double pixel_mm);

/// Returns the picture to expect for a planned trajectory: the body where the plan puts the probe, and the
/// needle as far as it lies in the slice; nothing if the plan has no place for the probe.
///
/// The body is that of the labels: as it lay in the scanner, nothing pressed or moved. \throws InvalidInput
/// as ultrasound::EchoBody::frame
std::optional<ExpectedView> expected_view(const ultrasound::EchoBody& body,
                                          const RankedTrajectory& trajectory,
                                          const ExpectedViewOptions& options = {});

}  // namespace genu::planning
