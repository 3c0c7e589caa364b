// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include <genu/core/error.h>
#include <genu/ultrasound/region.h>

namespace genu::ultrasound {
namespace {

constexpr double mm_per_cm = 10.0;

constexpr std::array<std::string_view, 13> units{"none", "percent", "dB",    "cm",  "s",     "Hz",     "dB/s",
                                                 "cm/s", "cm2",     "cm2/s", "cm3", "cm3/s", "degrees"};
constexpr std::array<std::string_view, 6> formats{"none", "2D", "M-mode", "spectral", "waveform", "graphics"};
constexpr std::array<std::string_view, 19> contents{"none",
                                                    "tissue",
                                                    "colour flow",
                                                    "PW Doppler",
                                                    "CW Doppler",
                                                    "Doppler mean trace",
                                                    "Doppler mode trace",
                                                    "Doppler maximum trace",
                                                    "volume trace",
                                                    "d(volume)/dt trace",
                                                    "ECG trace",
                                                    "pulse trace",
                                                    "phonocardiogram",
                                                    "grey bar",
                                                    "colour bar",
                                                    "integrated backscatter",
                                                    "area trace",
                                                    "d(area)/dt trace",
                                                    "other trace"};

template <typename Enum, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum code) {
  const auto place = static_cast<std::size_t>(code);
  return place < N ? names[place] : "unknown";
}

std::string text(double value) {
  std::array<char, 32> digits;
  std::snprintf(digits.data(), digits.size(), "%.6g", value);
  return digits.data();
}

std::string bounds_text(const UltrasoundRegion& r) {
  return "x " + std::to_string(r.min_x) + ".." + std::to_string(r.max_x) + ", y " + std::to_string(r.min_y) +
         ".." + std::to_string(r.max_y);
}

bool contains(const UltrasoundRegion& r, const PixelPoint& p) {
  const auto within = [](double at, std::int64_t first, std::int64_t last) {
    return at >= static_cast<double>(first) - 0.5 && at < static_cast<double>(last) + 0.5;
  };
  return within(p.x, r.min_x, r.max_x) && within(p.y, r.min_y, r.max_y);
}

double area(const UltrasoundRegion& r) {
  return static_cast<double>(r.max_x - r.min_x + 1) * static_cast<double>(r.max_y - r.min_y + 1);
}

std::string axis_complaint(const char* axis, const RegionAxis& a) {
  if (a.unit != RegionUnit::centimetre)
    return std::string(axis) + " is in '" + std::string(name(a.unit)) + "' and not in cm";
  if (!std::isfinite(a.delta)) return std::string("the physical delta of ") + axis + " is no number";
  if (a.delta == 0.0) return std::string("the physical delta of ") + axis + " is 0";
  // From the finest of microscopes for the skin, far below what sound resolves, to ten times the coarsest
  // screen.
  constexpr double least_cm = 1e-4, most_cm = 1.0;
  if (!(std::abs(a.delta) >= least_cm && std::abs(a.delta) <= most_cm)) {
    std::ostringstream text;
    text << "the physical delta of " << axis << " is " << a.delta << " cm, which no ultrasound picture has";
    return text.str();
  }
  return {};
}

std::string reason_without_scale(const UltrasoundRegion& r, int width, int height,
                                 const ScaleOptions& options) {
  switch (place_of(r, width, height)) {
    case RegionPlace::empty:
      return "it holds no pixel (" + bounds_text(r) + ")";
    case RegionPlace::outside:
      return "it lies outside of the picture (" + bounds_text(r) + ")";
    case RegionPlace::reaches_out:
      if (!options.trust_cropped)
        return "it reaches out of the picture (" + bounds_text(r) + " in " + std::to_string(width) + " x " +
               std::to_string(height) +
               "), which was cropped or made smaller since: its deltas may not be those of these pixels";
      break;
    case RegionPlace::inside:
    case RegionPlace::edge:
      break;
  }
  if (r.format != RegionFormat::two_dimensional)
    return "its format is '" + std::string(name(r.format)) + "' and not 2D";
  const std::string x = axis_complaint("x", r.x);
  return x.empty() ? axis_complaint("y", r.y) : x;
}

/// Warns where a length is not of an ultrasound picture: the deltas are then mostly in mm instead of cm.
void check_extent(const UltrasoundRegion& r, const RegionScale& scale, const std::string& name_of_region,
                  std::vector<std::string>& warnings) {
  constexpr double shallowest_mm = 4.0;  // high-frequency skin probes show 5 mm
  constexpr double deepest_mm = 400.0;   // abdominal probes show up to 30 cm, cardiac ones up to 40 cm
  const double depth_mm = static_cast<double>(r.max_y - r.min_y + 1) * scale.pixel_size->y_mm;
  if (depth_mm < shallowest_mm || depth_mm > deepest_mm)
    warnings.push_back(name_of_region + " would be " + text(depth_mm) +
                       " mm deep, which no ultrasound image is: are its deltas in cm?");
}

}  // namespace

std::string_view name(RegionUnit unit) {
  return name_in(units, unit);
}
std::string_view name(RegionFormat format) {
  return name_in(formats, format);
}
std::string_view name(RegionContent content) {
  return name_in(contents, content);
}

RegionPlace place_of(const UltrasoundRegion& r, int width, int height) {
  if (r.max_x < r.min_x || r.max_y < r.min_y) return RegionPlace::empty;
  if (r.min_x >= width || r.min_y >= height || r.max_x < 0 || r.max_y < 0) return RegionPlace::outside;
  if (r.min_x < 0 || r.min_y < 0 || r.max_x > width || r.max_y > height) return RegionPlace::reaches_out;
  return r.max_x == width || r.max_y == height ? RegionPlace::edge : RegionPlace::inside;
}

std::optional<PixelBounds> visible_part(const UltrasoundRegion& r, int width, int height) {
  const RegionPlace place = place_of(r, width, height);
  if (place == RegionPlace::empty || place == RegionPlace::outside) return {};
  const auto first = [](std::int64_t at) { return static_cast<int>(std::max<std::int64_t>(at, 0)); };
  const auto last = [](std::int64_t at, int size) {
    return static_cast<int>(std::min<std::int64_t>(at, size - 1));
  };
  const int x = first(r.min_x), y = first(r.min_y);
  return PixelBounds{x, y, last(r.max_x, width) - x + 1, last(r.max_y, height) - y + 1};
}

Frame cropped(const Frame& frame, const PixelBounds& part) {
  if (part.x < 0 || part.y < 0 || part.width < 1 || part.height < 1 || part.x > frame.width - part.width ||
      part.y > frame.height - part.height)
    throw InvalidInput("cannot crop a picture of " + std::to_string(frame.width) + " x " +
                       std::to_string(frame.height) + " pixels to " + std::to_string(part.width) + " x " +
                       std::to_string(part.height) + " at " + std::to_string(part.x) + ", " +
                       std::to_string(part.y));
  Frame result{part.width, part.height, frame.channels, {}};
  const auto channels = static_cast<std::size_t>(frame.channels);
  const std::size_t row = static_cast<std::size_t>(part.width) * channels;
  result.pixels.reserve(row * static_cast<std::size_t>(part.height));
  for (int y = part.y; y < part.y + part.height; ++y) {
    const std::size_t from = (static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
                              static_cast<std::size_t>(part.x)) *
                             channels;
    const auto begin = frame.pixels.begin() + static_cast<std::ptrdiff_t>(from);
    result.pixels.insert(result.pixels.end(), begin, begin + static_cast<std::ptrdiff_t>(row));
  }
  return result;
}

RegionScale scale_of(const UltrasoundRegion& r, int width, int height, const ScaleOptions& options) {
  RegionScale scale;
  scale.reason = reason_without_scale(r, width, height, options);
  if (!scale.reason.empty()) return scale;
  scale.pixel_size = PixelSize{mm_per_cm * std::abs(r.x.delta), mm_per_cm * std::abs(r.y.delta)};
  scale.x_reversed = r.x.delta < 0.0;
  scale.y_reversed = r.y.delta < 0.0;
  return scale;
}

std::optional<std::size_t> region_at(std::span<const UltrasoundRegion> regions, const PixelPoint& pixel) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const UltrasoundRegion& r = regions[i];
    if (!contains(r, pixel)) continue;
    const bool higher = best && r.high_priority && !regions[*best].high_priority;
    const bool equal = best && r.high_priority == regions[*best].high_priority;
    if (!best || higher || (equal && area(r) < area(regions[*best]))) best = i;
  }
  return best;
}

std::array<double, 2> values_at(const UltrasoundRegion& region, const PixelPoint& pixel) {
  const auto value = [](const RegionAxis& axis, double from_first) {
    if (!axis.reference_pixel) return std::numeric_limits<double>::quiet_NaN();
    return axis.reference_value + axis.delta * (from_first - static_cast<double>(*axis.reference_pixel));
  };
  return {value(region.x, pixel.x - static_cast<double>(region.min_x)),
          value(region.y, pixel.y - static_cast<double>(region.min_y))};
}

std::optional<double> zero_row(const UltrasoundRegion& region) {
  if (!region.y.reference_pixel || !(std::abs(region.y.delta) > 0.0)) return std::nullopt;
  const double row = static_cast<double>(region.min_y) + static_cast<double>(*region.y.reference_pixel) -
                     region.y.reference_value / region.y.delta;
  // Written so that a row that is not a number is not in the region either.
  if (!(row >= static_cast<double>(region.min_y) && row <= static_cast<double>(region.max_y)))
    return std::nullopt;
  return row;
}

std::vector<std::string> region_warnings(std::span<const UltrasoundRegion> regions, int width, int height) {
  std::vector<std::string> warnings;
  for (const UltrasoundRegion& r : regions) {
    const std::string named = "region " + std::to_string(r.item);
    const RegionPlace place = place_of(r, width, height);
    const RegionScale scale = scale_of(r, width, height);
    const bool image = r.format == RegionFormat::two_dimensional;
    if (place == RegionPlace::edge)
      warnings.push_back(named + " ends at " + std::to_string(r.max_x) + ", " + std::to_string(r.max_y) +
                         ", one pixel past the picture of " + std::to_string(width) + " x " +
                         std::to_string(height) + ": its last column or row is not counted");
    if (!scale.pixel_size && (image || (place != RegionPlace::inside && place != RegionPlace::edge)))
      warnings.push_back(named + " gives no scale: " + scale.reason);
    if (scale.pixel_size) check_extent(r, scale, named, warnings);
    if (scale.pixel_size && (scale.x_reversed || scale.y_reversed))
      warnings.push_back(named + " has a negative delta along " +
                         (scale.x_reversed ? (scale.y_reversed ? "x and y" : "x") : "y") +
                         ": its lengths are sound, its picture is turned");
  }
  return warnings;
}

}  // namespace genu::ultrasound
