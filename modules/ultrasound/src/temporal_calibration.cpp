// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/ultrasound/temporal_calibration.h>

#include "fit.h"
#include "recording_gaps.h"
#include "require_picture.h"

namespace genu::ultrasound {
namespace {

constexpr std::size_t least_samples = 50;
constexpr double grid_s = 0.005;
// Streams of one recording are not a minute apart.
constexpr double greatest_lag_s = 60.0;
// A hand that moves up and down in a second or two goes nearly straight for this long.
constexpr double max_gap_s = 0.2;
// Another lag, at least this far away, must correlate less by this much.
constexpr double apart_s = 0.1, least_ambiguity = 0.01;

/// The brightest echo of a column.
struct Echo {
  double x, y, strength;
};

std::vector<Echo> echoes_of(const Frame& frame) {
  const Frame grey = as_grey(frame);
  cv::Mat1f image;
  bridge::view_as_opencv(grey).convertTo(image, CV_32F);
  // An echo of the bottom is some 1 % of the depth thick; noise is a pixel.
  const double sigma = std::max(1.0, 0.003 * frame.height);
  cv::GaussianBlur(image, image, {}, 2 * sigma, sigma);
  double brightest = 0.0;
  cv::minMaxLoc(image, nullptr, &brightest);
  std::vector<Echo> echoes;
  if (brightest <= 0.0) return echoes;
  const int step = std::max(1, frame.width / 200);
  for (int x = step / 2; x < frame.width; x += step) {
    double low = 0.0, high = 0.0;
    cv::Point at;
    const cv::Mat1f column = image.col(x);
    cv::minMaxLoc(column, &low, &high, nullptr, &at);
    // The bottom seen at a slant is this much dimmer at one side.
    constexpr double least_of_brightest = 0.15;
    if (high < least_of_brightest * brightest) continue;
    double y = at.y;
    if (at.y > 0 && at.y + 1 < column.rows) {
      const double before = column(at.y - 1), after = column(at.y + 1), bend = before - 2 * high + after;
      if (bend < 0.0) y += (before - after) / (2 * bend);
    }
    echoes.push_back({static_cast<double>(x), y, high});
  }
  return echoes;
}

/// Returns the value at a time, between its neighbours; the time must lie within the signal.
double at_time(const MotionSignal& signal, double time_s) {
  auto next = std::lower_bound(signal.time_s.begin(), signal.time_s.end(), time_s);
  if (next == signal.time_s.begin()) ++next;
  // A time is a sum, and may lie beyond the last sample by its rounding.
  if (next == signal.time_s.end()) --next;
  const auto n = static_cast<std::size_t>(next - signal.time_s.begin());
  const double t = (time_s - signal.time_s[n - 1]) / (signal.time_s[n] - signal.time_s[n - 1]);
  return std::lerp(signal.value[n - 1], signal.value[n], std::clamp(t, 0.0, 1.0));
}

/// Returns the correlation of the video with the tracker that many seconds later.
double correlation_at(const MotionSignal& video, const MotionSignal& tracker, double lag_s) {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t k = 0; k < video.time_s.size(); ++k) {
    const double a = video.value[k], b = at_time(tracker, video.time_s[k] + lag_s);
    n += 1;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const double vx = xx - x * x / n, vy = yy - y * y / n;
  return vx > 0 && vy > 0 ? (xy - x * y / n) / std::sqrt(vx * vy) : 0.0;
}

/// Where the correlation is greatest, either way round.
struct Peak {
  double lag_s = 0.0, correlation = 0.0, second = 0.0;
};

Peak peak_of(const MotionSignal& video, const MotionSignal& tracker, double max_lag_s) {
  constexpr double rounding = 1e-9;
  const int steps = static_cast<int>(std::floor(max_lag_s / grid_s + rounding));
  std::vector<double> r;
  r.reserve(2 * static_cast<std::size_t>(steps) + 1);
  for (int k = -steps; k <= steps; ++k) r.push_back(std::abs(correlation_at(video, tracker, k * grid_s)));
  const auto best = static_cast<std::size_t>(std::max_element(r.begin(), r.end()) - r.begin());
  Peak peak{(static_cast<double>(best) - steps) * grid_s, r[best], 0.0};
  if (best > 0 && best + 1 < r.size())
    if (const double bend = r[best - 1] - 2 * r[best] + r[best + 1]; bend < 0.0)
      peak.lag_s += grid_s * (r[best - 1] - r[best + 1]) / (2 * bend);
  for (std::size_t k = 1; k + 1 < r.size(); ++k)
    if (r[k] >= r[k - 1] && r[k] >= r[k + 1] &&
        std::abs(static_cast<double>(k) - static_cast<double>(best)) * grid_s > apart_s)
      peak.second = std::max(peak.second, r[k]);
  return peak;
}

void check(const MotionSignal& signal, const char* what) {
  if (signal.time_s.size() != signal.value.size())
    throw InvalidInput(std::string("the motion of the ") + what + " has " +
                       std::to_string(signal.time_s.size()) + " times and " +
                       std::to_string(signal.value.size()) + " values");
  for (std::size_t k = 0; k < signal.time_s.size(); ++k) {
    const std::string of_sample = std::string(" of the ") + what + "'s sample " + std::to_string(k) + " is ";
    if (!std::isfinite(signal.time_s[k]))
      throw InvalidInput("the time" + of_sample + std::to_string(signal.time_s[k]));
    if (!std::isfinite(signal.value[k]))
      throw InvalidInput("the value" + of_sample + std::to_string(signal.value[k]));
    if (k > 0 && signal.time_s[k] <= signal.time_s[k - 1])
      throw InvalidInput(std::string("the times of the ") + what + " do not rise: sample " +
                         std::to_string(k) + " is of " + fixed(signal.time_s[k], 6) + " s after one of " +
                         fixed(signal.time_s[k - 1], 6) + " s");
  }
}

MotionSignal part_of(const MotionSignal& signal, const std::vector<char>& in) {
  MotionSignal part;
  for (std::size_t k = 0; k < signal.time_s.size(); ++k)
    if (in[k]) {
      part.time_s.push_back(signal.time_s[k]);
      part.value.push_back(signal.value[k]);
    }
  return part;
}

/// What of a video and a tracker can be compared.
struct Common {
  MotionSignal video;               ///< Pictures that all lags bring to where the tracker tells the motion.
  std::size_t lost = 0;             ///< Pictures left out since a lag would bring them where it does not.
  std::size_t tracker_samples = 0;  ///< Within the lags of those pictures.
};

Common common_of(const MotionSignal& video, const MotionSignal& tracker, double max_lag_s) {
  Common common;
  const std::vector<double>& told = tracker.time_s;
  if (told.empty()) return common;
  const double longest_s = longest_step_s(told, max_gap_s);
  std::vector<char> in(video.time_s.size(), 0), near(told.size(), 0);
  for (std::size_t k = 0; k < in.size(); ++k) {
    const double from = video.time_s[k] - max_lag_s, to = video.time_s[k] + max_lag_s;
    if (from < told.front() || to > told.back()) continue;
    // The last sample before the lags, to the first behind them.
    auto n = static_cast<std::size_t>(std::upper_bound(told.begin(), told.end(), from) - told.begin()) - 1;
    const std::size_t first = n;
    bool whole = true;
    for (; told[n] < to && whole; ++n) whole = told[n + 1] - told[n] <= longest_s;
    in[k] = whole ? 1 : 0;
    common.lost += whole ? 0 : 1;
    if (whole)
      std::fill(near.begin() + static_cast<std::ptrdiff_t>(first),
                near.begin() + static_cast<std::ptrdiff_t>(n) + 1, 1);
  }
  common.video = part_of(video, in);
  common.tracker_samples = static_cast<std::size_t>(std::count(near.begin(), near.end(), 1));
  return common;
}

void require_enough(const Common& common, double max_lag_s) {
  const std::string least = "; it takes at least " + std::to_string(least_samples);
  if (common.video.time_s.size() < least_samples)
    throw InvalidInput("cannot calibrate the time: " + std::to_string(common.video.time_s.size()) +
                       " pictures with a line lie within the tracker's time by " + fixed(max_lag_s, 1) +
                       " s, and " + std::to_string(common.lost) + " more where its poses were lost" + least);
  if (common.tracker_samples < least_samples)
    throw InvalidInput("cannot calibrate the time: the tracker told " +
                       std::to_string(common.tracker_samples) + " poses about the pictures" + least);
}

void leave_out(const MotionSignal& video, const MotionSignal& tracker, double max_lag_s,
               TemporalCalibration& result) {
  constexpr std::size_t parts = 5;
  double sum = 0.0, squares = 0.0;
  result.left_out_correlation = 1.0;
  for (std::size_t part = 0; part < parts; ++part) {
    std::vector<char> in(video.time_s.size()), out(video.time_s.size());
    for (std::size_t k = 0; k < in.size(); ++k) {
      in[k] = k * parts / in.size() == part ? 1 : 0;
      out[k] = in[k] ? 0 : 1;
    }
    const MotionSignal own = part_of(video, in);
    const double lag = peak_of(own, tracker, max_lag_s).lag_s;
    sum += lag;
    squares += lag * lag;
    const double others = peak_of(part_of(video, out), tracker, max_lag_s).lag_s;
    result.left_out_correlation =
        std::min(result.left_out_correlation, std::abs(correlation_at(own, tracker, others)));
  }
  const double variance = (squares - sum * sum / parts) / (parts - 1);
  result.lag_sd_s = std::sqrt(std::max(0.0, variance) / parts);
}

}  // namespace

std::optional<BrightLine> find_bright_line(const Frame& frame) {
  require_picture(frame, "finding a bright line");
  const std::vector<Echo> echoes = echoes_of(frame);
  constexpr std::size_t least_echoes = 20;
  if (echoes.size() < least_echoes) return std::nullopt;
  const double reach = std::max(2.0, 0.006 * frame.height);  // twice the spread of an echo
  const auto on = [&](const Echo& e, double row, double slope) {
    return std::abs(e.y - row - slope * e.x) <= reach;
  };
  double most = 0.0, row = 0.0, slope = 0.0, all = 0.0;
  for (const Echo& e : echoes) all += e.strength;
  for (std::size_t a = 0; a < echoes.size(); a += 4)
    for (std::size_t b = a + least_echoes / 2; b < echoes.size(); b += 4) {
      const double s = (echoes[b].y - echoes[a].y) / (echoes[b].x - echoes[a].x),
                   r = echoes[a].y - s * echoes[a].x;
      double weight = 0.0;
      for (const Echo& e : echoes) weight += on(e, r, s) ? e.strength : 0.0;
      if (weight > most) {
        most = weight;
        row = r;
        slope = s;
      }
    }
  if (most < 0.5 * all) return std::nullopt;
  constexpr int rounds = 3;  // the echoes on the line hardly change after the second
  for (int round = 0; round < rounds; ++round) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (const Echo& e : echoes)
      if (on(e, row, slope)) {
        n += 1;
        x += e.x;
        y += e.y;
        xx += e.x * e.x;
        xy += e.x * e.y;
      }
    slope = (xy - x * y / n) / (xx - x * x / n);
    row = (y - slope * x) / n;
  }
  const double middle = (frame.width - 1) / 2.0;
  const auto count =
      std::count_if(echoes.begin(), echoes.end(), [&](const Echo& e) { return on(e, row, slope); });
  return BrightLine{
      {middle, row + slope * middle}, slope, static_cast<double>(count) / static_cast<double>(echoes.size())};
}

MotionSignal line_depths(const TrackedSequence& video) {
  std::vector<std::optional<BrightLine>> lines(video.frames.size());
  parallel_for(
      lines.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t f = begin; f < end; ++f)
          if (video.frames[f].shows_image() && std::isfinite(video.frames[f].time_s))
            lines[f] = find_bright_line(video.frames[f].image);
      },
      0, 4);
  MotionSignal signal;
  for (std::size_t f = 0; f < lines.size(); ++f)
    if (lines[f]) {
      signal.time_s.push_back(video.frames[f].time_s);
      signal.value.push_back(lines[f]->at.y);
    }
  return signal;
}

MotionSignal motion_of_pose(const TrackedSequence& recording, std::string_view from, std::string_view to,
                            const CoordinateFrames& always) {
  MotionSignal signal;
  std::vector<Point3> places;
  for (const TrackedFrame& frame : recording.frames) {
    const auto pose = at_moment(frame, always).find(from, to);
    // A moment told twice tells nothing new.
    if (!pose || !nearest_rigid(*pose) || !std::isfinite(frame.time_s) ||
        (!signal.time_s.empty() && frame.time_s <= signal.time_s.back()))
      continue;
    signal.time_s.push_back(frame.time_s);
    places.push_back((*pose)(Point3{}));
  }
  if (places.size() < 2) return {};
  cv::Mat1d table(static_cast<int>(places.size()), 3);
  for (int n = 0; n < table.rows; ++n) {
    const Point3& p = places[static_cast<std::size_t>(n)];
    table(n, 0) = p.x;
    table(n, 1) = p.y;
    table(n, 2) = p.z;
  }
  cv::Mat1d mean, axes;
  cv::PCACompute(table, mean, axes, 1);
  signal.value.reserve(places.size());
  for (int n = 0; n < table.rows; ++n) signal.value.push_back((table.row(n) - mean).dot(axes.row(0)));
  return signal;
}

TemporalCalibration calibrate_temporal(const MotionSignal& video, const MotionSignal& tracker,
                                       const TemporalCalibrationOptions& options) {
  if (!(options.max_lag_s > 0.0 && options.max_lag_s <= greatest_lag_s))
    throw InvalidInput("cannot calibrate the time: the greatest lag is to be above 0 and at most " +
                       fixed(greatest_lag_s, 0) + " s, not " + std::to_string(options.max_lag_s));
  check(video, "video");
  check(tracker, "tracker");
  const Common shared = common_of(video, tracker, options.max_lag_s);
  require_enough(shared, options.max_lag_s);
  const MotionSignal& common = shared.video;
  const auto [low, high] = std::minmax_element(tracker.value.begin(), tracker.value.end());
  constexpr double least_motion_mm = 2.0, least_motion_px = 10.0;  // well above noise of either
  const auto [top, bottom] = std::minmax_element(common.value.begin(), common.value.end());
  if (*high - *low < least_motion_mm || *bottom - *top < least_motion_px)
    throw InvalidInput("cannot calibrate the time: the probe moved by " + fixed(*high - *low, 1) +
                       " mm and the line by " + fixed(*bottom - *top, 1) + " pixels; it takes " +
                       fixed(least_motion_mm, 0) + " mm and " + fixed(least_motion_px, 0) + " pixels");
  const Peak peak = peak_of(common, tracker, options.max_lag_s);
  if (!(peak.correlation >= options.least_correlation))
    throw InvalidInput("cannot calibrate the time: the motions of the line and of the probe correlate to " +
                       fixed(peak.correlation, 3) + " at best; it takes " +
                       fixed(options.least_correlation, 2));
  if (peak.second > peak.correlation - least_ambiguity)
    throw InvalidInput("cannot calibrate the time: another lag fits as well (correlations " +
                       fixed(peak.correlation, 3) + " and " + fixed(peak.second, 3) +
                       "); move the probe less evenly");
  if (std::abs(peak.lag_s) > options.max_lag_s - 2 * grid_s)
    throw InvalidInput("cannot calibrate the time: the best lag lies at the end of the search, " +
                       fixed(options.max_lag_s, 1) + " s");
  TemporalCalibration result;
  result.lag_s = peak.lag_s;
  result.correlation = peak.correlation;
  result.samples = common.time_s.size();
  result.skipped = shared.lost;
  leave_out(common, tracker, options.max_lag_s, result);
  return result;
}

}  // namespace genu::ultrasound
