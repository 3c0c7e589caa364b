// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <genu/ultrasound/simulate.h>

// What a simulated picture says of the echo: the logarithm taken back.
namespace genu::ultrasound {

/// Settings under which nothing is black or white, and neither noise nor gain over depth matters.
inline SimulationOptions wide_range() {
  SimulationOptions options;
  options.dynamic_range_db = 120.0;
  options.tgc_db_cm_mhz = 0.0;
  options.noise_db = -200.0;
  return options;
}

inline double level_db(const Frame& frame, int x, int y, const SimulationOptions& options) {
  return (frame.at(x, y) / 255.0 - 1.0) * options.dynamic_range_db;
}

inline double envelope(const Frame& frame, int x, int y, const SimulationOptions& options) {
  return std::pow(10.0, level_db(frame, x, y, options) / 20.0);
}

/// A part of a picture: columns and rows from the first to before the last.
struct Region {
  int left, right, top, bottom;
};

/// Returns the level of the mean power.
inline double mean_level_db(const Frame& frame, const Region& r, const SimulationOptions& options) {
  double power = 0.0;
  for (int y = r.top; y < r.bottom; ++y)
    for (int x = r.left; x < r.right; ++x) power += std::pow(envelope(frame, x, y, options), 2.0);
  return 10.0 * std::log10(power / ((r.right - r.left) * (r.bottom - r.top)));
}

/// Returns mean over standard deviation of the envelope.
inline double envelope_snr(const Frame& frame, const Region& r, const SimulationOptions& options) {
  double sum = 0.0, squares = 0.0, n = 0.0;
  for (int y = r.top; y < r.bottom; ++y)
    for (int x = r.left; x < r.right; ++x) {
      const double e = envelope(frame, x, y, options);
      sum += e, squares += e * e, n += 1.0;
    }
  return sum / n / std::sqrt(squares / n - sum / n * (sum / n));
}

/// Returns the row of the brightest place of a column between two rows, between pixels by a parabola.
inline double brightest_row(const Frame& frame, int x, int top, int bottom) {
  int best = top;
  for (int y = top; y < bottom; ++y)
    if (frame.at(x, y) > frame.at(x, best)) best = y;
  if (best <= top || best + 1 >= bottom) return best;
  const double a = frame.at(x, best - 1), b = frame.at(x, best), c = frame.at(x, best + 1);
  return a - 2.0 * b + c < 0.0 ? best + 0.5 * (a - c) / (a - 2.0 * b + c) : best;
}

}  // namespace genu::ultrasound
