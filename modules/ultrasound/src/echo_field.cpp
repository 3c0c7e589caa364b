// SPDX-License-Identifier: Apache-2.0
#include "echo_field.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

namespace genu::ultrasound {
namespace {

constexpr double mm_per_us = 1.54;
constexpr double fwhm_per_sd = 2.3548;  // 2 sqrt(2 ln 2) of a Gaussian.

/// Returns the weights of a Gaussian from -n to n; they add up to 1.
std::vector<float> gaussian(double sd) {
  const int n = static_cast<int>(std::ceil(3.0 * sd));
  std::vector<double> w(static_cast<std::size_t>(2 * n + 1));
  double sum = 0.0;
  for (int k = -n; k <= n; ++k)
    sum += w[static_cast<std::size_t>(k + n)] = std::exp(-0.5 * k * k / std::max(sd * sd, 1e-6));
  std::vector<float> result;
  result.reserve(w.size());
  for (const double v : w) result.push_back(static_cast<float>(v / sum));
  return result;
}

/// Returns the variance that noise of variance 1 has after weighting, if pixels within a cell share it: its
/// correlation falls to 0 over the cell.
double energy(const std::vector<float>& w, double cell_px) {
  const auto reach = static_cast<std::size_t>(cell_px);
  double sum = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i)
    for (std::size_t lag = 0; lag <= reach && i + lag < w.size(); ++lag) {
      const double alike = lag == 0 ? 1.0 : std::max(0.0, 1.0 - static_cast<double>(lag) / cell_px);
      sum += (lag == 0 ? 1.0 : 2.0) * alike * static_cast<double>(w[i]) * static_cast<double>(w[i + lag]);
    }
  return sum;
}

void convolve_down(const std::vector<float>& in, std::vector<float>& out, int width, int height,
                   const std::vector<float>& w, std::size_t row) {
  const int n = static_cast<int>(w.size() / 2);
  const auto columns = static_cast<std::size_t>(width);
  float* const to = &out[row * columns];
  for (int k = -n; k <= n; ++k) {
    const int y = static_cast<int>(row) + k;
    if (y < 0 || y >= height) continue;
    const float* const from = &in[static_cast<std::size_t>(y) * columns];
    const float weight = w[static_cast<std::size_t>(k + n)];
    for (std::size_t x = 0; x < columns; ++x) to[x] += weight * from[x];
  }
}

void convolve_across(float* row, int width, const std::vector<float>& w, std::vector<float>& padded) {
  const std::size_t n = w.size() / 2;
  padded.assign(static_cast<std::size_t>(width) + 2 * n, 0.0F);
  std::copy_n(row, width, padded.begin() + static_cast<std::ptrdiff_t>(n));
  std::fill_n(row, width, 0.0F);
  for (std::size_t k = 0; k < w.size(); ++k)
    for (int x = 0; x < width; ++x) row[x] += w[k] * padded[static_cast<std::size_t>(x) + k];
}

}  // namespace

float amplitude_of(double db) {
  return static_cast<float>(std::pow(10.0, db / 20.0));
}

Spread spread_of(const PixelSize& pixel, int height, const SimulationOptions& o) {
  const double wavelength_mm = mm_per_us / o.frequency_mhz;
  Spread spread;
  spread.axial_px = 0.5 * o.pulse_cycles * wavelength_mm / fwhm_per_sd / pixel.y_mm;
  // Beam width at the focus: wavelength x f-number; it holds over a depth of field of 7 wavelengths x
  // f-number squared (Szabo 2014, Diagnostic Ultrasound Imaging, chapter 6), doubled for dynamic focusing on
  // receive.
  const double narrowest_mm = wavelength_mm * o.f_number;
  const double field_mm = 2.0 * 7.0 * wavelength_mm * o.f_number * o.f_number;
  spread.lateral_px.reserve(static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y)
    spread.lateral_px.push_back(narrowest_mm * std::hypot(1.0, (y * pixel.y_mm - o.focus_mm) / field_mm) /
                                fwhm_per_sd / pixel.x_mm);
  return spread;
}

std::vector<float> noise_scale(const Spread& spread, const PixelSize& pixel, double cell_mm) {
  const double axial = energy(gaussian(spread.axial_px), cell_mm / pixel.y_mm);
  std::vector<float> scale;
  scale.reserve(spread.lateral_px.size());
  for (const double sd : spread.lateral_px)
    scale.push_back(static_cast<float>(1.0 / std::sqrt(axial * energy(gaussian(sd), cell_mm / pixel.x_mm))));
  return scale;
}

void convolve(EchoField& field, const Spread& spread, unsigned threads) {
  const std::vector<float> down = gaussian(spread.axial_px);
  EchoField result(field.width, field.height);
  constexpr std::size_t rows_a_block = 16;
  parallel_for(
      static_cast<std::size_t>(field.height),
      [&](std::size_t begin, std::size_t end) {
        std::vector<float> padded;
        for (std::size_t y = begin; y < end; ++y) {
          const std::vector<float> across = gaussian(spread.lateral_px[y]);
          for (const auto part : {&EchoField::re, &EchoField::im}) {
            convolve_down(field.*part, result.*part, field.width, field.height, down, y);
            convolve_across(&(result.*part)[y * static_cast<std::size_t>(field.width)], field.width, across,
                            padded);
          }
        }
      },
      threads, rows_a_block);
  field = std::move(result);
}

void add_stroke(EchoField& field, const std::vector<PixelPoint>& points, const std::vector<float>& amplitude,
                const Spread& spread) {
  // A level line of unit density has this peak after the axial convolution.
  const auto peak = static_cast<float>(std::sqrt(2.0 * std::numbers::pi) * std::max(spread.axial_px, 0.4));
  const auto add = [&](int x, int y, float value) {
    if (x < 0 || y < 0 || x >= field.width || y >= field.height) return;
    field.re[static_cast<std::size_t>(y) * static_cast<std::size_t>(field.width) +
             static_cast<std::size_t>(x)] += value;
  };
  constexpr double step_px = 0.25;  // Fine beside the pixels that share each step's echo.
  for (std::size_t p = 0; p + 1 < points.size(); ++p) {
    const PixelPoint &a = points[p], &b = points[p + 1];
    const double run = std::hypot(b.x - a.x, b.y - a.y);
    const int steps = std::max(1, static_cast<int>(std::ceil(run / step_px)));
    for (int s = 0; s < steps; ++s) {
      const double t = (s + 0.5) / steps;
      const double x = a.x + t * (b.x - a.x), y = a.y + t * (b.y - a.y);
      if (!(x > -1.0 && y > -1.0 && x < field.width && y < field.height)) continue;
      const float level = amplitude[p] + static_cast<float>(t) * (amplitude[p + 1] - amplitude[p]);
      const float share = peak * level * static_cast<float>(run / steps);
      const int xi = static_cast<int>(std::floor(x)), yi = static_cast<int>(std::floor(y));
      const auto u = static_cast<float>(x - xi), v = static_cast<float>(y - yi);
      add(xi, yi, share * (1 - u) * (1 - v));
      add(xi + 1, yi, share * u * (1 - v));
      add(xi, yi + 1, share * (1 - u) * v);
      add(xi + 1, yi + 1, share * u * v);
    }
  }
}

void check(const SimulationOptions& o) {
  struct Range {
    const char* name;
    double value, low, high;
  };
  const auto looks = static_cast<double>(o.looks);
  for (const Range& r : {Range{"frequency_mhz", o.frequency_mhz, 2.0, 30.0},
                         {"pulse_cycles", o.pulse_cycles, 1.0, 20.0},
                         {"f_number", o.f_number, 0.5, 10.0},
                         {"focus_mm", o.focus_mm, 1.0, 300.0},
                         {"slice_mm", o.slice_mm, 0.0, 10.0},
                         {"tgc_db_cm_mhz", o.tgc_db_cm_mhz, 0.0, 5.0},
                         {"gain_db", o.gain_db, -100.0, 100.0},
                         {"dynamic_range_db", o.dynamic_range_db, 10.0, 150.0},
                         {"noise_db", o.noise_db, -300.0, 20.0},
                         {"max_gel_mm", o.max_gel_mm, 0.0, 50.0},
                         {"looks", looks, 1.0, 16.0},
                         {"assumed_fat_mm", o.assumed_fat_mm, 0.0, 100.0}})
    if (!(r.value >= r.low && r.value <= r.high)) {
      std::ostringstream text;
      text << "can't simulate ultrasound with " << r.name << " = " << r.value << "; " << r.low << " to "
           << r.high << " are allowed";
      throw InvalidInput(text.str());
    }
}

}  // namespace genu::ultrasound
