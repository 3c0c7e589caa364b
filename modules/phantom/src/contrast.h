// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/phantom/scan.h>

namespace genu::phantom {

/// Materials that a scan tells apart: every tissue, and the dense shell of the bones.
inline constexpr int material_count = 42;
inline constexpr int cortical_bone = 41;

/// Returns the signal of a material, 0 to 1; the brightest of each contrast has 1.
double signal(Contrast contrast, int material);

}  // namespace genu::phantom
