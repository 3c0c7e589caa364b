// SPDX-License-Identifier: Apache-2.0
// Simulated frames with a needle, small and quick.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include <genu/ultrasound/needle.h>
#include <genu/ultrasound/simulate.h>

namespace genu::ultrasound::scenes {

constexpr double degrees = 180.0 / std::numbers::pi;

struct Setting {
  double angle_deg = 30.0;
  double bend_mm = 0.0;
  double tip_depth_mm = 18.0;
  bool from_left = true, needle = true, bone = false;
  unsigned seed = 1;
  double texture =
      1.0;  ///< Of the muscle; bin/needle_table tells how often its septa hide or feign a needle.
};

struct Scene {
  Frame frame;
  SimulatedNeedle needle;
  std::vector<PixelPoint> shaft;  ///< What of it lies in the picture.
};

/// Muscle of 42 x 26 mm, 420 x 260 pixels.
inline Scene needle_scene(const Setting& s) {
  constexpr int width = 420, height = 260;
  constexpr PixelSize pixel{0.1, 0.1};
  AcousticPlane plane = tissue_plane(Tissue::muscle, width, height, pixel,
                                     {.fibre_angle_deg = 4.0, .texture = s.texture, .seed = s.seed});
  if (s.bone) {
    std::vector<double> rows(width);
    for (int x = 0; x < width; ++x)
      rows[static_cast<std::size_t>(x)] = 160.0 + 60.0 * std::pow((x - 200) / 210.0, 2);
    add_bone(plane, rows);
  }
  Scene scene;
  const double y = s.tip_depth_mm / pixel.y_mm, reach = std::min(y / std::tan(s.angle_deg / degrees), 500.0);
  const double x = std::clamp(reach, 150.0, 270.0);
  scene.needle.tip = {s.from_left ? x : width - 1.0 - x, y};
  scene.needle.entry = {s.from_left ? x - reach : width - 1.0 - x + reach,
                        y - reach * std::tan(s.angle_deg / degrees)};
  scene.needle.bend_mm = s.bend_mm;
  const std::array needles{scene.needle};
  scene.frame = simulate_frame(
      plane, s.needle ? std::span<const SimulatedNeedle>(needles) : std::span<const SimulatedNeedle>(),
      {.looks = 2, .seed = s.seed});
  scene.shaft = shaft_of(scene.needle, pixel);
  std::erase_if(scene.shaft, [](const PixelPoint& p) {
    return p.x < 0 || p.y < 0 || p.x > width - 1 || p.y > height - 1;
  });
  return scene;
}

inline double distance_px(const PixelPoint& a, const PixelPoint& b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

/// Mean distance of the true shaft from the found curve.
inline double distance_to_shaft_px(const NeedleInImage& found, const Scene& scene) {
  double sum = 0.0;
  for (const PixelPoint& p : scene.shaft) {
    double nearest = 1e9;
    for (int n = -40; n <= 140; ++n) nearest = std::min(nearest, distance_px(p, found.at(n / 100.0)));
    sum += nearest;
  }
  return sum / static_cast<double>(scene.shaft.size());
}

/// Draws a soft bright curve: where it is, t pixels from its begin.
template <typename Curve>
void draw_soft(Frame& frame, double length, const Curve& place, double peak = 200.0) {
  for (double t = 0.0; t < length; t += 0.25) {
    const PixelPoint p = place(t);
    for (int dy = -3; dy <= 3; ++dy)
      for (int dx = -3; dx <= 3; ++dx) {
        const int x = static_cast<int>(std::lround(p.x)) + dx, y = static_cast<int>(std::lround(p.y)) + dy;
        if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) continue;
        const double d2 = (x - p.x) * (x - p.x) + (y - p.y) * (y - p.y);
        std::uint8_t& v = frame.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
                                       static_cast<std::size_t>(x)];
        v = std::max(v, static_cast<std::uint8_t>(peak * std::exp(-0.5 * d2 / 1.5)));
      }
  }
}

inline Frame mirror(const Frame& frame) {
  Frame result = frame;
  for (int y = 0; y < frame.height; ++y)
    for (int x = 0; x < frame.width; ++x)
      result.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
                    static_cast<std::size_t>(x)] = frame.at(frame.width - 1 - x, y);
  return result;
}

}  // namespace genu::ultrasound::scenes
