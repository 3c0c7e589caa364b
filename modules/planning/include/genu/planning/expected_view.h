// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/core/tissue.h>
#include <genu/planning/scorecard.h>
#include <genu/ultrasound/plan_in_image.h>
#include <genu/ultrasound/simulate.h>

namespace genu::planning {

struct ExpectedViewOptions {
  double pixel_mm = 0.08;
  double tolerance_mm = 0.0;  ///< Around the target, which `path` shows the cut of; 0 = none.
  ultrasound::SimulationOptions machine{.looks = 3};
};

/// What the probe should show once the needle has reached its target.
struct ExpectedView {
  AffineTransform patient_from_image;
  ultrasound::SimulatedFrame frame;
  ultrasound::PlanInImage path;  ///< The needle from its entry to the target.
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

/// Returns why there is no picture to expect, in words that follow a colon; empty where there is one.
/// \param labels null: there are none
std::string no_expected_view(const LabelMap* labels, const RankedTrajectory& trajectory);

/// Returns the surface of the first bone, a place a column, parted by places that are not finite: where there
/// is none, and where one bone ends before another.
std::vector<PixelPoint> bone_in_view(const ExpectedView& view);

/// A tissue that the picture shows, and a place for its name.
struct TissueInView {
  Tissue tissue = Tissue::background;  ///< A bone for its marrow lesions too.
  PixelPoint at;                       ///< Of a bone: on its surface. Of others: in their midst.
};

/// Returns the tissues that can be seen: bone where it is the first, others in front of it, and what is no
/// smaller than some square millimetres. In order of number.
std::vector<TissueInView> tissues_in_view(const ExpectedView& view, const LabelMap& labels);

/// Where the name of a tissue stands in the picture.
struct NameInView {
  Tissue tissue = Tissue::background;
  PixelPoint at;  ///< The middle of the words; of those that stand below, the middle of their upper edge.
  bool below = false;  ///< Of a bone, which is known by its surface: its name must not hide that.
};

/// Returns where the tissues that can be seen are named; what is everywhere, skin, fat and muscle, needs no
/// name.
std::vector<NameInView> names_in_view(const ExpectedView& view, const LabelMap& labels);

}  // namespace genu::planning
