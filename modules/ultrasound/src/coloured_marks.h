// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>

namespace genu::ultrasound {

/// Returns where a picture has coloured marks of the machine; nothing is set where it has none.
cv::Mat coloured_marks(const cv::Mat& rgb);

}  // namespace genu::ultrasound
