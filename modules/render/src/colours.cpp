// SPDX-License-Identifier: Apache-2.0
#include "colours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace genu::render {
namespace {

/// Returns linear-light sRGB of an Oklch colour; parts outside 0 to 1 are outside of the gamut.
std::array<double, 3> linear_srgb(double lightness, double chroma, double hue_deg) {
  const double hue = hue_deg * std::numbers::pi / 180.0;
  const double a = chroma * std::cos(hue), b = chroma * std::sin(hue);
  // The inverse matrices of Oklab's definition (B. Ottosson, "A perceptual color space for image processing",
  // 2020).
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
          -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
          -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

std::uint8_t srgb_byte(double linear) {
  const double c = std::clamp(linear, 0.0, 1.0);
  const double encoded =
      c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1.0 / 2.4) - 0.055;  // IEC 61966-2-1
  return static_cast<std::uint8_t>(std::lround(255.0 * encoded));
}

}  // namespace

Colour colour_of(Tissue tissue) {
  const auto& c = info(tissue).colour;
  return {c[0], c[1], c[2]};
}

Colour colour_of(const planning::Structure& structure) {
  if (const auto tissue = tissue_named(structure.name)) return colour_of(*tissue);
  switch (structure.kind) {
    case planning::StructureKind::bone:
      return bone_colour;
    case planning::StructureKind::cartilage:
      return colour_of(Tissue::femoral_cartilage);
    case planning::StructureKind::tendon:
      return colour_of(Tissue::patellar_tendon);
    case planning::StructureKind::ligament:
      return colour_of(Tissue::medial_collateral_ligament);
    case planning::StructureKind::vessel:
      return colour_of(Tissue::popliteal_artery);
    case planning::StructureKind::nerve:
      return colour_of(Tissue::tibial_nerve);
    case planning::StructureKind::meniscus:
      return colour_of(Tissue::medial_meniscus);
  }
  return bone_colour;
}

Colour thickness_colour(double part) {
  const double t = std::clamp(part, 0.0, 1.0);
  const double lightness = 0.30 + 0.63 * t;
  const double hue_deg = 300.0 - 195.0 * t;  // violet, blue, teal, green, yellow
  // As colourful as every step of the path can be on a screen (teal is the poorest), without a kink: a fitted
  // curve that stays inside the sRGB gamut.
  const double chroma = 0.098 + 0.22 * std::pow(std::abs(t - 0.43), 1.6);
  const auto c = linear_srgb(lightness, chroma, hue_deg);
  return {srgb_byte(c[0]), srgb_byte(c[1]), srgb_byte(c[2])};
}

Colour thickness_colour(double thickness_mm, cartilage::Region region, double max_mm) {
  if (region == cartilage::Region::outside) return bone_colour;
  if (std::isnan(thickness_mm)) return not_measured_colour;
  if (thickness_mm <= 0.0) return denuded_colour;
  return thickness_colour(thickness_mm / max_mm);
}

std::vector<Colour> colours_of(const cartilage::BoneMap& map, double max_mm) {
  std::vector<Colour> colours(map.surface.vertices().size(), bone_colour);
  for (std::size_t v = 0; v < colours.size() && v < map.region.size() && v < map.thickness_mm.size(); ++v)
    colours[v] = thickness_colour(map.thickness_mm[v], map.region[v], max_mm);
  return colours;
}

Colour change_colour(double part) {
  const double t = std::clamp(2.0 * part - 1.0, -1.0, 1.0);
  // Both ends are as dark as each other, so that neither sign looks larger; the middle is white.
  const double strength = std::abs(t);
  const auto c = linear_srgb(0.97 - 0.50 * strength, 0.17 * strength, t < 0.0 ? 27.0 : 258.0);
  return {srgb_byte(c[0]), srgb_byte(c[1]), srgb_byte(c[2])};
}

}  // namespace genu::render
