// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules.h"

namespace genu::segmentation {

/// Returns how far labels can be trusted, from the probabilities that they were made of and from what a knee
/// holds. \param before labels as the network gave them, before the rules
Quality judge(const Probabilities& probabilities, const StackLabels& before, const StackLabels& labels,
              const Vector3& spacing_mm);

}  // namespace genu::segmentation
