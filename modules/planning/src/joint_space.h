// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/planning/target.h>

namespace genu::planning {

/// Returns the joint spaces that a needle finds room in: medial and lateral femorotibial, patellofemoral.
std::vector<Target> joint_spaces(const ClearanceField& field);

}  // namespace genu::planning
