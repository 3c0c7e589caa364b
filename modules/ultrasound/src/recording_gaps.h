// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace genu::ultrasound {

/// Returns how far apart samples may lie that still follow each other: three median periods, which one or two
/// lost samples leave, but at least so long. What is further apart is a gap.
/// \param times_s in order; times that do not rise tell no period
double longest_step_s(const std::vector<double>& times_s, double at_least_s);

}  // namespace genu::ultrasound
