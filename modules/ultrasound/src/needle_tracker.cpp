// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/ultrasound/needle_tracker.h>

#include "needle_parts.h"

namespace genu::ultrasound {
namespace {

/// Grey values that differ by no more are the same: video codecs leave that much.
constexpr int same_within = 1;
/// If this part of what shows something has not changed, the clip stands still, and nothing is a mark.
constexpr double still_part = 0.6;
constexpr int shows_something = 12;
/// A mark is drawn: beside it the picture falls to less than this part of it at once. A shaft bright enough
/// to saturate does not change either, but the beam's width softens its edge.
constexpr double sharp_edge = 0.6;

/// Updates how long each pixel has been the same, and returns where marks are (may be empty).
cv::Mat marks_of(NeedleTrack::Memory& memory, const Frame& grey, int unchanging_after) {
  if (unchanging_after <= 0) return {};
  if (memory.last.size() != grey.pixels.size()) {
    memory.last = grey.pixels;
    memory.same.assign(grey.pixels.size(), 0);
    return {};
  }
  std::size_t shown = 0, still = 0;
  for (std::size_t n = 0; n < grey.pixels.size(); ++n) {
    const bool same = std::abs(grey.pixels[n] - memory.last[n]) <= same_within;
    memory.same[n] = same ? static_cast<std::uint8_t>(std::min(255, memory.same[n] + 1)) : std::uint8_t{0};
    if (grey.pixels[n] < shows_something) continue;
    ++shown;
    if (same) ++still;
  }
  if (static_cast<double>(still) > still_part * static_cast<double>(shown)) {
    // Standing still proves nothing: forget it.
    std::fill(memory.same.begin(), memory.same.end(), std::uint8_t{0});
    return {};
  }
  memory.last = grey.pixels;
  const cv::Mat same(grey.height, grey.width, CV_8U, memory.same.data());
  const cv::Mat picture = bridge::view_as_opencv(grey);
  const cv::Mat unchanged = (same >= unchanging_after) & (picture >= 60);
  if (cv::countNonZero(unchanged) == 0) return {};
  cv::Mat labels, stats, centres, marks = cv::Mat::zeros(picture.size(), CV_8U);
  const int parts = cv::connectedComponentsWithStats(unchanged, labels, stats, centres, 8);
  for (int part = 1; part < parts; ++part) {
    const cv::Rect box(stats.at<int>(part, cv::CC_STAT_LEFT) - 2, stats.at<int>(part, cv::CC_STAT_TOP) - 2,
                       stats.at<int>(part, cv::CC_STAT_WIDTH) + 4,
                       stats.at<int>(part, cv::CC_STAT_HEIGHT) + 4);
    const cv::Rect inside = box & cv::Rect({}, picture.size());
    const cv::Mat own = labels(inside) == part;
    cv::Mat wide;
    cv::dilate(own, wide, cv::Mat());
    const cv::Mat ring = wide & ~own;
    if (cv::mean(picture(inside), ring)[0] < sharp_edge * cv::mean(picture(inside), own)[0])
      marks(inside).setTo(255, own);
  }
  return marks;
}

double slope(const NeedleInImage& n) {
  return std::atan2(n.far_end.y - n.tip.y, n.far_end.x - n.tip.x);
}

/// Distance of a point from the line through a needle.
double beside(const NeedleInImage& n, const PixelPoint& p) {
  const cv::Point2d d(n.far_end.x - n.tip.x, n.far_end.y - n.tip.y);
  return std::abs(cv::Point2d(p.x - n.tip.x, p.y - n.tip.y).cross(d)) / std::max(1e-9, cv::norm(d));
}

bool in_gate(const NeedleInImage& line, const NeedleInImage& expected, double diagonal,
             const NeedleTrackOptions& options) {
  const double turn = std::abs(std::remainder(slope(line) - slope(expected), 2.0 * std::numbers::pi));
  return turn * 180.0 / std::numbers::pi < options.gate_angle_deg &&
         beside(line, expected.at(0.3)) < options.gate_shaft * diagonal &&
         std::hypot(line.tip.x - expected.tip.x, line.tip.y - expected.tip.y) < options.gate_tip * diagonal;
}

double raised(double confidence, double log_odds) {
  const double c = std::clamp(confidence, 1e-6, 1.0 - 1e-6);
  return 1.0 / (1.0 + (1.0 - c) / c * std::exp(-log_odds));
}

/// Log odds by which another line must be surer than the followed one where that is seen, each by itself:
/// odds of 2 to 1.
constexpr double surer_log_odds = 0.7;

void start(NeedleTrack& track, const NeedleInImage& line, double diagonal,
           const NeedleTrackOptions& options) {
  const double sd = options.tip_sd * diagonal;
  track.state = NeedleState::seen;
  track.needle = line;
  track.found = line;
  track.tip_speed_px = {};
  track.frames = 1;
  track.unseen = 0;
  // A tip may move by hundredths of the picture a frame.
  track.memory.covariance = {sd * sd, 0.0, 4.0 * sd * sd};
  track.memory.other.reset();
  track.memory.other_frames = 0;
}

void predict(NeedleTrack& track, double diagonal, const NeedleTrackOptions& options) {
  auto& [pp, pv, vv] = track.memory.covariance;
  const double a = options.acceleration * diagonal, q = a * a;
  track.needle.tip.x += track.tip_speed_px[0];
  track.needle.tip.y += track.tip_speed_px[1];
  pp += 2.0 * pv + vv + 0.25 * q;
  pv += vv + 0.5 * q;
  vv += q;
}

void update(NeedleTrack& track, const NeedleInImage& line, double diagonal,
            const NeedleTrackOptions& options) {
  auto& [pp, pv, vv] = track.memory.covariance;
  const double dx = line.tip.x - track.needle.tip.x, dy = line.tip.y - track.needle.tip.y;
  double r = options.tip_sd * options.tip_sd * diagonal * diagonal;
  // A tip that jumps by more than 2 standard deviations is believed the less the further it jumps (Huber).
  const double jump = (dx * dx + dy * dy) / (2.0 * 4.0 * (pp + r));
  if (jump > 1.0) r *= jump;
  const double gain = pp / (pp + r), speed_gain = pv / (pp + r);
  const PixelPoint tip{track.needle.tip.x + gain * dx, track.needle.tip.y + gain * dy};
  track.tip_speed_px[0] += speed_gain * dx;
  track.tip_speed_px[1] += speed_gain * dy;
  vv -= speed_gain * pv;
  pv -= gain * pv;
  pp -= gain * pp;
  // The line is seen well in every frame; only the place of the tip on it wants steadying.
  const cv::Point2d chord(line.far_end.x - line.tip.x, line.far_end.y - line.tip.y);
  const double t =
      cv::Point2d(tip.x - line.tip.x, tip.y - line.tip.y).dot(chord) / std::max(1e-9, chord.dot(chord));
  track.needle = line;
  track.needle.tip = line.at(t);
  track.needle.bow_px = line.bow_px * (1.0 - t) * (1.0 - t);
  track.found = line;
  track.state = NeedleState::seen;
  track.unseen = 0;
}

/// Follows a line elsewhere once it has been the surer needle long enough. Returns true if it does.
bool restarted(NeedleTrack& track, const std::vector<NeedleInImage>& lines, double diagonal,
               const NeedleTrackOptions& options) {
  NeedleTrack::Memory& memory = track.memory;
  // Each by itself: what followed a line so far must not hold it against a surer one for ever.
  const double least = std::max(options.finder.min_confidence,
                                track.found ? raised(track.found->confidence, surer_log_odds) : 0.0);
  if (lines.empty() || lines.front().confidence <= least ||
      in_gate(lines.front(), track.needle, diagonal, options)) {
    memory.other.reset();
    memory.other_frames = 0;
    return false;
  }
  const bool same = memory.other && in_gate(lines.front(), *memory.other, diagonal, options);
  memory.other = lines.front();
  memory.other_frames = same ? memory.other_frames + 1 : 1;
  if (memory.other_frames < options.restart_after) return false;
  start(track, NeedleInImage(lines.front()), diagonal, options);
  return true;
}

}  // namespace

NeedleTrack follow(NeedleTrack track, const Frame& frame, const NeedleTrackOptions& options) {
  needle::check(frame, options.finder);
  const double diagonal = std::hypot(frame.width, frame.height);
  const cv::Mat marks = marks_of(track.memory, as_grey(frame), options.unchanging_after);
  const std::vector<NeedleInImage> lines = needle::candidates(frame, options.finder, marks);
  track.found.reset();
  if (track.state == NeedleState::none) {
    if (!lines.empty() && lines.front().confidence >= options.finder.min_confidence)
      start(track, lines.front(), diagonal, options);
    track.tip_sd_px = std::sqrt(track.memory.covariance[0]);
    return track;
  }
  ++track.frames;
  predict(track, diagonal, options);
  const auto here = std::find_if(lines.begin(), lines.end(), [&](const NeedleInImage& line) {
    return in_gate(line, track.needle, diagonal, options);
  });
  if (here != lines.end() && raised(here->confidence, options.prior) >= options.finder.min_confidence) {
    update(track, *here, diagonal, options);
    track.needle.confidence = raised(here->confidence, options.prior);
  } else {
    track.state = NeedleState::predicted;
    ++track.unseen;
    track.needle.confidence = raised(track.needle.confidence, -0.5);
    track.needle.far_end.x += track.tip_speed_px[0];
    track.needle.far_end.y += track.tip_speed_px[1];
  }
  if (!restarted(track, lines, diagonal, options) && track.unseen >= options.lost_after) {
    track.state = NeedleState::none;
    track.needle = {};
    track.tip_speed_px = {};
    track.frames = 0;
  }
  track.tip_sd_px = std::sqrt(track.memory.covariance[0]);
  return track;
}

}  // namespace genu::ultrasound
