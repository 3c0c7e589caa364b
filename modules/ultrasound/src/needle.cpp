// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

#include "needle_parts.h"

namespace genu::ultrasound {
namespace needle {
namespace {

/// Lines to trace: a bright layer, bone, the face of the probe and a dozen more besides a needle.
constexpr std::size_t most_shafts = 20;

double angle_deg(const PixelPoint& a, const PixelPoint& b, const std::optional<PixelSize>& size) {
  const double x = std::abs(a.x - b.x) * (size ? size->x_mm : 1.0);
  const double y = std::abs(a.y - b.y) * (size ? size->y_mm : 1.0);
  return std::atan2(y, x) * 180.0 / std::numbers::pi;
}

/// The deeper end; of a shaft that lies nearly level, that which does not leave the picture.
bool tip_is_begin(const Shaft& s, const Picture& picture, EntrySide side) {
  constexpr double level = 0.06;       // its slope, 3.4 degrees
  constexpr double at_border = 0.015;  // of the diagonal
  const cv::Point2d a = s.at(s.begin), b = s.at(s.end);
  if (side != EntrySide::either) return side == EntrySide::left ? a.x > b.x : a.x < b.x;
  const bool leaves = picture.clearance(a) < at_border * picture.diagonal(),
             comes = picture.clearance(b) < at_border * picture.diagonal();
  if (leaves != comes && std::abs(a.y - b.y) < level * std::abs(a.x - b.x)) return comes;
  return a.y > b.y;
}

/// The traced line as a needle: which end is the tip, and all in pixels of the frame.
NeedleInImage needle_from(Shaft s, const Picture& picture, const Ridges& ridges,
                          const NeedleOptions& options) {
  const bool at_begin = tip_is_begin(s, picture, options.side);
  sharpen_tip(s, picture, ridges, at_begin);
  cv::Point2d tip = s.at(s.begin), far = s.at(s.end);
  if (!at_begin) std::swap(tip, far);
  NeedleInImage n;
  n.tip = picture.to_frame(tip);
  n.far_end = picture.to_frame(far);
  const double half = 0.5 * (s.end - s.begin);
  // The middle of the curve lies this far from the chord, along the normal.
  const cv::Point2d bow = s.at(0.5 * (s.begin + s.end)) - 0.5 * (tip + far);
  n.bow_px = (bow.y < 0.0 ? -1.0 : 1.0) * std::abs(s.curve[2]) * half * half / picture.scale;
  n.angle_deg = angle_deg(n.tip, n.far_end, options.pixel_size);
  n.evidence = evidence_of(s, picture, ridges, at_begin);
  return n;
}

/// Distance of a point from the curve through a needle's ends, in pixels.
double distance_to(const NeedleInImage& n, const PixelPoint& p) {
  const cv::Point2d a(n.tip.x, n.tip.y), d(n.far_end.x - n.tip.x, n.far_end.y - n.tip.y);
  const double length = std::max(1e-9, cv::norm(d)),
               t = (cv::Point2d(p.x, p.y) - a).dot(d) / (length * length);
  const PixelPoint on = n.at(t);
  return std::abs(cv::Point2d(p.x - on.x, p.y - on.y).cross(d)) / length;
}

bool is_same(const NeedleInImage& a, const NeedleInImage& b, double near_px) {
  return distance_to(b, a.at(0.25)) < near_px && distance_to(b, a.at(0.5)) < near_px &&
         distance_to(b, a.at(0.75)) < near_px;
}

/// What a line shows in all: how strong, how long, and how much brighter than both sides, as an edge is not.
double weight(const NeedleInImage& n) {
  const NeedleEvidence& e = n.evidence;
  return e.ridge * e.continuity * e.length * std::max(0.05, e.contrast);
}

double slope(const NeedleInImage& n) {
  return std::atan2(n.far_end.y - n.tip.y, n.far_end.x - n.tip.x);
}

/// Returns true if a line repeats another one, further from the probe and as long: a reverberation between
/// the walls of the shaft, or between shaft and probe.
bool is_copy(const NeedleInImage& n, const NeedleInImage& of, double reach_px) {
  if (std::abs(std::remainder(slope(n) - slope(of), std::numbers::pi)) > 0.07) return false;
  const PixelPoint a = n.at(0.5), b = of.at(0.5);
  if (a.y <= b.y || distance_to(of, a) > reach_px) return false;
  const double dx = of.far_end.x - of.tip.x, dy = of.far_end.y - of.tip.y, squared = dx * dx + dy * dy;
  const auto along = [&](const PixelPoint& p) {
    return ((p.x - of.tip.x) * dx + (p.y - of.tip.y) * dy) / squared;
  };
  const double low = std::max(0.0, along(n.tip)), high = std::min(1.0, along(n.far_end));
  return high - low > 0.6 && std::abs(along(n.tip)) < 0.25 && weight(of) > 0.75 * weight(n) &&
         of.evidence.brightness > 0.85 * n.evidence.brightness &&
         of.evidence.contrast > 0.7 * n.evidence.contrast;
}

/// Returns true if a line is what a brighter one above it looks like by a detour of its sound, over bone or
/// the face of the probe: it keeps its columns, whatever its slope becomes.
bool is_mirrored(const NeedleInImage& n, const NeedleInImage& of) {
  const auto [left, right] = std::minmax(n.tip.x, n.far_end.x);
  const auto [of_left, of_right] = std::minmax(of.tip.x, of.far_end.x);
  const double near_px = 0.05 * (of_right - of_left);
  return of.evidence.tip_clearance > 0.01 && of.at(0.5).y < n.at(0.5).y &&
         std::abs(left - of_left) < near_px && std::abs(right - of_right) < near_px &&
         n.evidence.brightness < 0.5 * of.evidence.brightness;
}

/// Lines that run alike nearby speak against one another: layers and fibres come in bundles, a needle alone.
/// Those nearer than `own_px` are its own side lobes and reverberations.
void compare(std::vector<NeedleInImage>& all, double own_px, double bundle_px) {
  for (NeedleInImage& n : all)
    for (const NeedleInImage& other : all) {
      if (&n == &other || std::abs(std::remainder(slope(n) - slope(other), std::numbers::pi)) > 0.26)
        continue;
      const double away = distance_to(n, other.at(0.5));
      if (away < own_px || away > bundle_px) continue;
      n.evidence.rivals = std::max(n.evidence.rivals, std::min(2.0, weight(other) / weight(n)));
    }
}

}  // namespace

void check(const Frame& frame, const NeedleOptions& options) {
  if (frame.empty() || frame.width < 32 || frame.height < 32)
    throw InvalidInput("finding a needle: the picture has " + std::to_string(frame.width) + " x " +
                       std::to_string(frame.height) + " pixels, not at least 32 x 32");
  if (frame.channels != 1 && frame.channels != 3)
    throw InvalidInput("finding a needle: the picture has " + std::to_string(frame.channels) +
                       " channels, not 1 or 3");
  if (frame.pixels.size() != frame.pixel_count() * static_cast<std::size_t>(frame.channels))
    throw InvalidInput("finding a needle: " + std::to_string(frame.pixels.size()) +
                       " values for a picture of " + std::to_string(frame.width) + " x " +
                       std::to_string(frame.height) + " pixels");
  if (options.pixel_size && !(options.pixel_size->x_mm > 0.0 && options.pixel_size->y_mm > 0.0))
    throw InvalidInput("finding a needle: a pixel of " + std::to_string(options.pixel_size->x_mm) + " x " +
                       std::to_string(options.pixel_size->y_mm) + " mm");
  if (!(options.min_length > 0.0 && options.min_length <= 1.0))
    throw InvalidInput("finding a needle: a least length of " + std::to_string(options.min_length) +
                       " of the diagonal, not above 0 and up to 1");
  if (!(options.min_confidence >= 0.0 && options.min_confidence <= 1.0))
    throw InvalidInput("finding a needle: a least confidence of " + std::to_string(options.min_confidence) +
                       ", not in 0 to 1");
  if (!(options.min_angle_deg >= 0.0 && options.min_angle_deg < options.max_angle_deg &&
        options.max_angle_deg <= 90.0))
    throw InvalidInput("finding a needle: angles from " + std::to_string(options.min_angle_deg) + " to " +
                       std::to_string(options.max_angle_deg) + " degrees, not an interval in 0 to 90");
}

std::vector<NeedleInImage> candidates(const Frame& frame, const NeedleOptions& options,
                                      const cv::Mat& unchanging) {
  check(frame, options);
  const Picture picture = picture_of(frame, options, unchanging);
  const Ridges ridges = ridges_of(picture, options.threads);
  std::vector<Shaft> shafts;
  for (const Seed& seed : seeds_of(ridges, options)) {
    if (shafts.size() == most_shafts) break;
    if (std::none_of(shafts.begin(), shafts.end(), [&](const Shaft& s) { return s.holds(seed); }))
      shafts.push_back(shaft_from(seed, ridges));
  }
  std::vector<NeedleInImage> traced;
  traced.reserve(shafts.size());
  for (const Shaft& shaft : shafts) traced.push_back(needle_from(shaft, picture, ridges, options));
  // Of lines that are the same the first stays: the straighter one, where they show as much.
  const auto order = [](const NeedleInImage& n) { return weight(n) / (1.0 + 20.0 * n.evidence.bend); };
  std::stable_sort(traced.begin(), traced.end(),
                   [&](const NeedleInImage& a, const NeedleInImage& b) { return order(a) > order(b); });
  std::vector<NeedleInImage> result;
  for (const NeedleInImage& n : traced) {
    if (n.evidence.length < 0.5 * options.min_length) continue;
    if (std::none_of(result.begin(), result.end(),
                     [&](const NeedleInImage& m) { return is_same(n, m, 4.0 / picture.scale); }))
      result.push_back(n);
  }
  // Copies go, but only after all have been compared with one another: a copy has copies.
  std::vector<bool> copies;
  copies.reserve(result.size());
  for (const NeedleInImage& n : result)
    copies.push_back(std::any_of(result.begin(), result.end(), [&](const NeedleInImage& of) {
      return &of != &n && (is_copy(n, of, 40.0 / picture.scale) || is_mirrored(n, of));
    }));
  std::size_t place = 0;
  std::erase_if(result, [&](const NeedleInImage&) { return copies[place++]; });
  compare(result, 12.0 / picture.scale, 0.2 * picture.diagonal() / picture.scale);
  for (NeedleInImage& n : result) n.confidence = confidence_of(n.evidence, n.angle_deg);
  std::erase_if(result, [&](const NeedleInImage& n) {
    return n.evidence.length < options.min_length || n.angle_deg < options.min_angle_deg ||
           n.angle_deg > options.max_angle_deg;
  });
  for (NeedleInImage& n : result) n.why = why(n.evidence, n.angle_deg);
  std::stable_sort(result.begin(), result.end(), [](const NeedleInImage& a, const NeedleInImage& b) {
    return a.confidence > b.confidence;
  });
  return result;
}

}  // namespace needle

PixelPoint NeedleInImage::at(double t) const {
  const double dx = far_end.x - tip.x, dy = far_end.y - tip.y, length = std::hypot(dx, dy);
  if (!(length > 0.0)) return tip;
  // The normal that points down; of a vertical chord, to the right.
  const double sign = dx > 0.0 || (dx == 0.0 && dy < 0.0) ? 1.0 : -1.0;
  const double bow = 4.0 * t * (1.0 - t) * bow_px * sign / length;
  return {tip.x + t * dx - bow * dy, tip.y + t * dy + bow * dx};
}

std::vector<NeedleInImage> needle_candidates(const Frame& frame, const NeedleOptions& options) {
  return needle::candidates(frame, options, {});
}

std::optional<NeedleInImage> find_needle(const Frame& frame, const NeedleOptions& options) {
  std::vector<NeedleInImage> all = needle_candidates(frame, options);
  if (all.empty() || all.front().confidence < options.min_confidence) return std::nullopt;
  return std::move(all.front());
}

}  // namespace genu::ultrasound
