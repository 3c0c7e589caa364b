// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include "needle_parts.h"

namespace genu::ultrasound::needle {

double confidence_of(const NeedleEvidence& e, double angle_deg) {
  (void)angle_deg;
  return 1.0 / (1.0 + std::exp(-(2.0 * (e.ridge - 2.5) + 10.0 * (e.length - 0.2) + 3.0 * (e.continuity - 0.7))));
}

std::string why(const NeedleEvidence&, double) {
  return {};
}

}  // namespace genu::ultrasound::needle
