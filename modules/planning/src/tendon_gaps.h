// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/planning/anatomy.h>

namespace genu::planning {

/// Returns the places where the patellar or quadriceps tendon is interrupted along its course over more than
/// 3 mm: tendon above and below within 20 mm along its own direction, something else in between, and tendon
/// or more of the gap on all sides within 1.5 mm.
std::vector<TendonGap> find_tendon_gaps(const LabelMap& labels, const KneeFrame& frame);

}  // namespace genu::planning
