// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>

#include "echo_field.h"
#include "lattice_noise.h"

namespace genu::ultrasound {
namespace {

// The echo of a shaft falls about in proportion to its angle to the face (Bradley 2001, J Ultrasound Med;
// Schafhalter-Zoppoth et al. 2004, Reg Anesth Pain Med 29:480); levels set by eye beside real needles.
constexpr double level_shaft_db = 0.0;
constexpr double loss_db_per_deg = 0.42;
constexpr double tip_db = 7.0;          // Of the bevel, over the shaft ...
constexpr double least_tip_db = -24.0;  // ... and at any angle: an edge scatters to all sides.
constexpr double bevel_lengths =
    2.5;  // Diameters that a bevel is long (ISO 7864: 11 to 18 degrees, rounded).
constexpr int copies = 5;
constexpr double copy_db = -10.0;  // Of each reverberation to the one before, when the shaft lies level.

/// The tilt of the line between two points to the face.
double steepness_deg(const PixelPoint& a, const PixelPoint& b, const PixelSize& pixel) {
  return std::atan2(std::abs(b.y - a.y) * pixel.y_mm, std::abs(b.x - a.x) * pixel.x_mm) * 180.0 /
         std::numbers::pi;
}

/// Returns how much of a place's echo comes back for its distance from the image plane; t from entry to tip.
float in_slice(const SimulatedNeedle& n, double t, double slice_mm) {
  const double off_mm = n.entry_out_of_plane_mm + t * (n.tip_out_of_plane_mm - n.entry_out_of_plane_mm);
  const double sd_mm = std::max(slice_mm, 0.2) / 2.3548;
  return static_cast<float>(std::exp(-0.5 * off_mm * off_mm / (sd_mm * sd_mm)));
}

float beam_at(const std::vector<float>& beam, int width, int height, const PixelPoint& p) {
  const int x = static_cast<int>(std::lround(p.x)), y = static_cast<int>(std::lround(p.y));
  if (x < 0 || y < 0 || x >= width || y >= height) return 0.0F;
  return beam[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
}

}  // namespace

std::vector<PixelPoint> shaft_of(const SimulatedNeedle& needle, const PixelSize& pixel) {
  const double run_mm = (needle.tip.x - needle.entry.x) * pixel.x_mm;
  const double rise_mm = (needle.tip.y - needle.entry.y) * pixel.y_mm;
  const double length_mm = std::hypot(run_mm, rise_mm);
  const double side = run_mm < 0.0 ? -1.0 : 1.0;  // The bow goes down, whichever side the needle comes from.
  const double nx = side * -rise_mm / length_mm / pixel.x_mm, ny = side * run_mm / length_mm / pixel.y_mm;
  const int steps = std::max(
      1,
      static_cast<int>(std::ceil(std::hypot(needle.tip.x - needle.entry.x, needle.tip.y - needle.entry.y))));
  std::vector<PixelPoint> points;
  points.reserve(static_cast<std::size_t>(steps) + 1);
  for (int s = 0; s <= steps; ++s) {
    const double t = static_cast<double>(s) / steps;
    const double bow_mm = 4.0 * needle.bend_mm * t * (1.0 - t);
    points.push_back({needle.entry.x + t * (needle.tip.x - needle.entry.x) + bow_mm * nx,
                      needle.entry.y + t * (needle.tip.y - needle.entry.y) + bow_mm * ny});
  }
  return points;
}

void check(const SimulatedNeedle& n) {
  const double length = std::hypot(n.tip.x - n.entry.x, n.tip.y - n.entry.y);
  std::ostringstream problem;
  if (!(length >= 1.0 && length < 1e5))
    problem << "from (" << n.entry.x << ", " << n.entry.y << ") to (" << n.tip.x << ", " << n.tip.y << ")";
  else if (!(n.diameter_mm >= 0.1 && n.diameter_mm <= 5.0))
    problem << "of " << n.diameter_mm << " mm diameter";
  else if (!(std::abs(n.bend_mm) <= 50.0))
    problem << "bent by " << n.bend_mm << " mm";
  else if (!(std::isfinite(n.entry_out_of_plane_mm) && std::isfinite(n.tip_out_of_plane_mm) &&
             std::isfinite(n.echo_db)))
    problem << "out of plane by " << n.entry_out_of_plane_mm << " to " << n.tip_out_of_plane_mm
            << " mm, with " << n.echo_db << " dB";
  else if (!(n.visible_from >= 0.0 && n.visible_to <= 1.0 && n.visible_from <= n.visible_to))
    problem << "seen from " << n.visible_from << " to " << n.visible_to;
  if (!problem.str().empty()) throw InvalidInput("can't simulate a needle " + problem.str());
}

void add_needle(EchoField& field, const SimulatedNeedle& needle, const std::vector<float>& beam,
                const PixelSize& pixel, const Spread& spread, const SimulationOptions& options) {
  const std::vector<PixelPoint> shaft = shaft_of(needle, pixel);
  const double step_mm =
      std::hypot((shaft[1].x - shaft[0].x) * pixel.x_mm, (shaft[1].y - shaft[0].y) * pixel.y_mm);
  const auto count = static_cast<double>(shaft.size() - 1);
  std::vector<float> level(shaft.size()), copy(shaft.size());
  double steepest = 0.0;
  for (std::size_t i = 0; i < shaft.size(); ++i) {
    const double t = static_cast<double>(i) / count;
    const double tilt = i + 1 < shaft.size() ? steepness_deg(shaft[i], shaft[i + 1], pixel)
                                             : steepness_deg(shaft[i - 1], shaft[i], pixel);
    steepest = std::max(steepest, tilt);
    double db = level_shaft_db - loss_db_per_deg * tilt + needle.echo_db;
    // Shafts flicker along their length.
    const double along_mm = static_cast<double>(i) * step_mm;
    db += 5.0 * smooth_noise({along_mm / 4.0, 0.5, 0.5}, options.seed ^ 0xbeadULL) +
          3.0 * smooth_noise({along_mm / 0.8, 1.5, 0.5}, options.seed ^ 0xbeadULL);
    const double from_tip_mm = (count - static_cast<double>(i)) * step_mm;
    if (needle.bevel && from_tip_mm < bevel_lengths * needle.diameter_mm)
      db = std::max(db + tip_db, least_tip_db + needle.echo_db);
    const bool shows = t >= needle.visible_from && t <= needle.visible_to;
    level[i] = (shows ? in_slice(needle, t, options.slice_mm) : 0.0F) * amplitude_of(db) *
               beam_at(beam, field.width, field.height, shaft[i]);
  }
  add_stroke(field, shaft, level, spread);
  const double level_part = std::cos(std::min(steepest, 89.0) * std::numbers::pi / 180.0);
  std::vector<PixelPoint> below = shaft;
  for (int k = 1; k <= copies; ++k) {
    // Sound that runs to and fro between the walls comes back later by the same time again each turn; walls
    // that lean send more of it away.
    const float part = amplitude_of(copy_db * k) * static_cast<float>(std::pow(level_part, 2 * k));
    for (std::size_t i = 0; i < shaft.size(); ++i) {
      below[i].y = shaft[i].y + k * needle.diameter_mm / pixel.y_mm;
      const double flicker_db = 5.0 * smooth_noise({static_cast<double>(i) * step_mm / 1.5, 0.5, k + 2.5},
                                                   options.seed ^ 0xbeadULL);
      copy[i] = (k % 2 == 0 ? 1.0F : -1.0F) * part * amplitude_of(flicker_db) * level[i];
    }
    add_stroke(field, below, copy, spread);
  }
}

void add_needle_loss(std::vector<float>& extra_loss_db, int width, int height, const SimulatedNeedle& needle,
                     const PixelSize& pixel, double slice_mm) {
  constexpr double shadow_db = 4.0;  // Of a 22 G needle, by eye; wider ones keep more.
  const std::vector<PixelPoint> shaft = shaft_of(needle, pixel);
  std::vector<bool> met(static_cast<std::size_t>(width));
  for (std::size_t i = 0; i < shaft.size(); ++i) {
    const int x = static_cast<int>(std::lround(shaft[i].x)),
              y = static_cast<int>(std::lround(shaft[i].y)) + 1;
    if (x < 0 || y < 0 || x >= width || y >= height || met[static_cast<std::size_t>(x)]) continue;
    met[static_cast<std::size_t>(x)] = true;
    const float seen =
        in_slice(needle, static_cast<double>(i) / static_cast<double>(shaft.size() - 1), slice_mm);
    extra_loss_db[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)] +=
        seen * static_cast<float>(shadow_db * needle.diameter_mm / 0.72);
  }
}

}  // namespace genu::ultrasound
