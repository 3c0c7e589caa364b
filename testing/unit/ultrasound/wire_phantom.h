// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/ultrasound/wires.h>

namespace genu::testing {

/// The three N of the fCal 2.0 phantom (Lasso et al. 2014), mm.
inline std::vector<ultrasound::NWire> three_n() {
  return {
      {{{"g1", {30, 0, 20}, {30, 40, 20}},
        {"l1", {55, 0, 20}, {35, 40, 20}},
        {"m1", {60, 0, 20}, {60, 40, 20}}}},
      {{{"g3", {30, 0, 10}, {30, 40, 10}},
        {"h3", {35, 0, 10}, {55, 40, 10}},
        {"m3", {60, 0, 10}, {60, 40, 10}}}},
      {{{"h5", {35, 0, 0}, {35, 40, 0}}, {"l5", {55, 0, 0}, {40, 40, 0}}, {"m5", {60, 0, 0}, {60, 40, 0}}}}};
}

/// The two N of the fCal 1.0 phantom: it looks the same turned by 180 degrees about its z.
inline std::vector<ultrasound::NWire> two_n() {
  return {
      {{{"e3", {20, 0, 5}, {20, 40, 5}}, {"f3", {25, 0, 5}, {45, 40, 5}}, {"k3", {50, 0, 5}, {50, 40, 5}}}},
      {{{"e4", {20, 0, 0}, {20, 40, 0}}, {"j4", {45, 0, 0}, {25, 40, 0}}, {"k4", {50, 0, 0}, {50, 40, 0}}}}};
}

/// An image of 820 x 616 pixels of 0.08 x 0.074 mm that looks down on the wires: its middle column near
/// (45, 20 + along_mm), its first row 35 mm above the lowest N, turned by small angles.
inline AffineTransform phantom_from_image(double along_mm = 0.0, double yaw_deg = 0.0, double pitch_deg = 0.0,
                                          double roll_deg = 0.0) {
  const Point3 top{45.0, 20.0 + along_mm, 35.0};
  // x of the picture runs along the phantom's x, y downwards.
  const RigidTransform down(Matrix3::from_columns({1, 0, 0}, {0, 0, -1}, {0, 1, 0}), top - Point3{});
  const RigidTransform turned = RigidTransform::rotation_about(top, {0, 0, 1}, yaw_deg) *
                                RigidTransform::rotation_about(top, {1, 0, 0}, pitch_deg) *
                                RigidTransform::rotation_about(top, {0, 1, 0}, roll_deg) * down;
  const AffineTransform plane_from_image(Matrix3{{{{0.08, 0, 0}, {0, 0.074, 0}, {0, 0, 0.077}}}},
                                         {-32.8, 0, 0});
  return turned * plane_from_image;
}

/// Returns where the image cuts each wire.
inline std::vector<std::array<PixelPoint, 3>> cuts(const AffineTransform& from_image,
                                                   const std::vector<ultrasound::NWire>& phantom) {
  const AffineTransform image = from_image.inverse();
  std::vector<std::array<PixelPoint, 3>> result;
  for (const ultrasound::NWire& n : phantom) {
    result.emplace_back();
    for (std::size_t w = 0; w < 3; ++w) {
      const Point3 a = image(n[w].front), b = image(n[w].back);
      const Point3 p = lerp(a, b, a.z / (a.z - b.z));
      result.back()[w] = {p.x, p.y};
    }
  }
  return result;
}

/// Draws the echoes of wires: wider across the beam than along it, on a dim ground of noise.
inline Frame picture_of(const std::vector<std::array<PixelPoint, 3>>& points, unsigned seed = 1) {
  Frame frame{820, 616, 1, {}};
  std::mt19937 random(seed);
  for (std::size_t p = 0; p < frame.pixel_count(); ++p)
    frame.pixels.push_back(static_cast<std::uint8_t>(random() % 12));
  double peak = 120.0;
  for (const auto& n : points)
    for (const PixelPoint& p : n) {
      peak = peak > 230.0 ? 90.0 : peak + 20.0;
      for (int y = static_cast<int>(p.y) - 15; y <= p.y + 16; ++y)
        for (int x = static_cast<int>(p.x) - 25; x <= p.x + 26; ++x) {
          if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) continue;
          auto& pixel = frame.pixels[static_cast<std::size_t>(y) * 820 + static_cast<std::size_t>(x)];
          const double bell = peak * std::exp(-(x - p.x) * (x - p.x) / 50.0 - (y - p.y) * (y - p.y) / 8.0);
          pixel = static_cast<std::uint8_t>(std::min(255.0, pixel + bell));
        }
    }
  return frame;
}

}  // namespace genu::testing
