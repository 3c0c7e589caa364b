// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

namespace genu::ultrasound {

/// How far a calibration is off, mm; NaN where nothing was measured.
struct CalibrationError {
  std::size_t count = 0;
  double mean_mm = std::numeric_limits<double>::quiet_NaN();
  double sd_mm = std::numeric_limits<double>::quiet_NaN();
  double rms_mm = std::numeric_limits<double>::quiet_NaN();
  double p95_mm = std::numeric_limits<double>::quiet_NaN();  ///< 95 of 100 are no greater.
  double max_mm = std::numeric_limits<double>::quiet_NaN();
};

/// Returns the error that distances tell.
CalibrationError calibration_error(std::vector<double> distances_mm);

}  // namespace genu::ultrasound
