// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/simulate.h>

// The complex echo before and after the point spread function, and what the beam is worth at each pixel.
namespace genu::ultrasound {

/// Two planes of floats, row by row: real and imaginary part.
struct EchoField {
  int width = 0, height = 0;
  std::vector<float> re, im;
  EchoField(int w, int h)
      : width(w), height(h), re(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)), im(re.size()) {}
};

/// The point spread function: Gaussians in depth and across.
struct Spread {
  double axial_px = 0.0;           ///< Standard deviation.
  std::vector<double> lateral_px;  ///< One a row.
};
Spread spread_of(const PixelSize& pixel, int height, const SimulationOptions& options);

/// Returns, per row, what noise must be multiplied with to have its variance after convolve().
/// \param cell_mm pixels this near to each other share their noise; 0 = none do
std::vector<float> noise_scale(const Spread& spread, const PixelSize& pixel, double cell_mm);
/// Convolves with the point spread function; its weights add up to 1.
void convolve(EchoField& field, const Spread& spread, unsigned threads);

/// Adds a line of specular echo; its peak is `amplitude` where it is level. One amplitude a point.
void add_stroke(EchoField& field, const std::vector<PixelPoint>& points, const std::vector<float>& amplitude,
                const Spread& spread);

/// Returns the amplitude of a level in dB.
float amplitude_of(double db);

/// Adds a needle's echoes. \param beam amplitude that arrives at each pixel and is heard from there
void add_needle(EchoField& field, const SimulatedNeedle& needle, const std::vector<float>& beam,
                const PixelSize& pixel, const Spread& spread, const SimulationOptions& options);
/// Takes off the beam what a needle keeps from the pixels below it.
void add_needle_loss(std::vector<float>& extra_loss_db, int width, int height, const SimulatedNeedle& needle,
                     const PixelSize& pixel, double slice_mm);

void check(const SimulatedNeedle& needle);
void check(const SimulationOptions& options);

/// Returns the image; `noise_seed` is that of the receiver's noise alone.
Frame image_of(const AcousticPlane& plane, std::span<const SimulatedNeedle> needles,
               const SimulationOptions& options, std::uint64_t noise_seed);

}  // namespace genu::ultrasound
