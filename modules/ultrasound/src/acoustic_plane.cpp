// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>
#include <genu/ultrasound/acoustic_plane.h>

#include "tissue_acoustics.h"

namespace genu::ultrasound {
namespace {

// A linear probe's images have 200 to 1000 rows of 0.03 to 0.2 mm; the limits leave room on both sides.
constexpr int smallest_side = 8, largest_side = 4096;
constexpr double smallest_pixel_mm = 0.005, largest_pixel_mm = 2.0;

void check_size(int width, int height, const PixelSize& pixel) {
  std::ostringstream problem;
  if (width < smallest_side || width > largest_side || height < smallest_side || height > largest_side)
    problem << "its size is " << width << " x " << height << ", and " << smallest_side << " to "
            << largest_side << " are allowed";
  for (const double size : {pixel.x_mm, pixel.y_mm})
    if (problem.str().empty() && !(size >= smallest_pixel_mm && size <= largest_pixel_mm))
      problem << "a pixel is " << pixel.x_mm << " x " << pixel.y_mm << " mm, and " << smallest_pixel_mm
              << " to " << largest_pixel_mm << " are allowed";
  if (!problem.str().empty()) throw InvalidInput("can't simulate an image: " + problem.str());
}

void refuse(const char* what, std::size_t has, std::size_t wanted) {
  std::ostringstream text;
  text << "an acoustic plane has " << has << " values of " << what << ", not " << wanted;
  throw InvalidInput(text.str());
}

template <typename T>
void check_count(const char* what, const std::vector<T>& values, std::size_t wanted) {
  if (values.size() != wanted) refuse(what, values.size(), wanted);
}

void check_values(const char* what, const std::vector<float>& values, float low, float high) {
  for (const float v : values)
    if (!(v >= low && v <= high)) {
      std::ostringstream text;
      text << "an acoustic plane has " << what << " of " << v << ", not " << low << " to " << high;
      throw InvalidInput(text.str());
    }
}

}  // namespace

void check(const AcousticPlane& plane) {
  check_size(plane.width, plane.height, plane.pixel);
  const std::size_t pixels = plane.pixel_count();
  const auto columns = static_cast<std::size_t>(plane.width);
  check_count("backscatter", plane.backscatter_db, pixels);
  check_count("attenuation", plane.attenuation_db_cm_mhz, pixels);
  check_count("impedance", plane.impedance_mrayl, pixels);
  check_count("bone", plane.bone_px, columns);
  check_count("contact", plane.contact, columns);
  if (!plane.bone_tilt_deg.empty()) check_count("bone tilt", plane.bone_tilt_deg, columns);
  if (!plane.scatterers.empty()) check_count("scatterers", plane.scatterers, pixels);
  if (!(plane.scatterer_mm >= 0.0 && plane.scatterer_mm <= 1.0)) {
    std::ostringstream text;
    text << "an acoustic plane has scatterers of " << plane.scatterer_mm << " mm, not 0 to 1";
    throw InvalidInput(text.str());
  }
  check_values("backscatter (dB)", plane.backscatter_db, -1000.0F, 40.0F);
  check_values("attenuation (dB/cm/MHz)", plane.attenuation_db_cm_mhz, 0.0F, 1000.0F);
  check_values("impedance (MRayl)", plane.impedance_mrayl, 1e-4F, 100.0F);
}

AcousticPlane tissue_plane(Tissue tissue, int width, int height, const PixelSize& pixel,
                           const TissuePlaneOptions& options) {
  check_size(width, height, pixel);
  if (is_bone(tissue)) throw InvalidInput("no sound enters a plane of bone: use add_bone");
  if (!std::isfinite(options.fibre_angle_deg) || !(options.texture >= 0.0 && options.texture <= 3.0)) {
    std::ostringstream text;
    text << "a tissue's fibres are at " << options.fibre_angle_deg << " degrees and its texture is "
         << options.texture << " (0 to 3)";
    throw InvalidInput(text.str());
  }
  AcousticPlane plane{.width = width, .height = height, .pixel = pixel};
  const Acoustics acoustics = acoustics_of(tissue);
  const std::size_t pixels = plane.pixel_count();
  plane.backscatter_db.assign(pixels, acoustics.backscatter_db);
  plane.attenuation_db_cm_mhz.assign(pixels, acoustics.attenuation_db_cm_mhz);
  plane.impedance_mrayl.assign(pixels, acoustics.impedance_mrayl);
  plane.bone_px.assign(static_cast<std::size_t>(width), std::numeric_limits<double>::quiet_NaN());
  plane.contact.assign(static_cast<std::size_t>(width), 1);
  if (options.texture == 0.0) return plane;
  const double angle = options.fibre_angle_deg * std::numbers::pi / 180.0;
  const float lost =
      options.across_fibres ? 0.0F : anisotropy_db(acoustics.texture, std::abs(options.fibre_angle_deg));
  std::size_t i = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x, ++i) {
      const double x_mm = x * pixel.x_mm, y_mm = y * pixel.y_mm;
      const double along = x_mm * std::cos(angle) + y_mm * std::sin(angle);
      const double across = y_mm * std::cos(angle) - x_mm * std::sin(angle);
      const Vector3 q = options.across_fibres ? Vector3{0.0, along, across} : Vector3{along, 0.0, across};
      plane.backscatter_db[i] +=
          lost + static_cast<float>(options.texture) * texture_db(acoustics.texture, q, options.seed);
    }
  return plane;
}

void add_layer(AcousticPlane& plane, const Layer& layer) {
  check(plane);
  const double run_mm = (layer.to.x - layer.from.x) * plane.pixel.x_mm;
  const double rise_mm = (layer.to.y - layer.from.y) * plane.pixel.y_mm;
  const double length_mm = std::hypot(run_mm, rise_mm);
  if (!(length_mm > 0.0 && length_mm < 1e4 && std::abs(layer.sagitta_mm) <= 0.5 * length_mm &&
        layer.thickness_mm > 0.0 && layer.thickness_mm <= 10.0 && layer.impedance_mrayl > 0.1 &&
        layer.impedance_mrayl < 20.0)) {
    std::ostringstream text;
    text << "no layer of " << length_mm << " mm length, " << layer.sagitta_mm << " mm sagitta, "
         << layer.thickness_mm << " mm thickness and " << layer.impedance_mrayl << " MRayl";
    throw InvalidInput(text.str());
  }
  const double ux = run_mm / length_mm, uy = rise_mm / length_mm;
  // A fascia returns sound at any angle, weakly: by eye, beside real ones.
  constexpr double fascia_db = -27.0;
  constexpr double taper_mm = 1.5;
  const double side = ux < 0.0 ? -1.0 : 1.0;  // Downwards, whichever end comes first.
  std::size_t i = 0;
  for (int y = 0; y < plane.height; ++y)
    for (int x = 0; x < plane.width; ++x, ++i) {
      const double px = (x - layer.from.x) * plane.pixel.x_mm, py = (y - layer.from.y) * plane.pixel.y_mm;
      const double t = (px * ux + py * uy) / length_mm;
      const double end = std::min(t, 1.0 - t) * length_mm;
      if (end < 0.0) continue;
      const double off = side * (py * ux - px * uy) - 4.0 * layer.sagitta_mm * t * (1.0 - t);
      const double half = 0.5 * layer.thickness_mm;
      const double cover = std::clamp((half - std::abs(off)) / plane.pixel.y_mm + 0.5, 0.0, 1.0) *
                           std::min(end / taper_mm, 1.0);
      if (cover <= 0.0) continue;
      plane.impedance_mrayl[i] +=
          static_cast<float>(cover * (layer.impedance_mrayl - plane.impedance_mrayl[i]));
      plane.backscatter_db[i] = std::max(
          plane.backscatter_db[i],
          static_cast<float>(plane.backscatter_db[i] + cover * (fascia_db - plane.backscatter_db[i])));
    }
}

void add_bone(AcousticPlane& plane, std::vector<double> bone_px) {
  check(plane);
  check_count("bone", bone_px, static_cast<std::size_t>(plane.width));
  const Acoustics bone = acoustics_of(Tissue::femur);
  for (int x = 0; x < plane.width; ++x) {
    const double top = bone_px[static_cast<std::size_t>(x)];
    if (std::isnan(top)) continue;
    if (!(top >= 0.0)) {
      std::ostringstream text;
      text << "bone can't begin at row " << top;
      throw InvalidInput(text.str());
    }
    for (int y = static_cast<int>(std::min(std::ceil(top), static_cast<double>(plane.height)));
         y < plane.height; ++y) {
      const std::size_t i =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width) + static_cast<std::size_t>(x);
      plane.backscatter_db[i] = bone.backscatter_db;
      plane.attenuation_db_cm_mhz[i] = bone.attenuation_db_cm_mhz;
    }
  }
  plane.bone_px = std::move(bone_px);
  plane.bone_tilt_deg.clear();
}

}  // namespace genu::ultrasound
