// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <genu/core/error.h>
#include <genu/ultrasound/trochlear_zones.h>

#include "column_values.h"

namespace genu::ultrasound {
namespace {

/// The sulcus is the bone line's deepest point after smoothing by this; the line's lower part is flat.
constexpr double sulcus_sigma_mm = 2.0;
/// It rises by this to both sides, and lies no nearer to an end of the line than this part of its length.
constexpr double least_rise_mm = 0.5, least_part = 0.15;
/// Of a tilted picture: it lies this much below the straight line between the bone line's ends.
constexpr double least_chord_depth_mm = 1.5;
/// The lateral facet is the higher one; the medial one may stand out by this much without a word.
constexpr double facet_tolerance_mm = 1.0;

PixelSize size_of(const TrochlearZoneOptions& options) {
  return options.pixel_size.value_or(PixelSize{1.0, 1.0});
}

void check(const TrochlearContours& c, const TrochlearZoneOptions& o) {
  if (c.near_px.size() != c.bone_px.size() || c.far_px.size() != c.bone_px.size())
    throw InvalidInput("measuring trochlear cartilage: lines of " + std::to_string(c.near_px.size()) + ", " +
                       std::to_string(c.far_px.size()) + " and " + std::to_string(c.bone_px.size()) +
                       " columns are not of one picture");
  const PixelSize size = size_of(o);
  if (!(size.x_mm > 0.0) || !(size.y_mm > 0.0) || !std::isfinite(size.x_mm) || !std::isfinite(size.y_mm))
    throw InvalidInput("measuring trochlear cartilage: a pixel size of " + std::to_string(size.x_mm) + " x " +
                       std::to_string(size.y_mm) + " mm");
  for (const double speed : {o.machine_sound_speed_m_s, o.cartilage_sound_speed_m_s})
    if (!(speed >= least_sound_speed_m_s && speed <= most_sound_speed_m_s))
      throw InvalidInput("measuring trochlear cartilage: a sound speed of " + std::to_string(speed) +
                         " m/s is not between " + std::to_string(static_cast<int>(least_sound_speed_m_s)) +
                         " and " + std::to_string(static_cast<int>(most_sound_speed_m_s)));
  if (!(o.intercondylar_part > 0.0 && o.intercondylar_part < 1.0))
    throw InvalidInput("measuring trochlear cartilage: an intercondylar part of " +
                       std::to_string(o.intercondylar_part) + " is not between 0 and 1");
  if (o.sulcus_px && !(*o.sulcus_px >= 0.0 && *o.sulcus_px < static_cast<double>(c.bone_px.size())))
    throw InvalidInput("measuring trochlear cartilage: the sulcus at column " + std::to_string(*o.sulcus_px) +
                       " is outside of the picture's " + std::to_string(c.bone_px.size()));
}

struct Place {
  double x = 0.0, y = 0.0;
};

double distance_to_piece(const Place& p, const Place& a, const Place& b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double t = std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
  return std::hypot(a.x + t * dx - p.x, a.y + t * dy - p.y);
}

/// Returns for each column the shortest distance from the bone to the other line, NaN where one of them is
/// not seen there.
std::vector<double> distances(const std::vector<double>& bone, const std::vector<double>& line,
                              const PixelSize& size) {
  std::vector<double> result(bone.size(), not_measured);
  const auto place = [&](const std::vector<double>& rows, std::size_t x) {
    return Place{static_cast<double>(x) * size.x_mm, rows[x] * size.y_mm};
  };
  for (std::size_t x = 0; x < bone.size(); ++x) {
    if (std::isnan(bone[x]) || std::isnan(line[x])) continue;
    const Place here = place(bone, x);
    double best = std::abs(bone[x] - line[x]) * size.y_mm;
    // No piece further aside than the best so far can be nearer.
    for (const int step : {-1, 1})
      for (std::size_t k = x; k + static_cast<std::size_t>(step) < bone.size();
           k += static_cast<std::size_t>(step)) {  // An index below 0 wraps to one above the size.
        const std::size_t next = k + static_cast<std::size_t>(step);
        if (std::abs(static_cast<double>(k) - static_cast<double>(x)) * size.x_mm > best) break;
        if (std::isnan(line[k]) || std::isnan(line[next])) continue;
        best = std::min(best, distance_to_piece(here, place(line, k), place(line, next)));
      }
    result[x] = best;
  }
  return result;
}

/// First and last column with a number.
struct Extent {
  double begin = 0.0, end = -1.0;
  double width() const { return end - begin; }
};

Extent extent_of(const std::vector<double>& values) {
  Extent extent;
  bool any = false;
  for (std::size_t x = 0; x < values.size(); ++x) {
    if (std::isnan(values[x])) continue;
    if (!any) extent.begin = static_cast<double>(x);
    extent.end = static_cast<double>(x);
    any = true;
  }
  return extent;
}

/// Returns the column of the bone line's deepest point, or nothing where it is not a valley.
std::optional<double> sulcus_of(const TrochlearContours& contours, const std::vector<double>& thickness,
                                const TrochlearZoneOptions& options) {
  const Extent extent = extent_of(thickness);
  if (extent.width() <= 0.0) return std::nullopt;
  // Without a scale, the picture of a linear probe: its bone line is about 35 mm wide.
  const double mm_x = options.pixel_size ? options.pixel_size->x_mm : 35.0 / extent.width();
  const double mm_y = options.pixel_size ? options.pixel_size->y_mm : mm_x;
  const auto bone = working::line_filtered(working::gaps_filled(contours.bone_px), sulcus_sigma_mm / mm_x);
  const auto first = static_cast<std::size_t>(extent.begin), last = static_cast<std::size_t>(extent.end);
  // How far the bone rises to both sides, at least.
  std::vector<double> rise(bone.size(), 0.0);
  double highest = bone[first];
  for (std::size_t x = first; x <= last; ++x) {
    highest = std::min(highest, bone[x]);
    rise[x] = bone[x] - highest;
  }
  highest = bone[last];
  for (std::size_t x = last + 1; x-- > first;) {
    highest = std::min(highest, bone[x]);
    rise[x] = std::min(rise[x], bone[x] - highest);
  }
  const double most = *std::max_element(rise.begin(), rise.end());
  // The middle of what rises as much to a twentieth of a millimetre.
  double sum = 0.0, count = 0.0;
  for (std::size_t x = first; x <= last; ++x)
    if ((most - rise[x]) * mm_y < 0.05) sum += static_cast<double>(x), count += 1.0;
  const auto inside = [&](double x) {
    return std::min(x - extent.begin, extent.end - x) >= least_part * extent.width();
  };
  if (most * mm_y >= least_rise_mm && inside(sum / count)) return sum / count;
  // A tilted probe: the place furthest below the straight line between the ends.
  const double slope = (bone[last] - bone[first]) / extent.width();
  std::size_t furthest = first;
  const auto below = [&](std::size_t x) {
    return bone[x] - bone[first] - slope * static_cast<double>(x - first);
  };
  for (std::size_t x = first; x <= last; ++x)
    if (below(x) > below(furthest)) furthest = x;
  const bool valley = below(furthest) * mm_y / std::hypot(1.0, slope * mm_y / mm_x) >= least_chord_depth_mm;
  if (!valley || !inside(static_cast<double>(furthest))) return std::nullopt;
  return static_cast<double>(furthest);
}

ThicknessFigures figures_of(std::vector<double> values, double area) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  ThicknessFigures figures;
  figures.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  figures.median = n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
  figures.min = values.front();
  figures.max = values.back();
  figures.area = area;
  return figures;
}

/// Which columns a part holds: neighbours share none, so that parts add up; at the right end none follows.
enum class LastColumn { of_next_part, held };

/// Measures the columns between two.
class Measure {
 public:
  Measure(const TrochlearContours& contours, const TrochlearThickness& thickness, const PixelSize& size)
      : contours_(contours), thickness_(thickness), size_(size) {}

  ZonePart operator()(std::string name, double begin, double end, LastColumn last_column) const {
    ZonePart part;
    part.name = std::move(name);
    part.begin_px = begin;
    part.end_px = end;
    std::vector<double> near, far;
    double near_area = 0.0, far_area = 0.0;
    const double pixel = size_.x_mm * size_.y_mm * thickness_.sound_speed_factor;
    const auto first = static_cast<std::size_t>(std::lround(std::max(0.0, begin)));
    const auto past =
        static_cast<std::size_t>(std::lround(std::max(0.0, end))) + (last_column == LastColumn::held ? 1 : 0);
    for (std::size_t x = first; x < past && x < contours_.bone_px.size(); ++x) {
      ++part.columns;
      if (!std::isnan(thickness_.near[x])) {
        near.push_back(thickness_.near[x]);
        near_area += pixel * (contours_.bone_px[x] - contours_.near_px[x]);
      }
      if (!std::isnan(thickness_.far[x])) {
        far.push_back(thickness_.far[x]);
        far_area += pixel * (contours_.bone_px[x] - contours_.far_px[x]);
      }
    }
    part.columns_measured = near.size();
    part.near = figures_of(std::move(near), near_area);
    part.far = figures_of(std::move(far), far_area);
    return part;
  }

 private:
  const TrochlearContours& contours_;
  const TrochlearThickness& thickness_;
  PixelSize size_;
};

/// Returns the names of the zones from left to right.
std::array<std::string, 3> names_of(const TrochlearZoneOptions& options) {
  if (!options.knee || !options.picture_left) return {"left", "middle", "right"};
  // The lateral side of the right knee points to the patient's right.
  const bool lateral_left = *options.knee == *options.picture_left;
  return {lateral_left ? "lateral" : "medial", "intercondylar", lateral_left ? "medial" : "lateral"};
}

void note_facets(const TrochlearContours& contours, const TrochlearZoneOptions& options,
                 TrochlearThickness& result) {
  if (!options.knee || !options.picture_left || !options.pixel_size) return;
  double left = std::numeric_limits<double>::infinity(), right = left;
  for (std::size_t x = 0; x < contours.bone_px.size(); ++x) {
    double& side = static_cast<double>(x) < *result.sulcus_px ? left : right;
    if (!std::isnan(contours.bone_px[x]))
      side = std::min(side, contours.bone_px[x] * options.pixel_size->y_mm);
  }
  const bool lateral_left = *options.knee == *options.picture_left;
  const double lateral = lateral_left ? left : right, medial = lateral_left ? right : left;
  if (lateral > medial + facet_tolerance_mm)
    result.notes.emplace_back(
        "the facet named lateral lies deeper than the medial one, which is unusual: check the side of the "
        "knee and "
        "which side of the patient is at the left of the picture");
}

}  // namespace

TrochlearThickness measure_trochlear_thickness(const TrochlearContours& contours,
                                               const TrochlearZoneOptions& options) {
  check(contours, options);
  const PixelSize size = size_of(options);
  TrochlearThickness result;
  result.in_mm = options.pixel_size.has_value();
  result.sound_speed_factor = options.cartilage_sound_speed_m_s / options.machine_sound_speed_m_s;
  result.near = distances(contours.bone_px, contours.near_px, size);
  result.far = distances(contours.bone_px, contours.far_px, size);
  for (auto* values : {&result.near, &result.far})
    for (double& value : *values) value *= result.sound_speed_factor;
  if (!result.in_mm) result.notes.emplace_back("the picture has no scale: thickness is in pixels");
  const Measure measure(contours, result, size);
  const Extent extent = extent_of(result.near);
  if (extent.width() < 0.0) {
    result.notes.emplace_back("no column shows both bone and cartilage");
    return result;
  }
  result.all = measure("all", extent.begin, extent.end, LastColumn::held);
  result.sulcus_px = options.sulcus_px ? options.sulcus_px : sulcus_of(contours, result.near, options);
  const double half =
      result.sulcus_px ? std::min(*result.sulcus_px - extent.begin, extent.end - *result.sulcus_px) : 0.0;
  if (half <= 0.0) {
    result.sulcus_px.reset();
    result.notes.emplace_back("the sulcus of the trochlea is not in the picture: no zones");
    return result;
  }
  if (!options.knee || !options.picture_left)
    result.notes.emplace_back(
        "medial and lateral are not known: zones are named by their place in the picture");
  const auto names = names_of(options);
  const double middle = half * options.intercondylar_part, sulcus = *result.sulcus_px;
  const std::array borders{sulcus - half, sulcus - middle, sulcus + middle, sulcus + half};
  for (std::size_t z = 0; z < 3; ++z) {
    TrochlearZone zone;
    const double begin = borders[z], third = (borders[z + 1] - begin) / 3.0;
    const LastColumn last = z == 2 ? LastColumn::held : LastColumn::of_next_part;
    // A third ends where the next begins, and the last where its zone does, to the bit.
    const std::array parts{begin, begin + third, begin + 2.0 * third, borders[z + 1]};
    zone.whole = measure(names[z], begin, borders[z + 1], last);
    for (std::size_t n = 0; n < 3; ++n)
      zone.thirds[n] = measure(names[z] + " " + std::to_string(n + 1), parts[n], parts[n + 1],
                               n == 2 ? last : LastColumn::of_next_part);
    result.zones.push_back(std::move(zone));
  }
  note_facets(contours, options, result);
  return result;
}

}  // namespace genu::ultrasound
