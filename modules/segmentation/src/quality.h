// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <genu/core/knee.h>

#include "rules.h"

namespace genu::segmentation {

/// What is known of a segmentation when it is judged.
struct Evidence {
  const Probabilities& probabilities;
  const StackLabels& before;  ///< As the network gave them, before the rules.
  const StackLabels& labels;
  Vector3 spacing_mm;
  const SecondLook& second_look;
  const Parts& parts;
  const SegmentationReport& report;  ///< Its side is known.
  std::optional<Side> side_by_fibula;
  const Calibration& calibration;
};

/// Returns how far labels can be trusted, from what the network thought, and from what a knee holds.
Quality judge(const Evidence& evidence);

}  // namespace genu::segmentation
