// SPDX-License-Identifier: Apache-2.0
// A transverse suprapatellar picture with known bone and cartilage, simulated from drawn lines.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <genu/ultrasound/acoustic_plane.h>
#include <genu/ultrasound/simulate.h>
#include <genu/ultrasound/trochlear_zones.h>

namespace genu::ultrasound::drawn {

struct Trochlea {
  double thickness_mm = 2.5;  ///< Along the bone's normal, everywhere.
  double depth_mm = 17.0;     ///< Of the sulcus.
  double sulcus_mm = 5.0;     ///< How deep it lies below its surroundings.
  double half_width_mm = 8.0;
  double tilt_deg = 0.0;    ///< Of the probe, about the sulcus.
  double centre_mm = 19.0;  ///< From the left of the picture.
  double width_mm = 38.0, height_mm = 40.0;
  double pixel_mm = 0.1;
  bool cartilage = true;
  bool bone = true;
  std::uint64_t seed = 1;
};

struct Picture {
  Frame frame;
  TrochlearContours truth;  ///< `near` and `far` are the cartilage's surface.
};

inline Picture picture_of(const Trochlea& t, SimulationOptions options = {}) {
  const int width = static_cast<int>(std::lround(t.width_mm / t.pixel_mm));
  const int height = static_cast<int>(std::lround(t.height_mm / t.pixel_mm));
  const double slope = std::tan(t.tilt_deg / 57.29577951308232);
  // A valley between two facets, and its slope, in mm.
  const auto bone_at = [&](double x) {
    const double d = (x - t.centre_mm) / t.half_width_mm;
    return t.depth_mm - t.sulcus_mm * (1.0 - std::exp(-d * d)) + slope * (x - t.centre_mm);
  };
  const auto slope_at = [&](double x) {
    const double d = (x - t.centre_mm) / t.half_width_mm;
    return -2.0 * t.sulcus_mm * d / t.half_width_mm * std::exp(-d * d) + slope;
  };
  const auto columns = static_cast<std::size_t>(width);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Picture picture;
  std::vector<double> near(columns, nan), bone(columns, nan);
  for (int x = 0; x < width; ++x) bone[static_cast<std::size_t>(x)] = bone_at(x * t.pixel_mm) / t.pixel_mm;
  // The surface of the cartilage, point by point of the bone; the highest wins in each column.
  for (double x = -5.0; x < t.width_mm + 5.0; x += 0.2 * t.pixel_mm) {
    const double s = slope_at(x), n = std::hypot(1.0, s);
    const auto column = std::lround((x + t.thickness_mm * s / n) / t.pixel_mm);
    if (column < 0 || column >= width) continue;
    const double row = (bone_at(x) - t.thickness_mm / n) / t.pixel_mm;
    double& value = near[static_cast<std::size_t>(column)];
    if (!(value < row)) value = row;
  }
  const PixelSize size{t.pixel_mm, t.pixel_mm};
  AcousticPlane plane = tissue_plane(Tissue::muscle, width, height, size, {.seed = t.seed});
  const AcousticPlane fat = tissue_plane(Tissue::fat, width, height, size, {.seed = t.seed + 1});
  const AcousticPlane fat_pad =
      tissue_plane(Tissue::infrapatellar_fat_pad, width, height, size, {.seed = t.seed + 2});
  const AcousticPlane layer =
      tissue_plane(Tissue::femoral_cartilage, width, height, size, {.seed = t.seed + 3});
  const auto copy = [&](const AcousticPlane& from, int x, double begin, double end) {
    for (int y = std::max(0, static_cast<int>(std::lround(begin)));
         y < std::min(height, static_cast<int>(std::lround(end))); ++y) {
      const auto i = static_cast<std::size_t>(y) * columns + static_cast<std::size_t>(x);
      plane.backscatter_db[i] = from.backscatter_db[i];
      plane.attenuation_db_cm_mhz[i] = from.attenuation_db_cm_mhz[i];
      plane.impedance_mrayl[i] = from.impedance_mrayl[i];
    }
  };
  for (int x = 0; x < width; ++x) {
    const auto n = static_cast<std::size_t>(x);
    copy(fat, x, 0.0, 4.0 / t.pixel_mm);
    if (!t.bone) continue;
    if (t.cartilage) copy(fat_pad, x, near[n] - 3.0 / t.pixel_mm, near[n]);
    if (t.cartilage) copy(layer, x, near[n], bone[n]);
  }
  if (t.bone) add_bone(plane, bone);
  options.seed = t.seed;
  picture.frame = simulate_frame(plane, {}, options);
  picture.truth = {near, near, bone};
  return picture;
}

}  // namespace genu::ultrasound::drawn
