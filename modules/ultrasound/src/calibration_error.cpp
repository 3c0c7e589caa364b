// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <genu/ultrasound/calibration_error.h>

namespace genu::ultrasound {

CalibrationError calibration_error(std::vector<double> distances_mm) {
  CalibrationError error;
  error.count = distances_mm.size();
  if (distances_mm.empty()) return error;
  std::sort(distances_mm.begin(), distances_mm.end());
  const auto count = static_cast<double>(distances_mm.size());
  double sum = 0.0, squares = 0.0;
  for (const double d : distances_mm) {
    sum += d;
    squares += d * d;
  }
  error.mean_mm = sum / count;
  error.rms_mm = std::sqrt(squares / count);
  if (distances_mm.size() > 1)
    error.sd_mm = std::sqrt(std::max(0.0, (squares - sum * error.mean_mm) / (count - 1.0)));
  const auto rank = static_cast<std::size_t>(std::ceil(0.95 * count)) - 1;
  error.p95_mm = distances_mm[rank];
  error.max_mm = distances_mm.back();
  return error;
}

}  // namespace genu::ultrasound
