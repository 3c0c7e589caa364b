// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>

namespace genu::ultrasound::working {

/// Returns how much each pixel of a working picture looks like the surface of bone, 0 to 1: a bright ridge
/// across the beam, darker tissue before it, and a shadow without layers and without speckle behind it.
cv::Mat_<float> bone_likeness(const cv::Mat_<float>& grey, double min_depth_mm);

}  // namespace genu::ultrasound::working
