// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "needle_parts.h"

namespace genu::ultrasound::needle {
namespace {

/// Work pixels from one look at the shaft to the next.
constexpr double step = 2.0;

/// Grey value of the shaft at t, and the means beside it.
struct Across {
  double on = 0.0, above = 0.0, below = 0.0;
  double most_beside = 0.0;
};
Across across_at(const Shaft& s, const Picture& picture, double t) {
  cv::Point2d down = s.normal();
  if (down.y < 0.0) down = -down;
  const cv::Point2d p = s.at(t);
  Across a;
  for (const double k : {-1.5, -0.5, 0.5, 1.5})
    a.on = std::max(a.on, double{sample(picture.grey, p + k * down)});
  for (const double k : {5.0, 7.0, 9.0}) {
    const double above = sample(picture.grey, p - k * down), below = sample(picture.grey, p + k * down);
    a.above += above / 3.0;
    a.below += below / 3.0;
    a.most_beside = std::max({a.most_beside, above, below});
  }
  return a;
}

/// Brightness of the shaft itself.
double level_at(const Shaft& s, const Picture& picture, double t) {
  double on = 0.0;
  for (const double k : {-1.0, 0.0, 1.0})
    on = std::max(on, double{sample(picture.grey, s.at(t) + k * s.normal())});
  return on;
}

/// Returns 1 where what is bright at t runs along the shaft, less the more it is turned, 0 from 45 degrees
/// on: a layer that crosses the way beyond the tip is no shaft.
double runs_along(const Shaft& s, const Ridges& ridges, double t) {
  const cv::Vec4f v = sample(ridges.terms, s.at(t));
  const double strength = std::hypot(v[1], v[2]);
  if (strength <= 0.0) return 0.0;
  const double angle =
      std::atan2(s.direction.y, s.direction.x) + std::atan(s.curve[1] + 2.0 * s.curve[2] * t);
  const double match =
      std::max(0.0, (v[1] * std::cos(2.0 * angle) + v[2] * std::sin(2.0 * angle)) / strength);
  return match * match;
}

/// The ridge of one direction, from the terms of all.
struct RidgeAlong {
  cv::Vec4f weights;

  RidgeAlong(const Ridges& ridges, double angle)
      : weights(ridges.gain_at(angle) * cv::Vec4f(-1.0F, static_cast<float>(std::cos(2.0 * angle)),
                                                  static_cast<float>(std::sin(2.0 * angle)), 0.0F)) {}
  /// 0 outside of the picture; bright spots don't outvote.
  double at(const Ridges& ridges, const cv::Point2d& p) const {
    constexpr float most = 4.0F;
    return holds(ridges, p) ? std::clamp(sample(ridges.terms, p).dot(weights), 0.0F, most) : 0.0F;
  }
  static bool holds(const Ridges& ridges, const cv::Point2d& p) {
    return p.x >= 0.0 && p.y >= 0.0 && p.x <= ridges.terms.cols - 1.0 && p.y <= ridges.terms.rows - 1.0;
  }
};

/// Lays the line beside itself, again and again, and returns by how many standard deviations its own ridge is
/// above those: what the same picture shows there by chance is what it must be measured by (as Desolneux,
/// Moisan and Morel 2000, Int J Comput Vis 40:7, do with a model of noise). That holds whatever the grey map,
/// speckle and clutter.
double prominence_of(const Shaft& s, const Ridges& ridges) {
  constexpr double along = 6.0;  // work pixels: further than ridges of speckle are long
  constexpr double first = 8.0, last = 56.0,
                   apart = 4.0;  // of the lines beside; the first lies clear of its own
  const RidgeAlong ridge(ridges, std::atan2(s.direction.y, s.direction.x));
  const auto mean_at = [&](double u) {
    double sum = 0.0, count = 0.0, all = 0.0;
    for (double t = s.begin; t <= s.end; t += along, ++all) {
      const cv::Point2d p = s.at(t) + u * s.normal();
      if (!RidgeAlong::holds(ridges, p)) continue;
      sum += ridge.at(ridges, p);
      ++count;
    }
    return count > 0.5 * all ? sum / count : -1.0;
  };
  std::vector<double> means;
  for (double u = first; u <= last; u += apart)
    for (const double side : {-1.0, 1.0})
      if (const double m = mean_at(side * u); m >= 0.0) means.push_back(m);
  if (means.size() < 4) return 0.0;
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(means.size());
  double squares = 0.0;
  for (const double m : means) squares += (m - mean) * (m - mean) / static_cast<double>(means.size());
  // Where there is no ridge at all, as in water, lines still may differ by a tenth of the clutter.
  return (mean_at(0.0) - mean) / std::sqrt(squares + 0.01);
}

/// Best mean ridge on a short way beyond an end, straight on or aside, over the line's own: bone, walls of
/// vessels and fasciae go on in a bow where a straight piece of them ends, a needle does not.
double ridge_beyond(const Shaft& s, const Ridges& ridges, bool at_begin) {
  constexpr double most_deg = 48.0, turn_deg = 8.0;        // 8 degrees: 4 work pixels at the end of the way
  constexpr double first = 6.0, last = 26.0, apart = 4.0;  // work pixels from the end
  const double t = at_begin ? s.begin : s.end;
  const cv::Point2d tangent =
      (at_begin ? -1.0 : 1.0) * (s.direction + (s.curve[1] + 2.0 * s.curve[2] * t) * s.normal());
  double best = 0.0;
  for (double turn = -most_deg; turn <= most_deg; turn += turn_deg) {
    const double angle = std::atan2(tangent.y, tangent.x) + turn * std::numbers::pi / 180.0;
    const RidgeAlong ridge(ridges, angle);
    double sum = 0.0, count = 0.0;
    for (double k = first; k <= last; k += apart, ++count)
      sum += ridge.at(ridges, s.at(t) + k * cv::Point2d(std::cos(angle), std::sin(angle)));
    best = std::max(best, sum / count);
  }
  return best / std::clamp(s.ridge, 1.0, 4.0);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void sharpen_tip(Shaft& s, const Picture& picture, const Ridges& ridges, bool at_begin) {
  constexpr double fine = 0.5;
  constexpr int window = 40;       // 20 work pixels: a fall is seldom sharp
  constexpr double beyond = 24.0;  // work pixels looked at past the end
  constexpr double inner = 0.5;    // of the length, in which the tip may be
  // Grey values are logarithms: at the end of a blurred shaft, where half of its amplitude is left (6 dB
  // less), this part is left of what it stands out by, if that is 20 dB.
  constexpr double left = 0.7;
  const double length = s.end - s.begin, outwards = at_begin ? -1.0 : 1.0;
  const auto [low, high] = inside(s, picture.grey.size());
  const double start = (at_begin ? s.end : s.begin) + outwards * (1.0 - inner) * length;
  const double room = at_begin ? start - low : high - start;
  const int count = static_cast<int>(std::min(inner * length + beyond, room) / fine);
  std::vector<double> level;
  for (int n = -window; n < count; ++n) {
    const double t = start + outwards * n * fine;
    level.push_back(level_at(s, picture, t) * runs_along(s, ridges, t));
  }
  if (count < window) return;
  std::vector<double> mean = smoothed(level, window / 2);
  // What crosses the shaft lights it up: the fall behind that is no tip.
  std::vector<double> whole;
  for (double t = s.begin; t <= s.end; t += step)
    whole.push_back(level_at(s, picture, t) * runs_along(s, ridges, t));
  const double usual = median(whole);
  for (double& m : mean) m = std::min(m, 1.5 * usual);
  // From a place outwards, the brightest that comes.
  std::vector<double> after(mean.size());
  double best = 0.0;
  for (std::size_t n = mean.size(); n-- > 0;) after[n] = best = std::max(best, mean[n]);
  double fall = 0.0;
  std::size_t place = 0;
  for (std::size_t n = window / 2; n + window / 2 < mean.size(); ++n) {
    const double f = mean[n - window / 2] - after[n + window / 2];
    if (f > fall) {
      fall = f;
      place = n;
    }
  }
  // A fall of less than a tenth of the brightest, or to more than 0.6 of what was, can't be told from
  // speckle.
  if (place == 0 || fall < std::max(0.1 * picture.brightest, 0.4 * mean[place - window / 2])) return;
  const double before = mean[place - window / 2], behind = after[place + window / 2];
  std::size_t n = place - window / 2;
  for (std::size_t k = n; k <= place + window / 2; ++k)
    if (level[k] > behind + left * (before - behind)) n = k;
  const double t = start + outwards * (static_cast<double>(n) - window) * fine;
  (at_begin ? s.begin : s.end) = t;
}

NeedleEvidence evidence_of(const Shaft& s, const Picture& picture, const Ridges& ridges, bool tip_at_begin) {
  NeedleEvidence e;
  e.ridge = s.ridge;
  e.beside = s.beside;
  e.length = s.length() / picture.diagonal();
  e.continuity = s.continuity;
  e.scatter = s.scatter / std::max(1.0, s.length());
  const double half = 0.5 * (s.end - s.begin);
  e.bend = std::abs(s.curve[2]) * half * half / std::max(1.0, s.length());
  std::vector<double> contrast, brightness, shadow, pieces, rank;
  for (double t = s.begin; t <= s.end; t += step) {
    const Across a = across_at(s, picture, t);
    contrast.push_back((a.on - std::max(a.above, a.below)) / (a.on + 5.0));
    brightness.push_back(a.on / picture.brightest);
    pieces.push_back(a.on);
    rank.push_back(picture.rank[static_cast<std::size_t>(std::clamp(a.on, 0.0, 255.0))]);
    e.over += a.on > a.most_beside ? 1.0 : 0.0;
    // From 10 work pixels: beyond the shaft's own width and its side lobes; to 40, about a tenth of the
    // picture.
    double above = 0.0, below = 0.0;
    const cv::Point2d p = s.at(t);
    for (double k = 10.0; k <= 40.0; k += 3.0) {
      above += sample(picture.grey, p - cv::Point2d(0, k));
      below += sample(picture.grey, p + cv::Point2d(0, k));
    }
    shadow.push_back(std::log((below / 11.0 + 4.0) / (above / 11.0 + 4.0)));
  }
  e.over /= static_cast<double>(std::max<std::size_t>(1, pieces.size()));
  pieces = smoothed(pieces, 2);
  double change = 0.0, changes = 0.0;
  for (std::size_t n = 5; n < pieces.size(); n += 5, ++changes) change += std::abs(pieces[n] - pieces[n - 5]);
  if (changes > 0.0) e.unevenness = change / changes / (median(brightness) * picture.brightest + 5.0);
  const double end = tip_at_begin ? s.begin : s.end, inwards = tip_at_begin ? 1.0 : -1.0;
  double here = 0.0, beyond = 0.0;
  for (double t = 1.0; t <= 12.0; t += 1.0) {
    here += across_at(s, picture, end + inwards * t).on / 12.0;
    beyond = std::max(beyond, (across_at(s, picture, end - inwards * (t + 3.0)).on +
                               across_at(s, picture, end - inwards * (t + 5.0)).on +
                               across_at(s, picture, end - inwards * (t + 7.0)).on) /
                                  3.0);
  }
  e.tip_fall = (here - beyond) / (here + 5.0);
  e.contrast = median(contrast);
  e.brightness = median(brightness);
  e.shadow = median(shadow);
  e.rank = median(rank);
  e.prominence = prominence_of(s, ridges);
  e.onward = ridge_beyond(s, ridges, tip_at_begin);
  const cv::Point2d far = s.at(tip_at_begin ? s.end : s.begin);
  cv::Point2d away = far - s.at(end);
  away *= 1.0 / std::max(1e-9, cv::norm(away));
  double gap = 0.0;
  while (gap < picture.diagonal() && picture.clearance(far + gap * away) > 0.0) gap += 4.0;
  e.far_gap = gap / picture.diagonal();
  e.tip_clearance = picture.clearance(s.at(end)) / picture.diagonal();
  return e;
}

}  // namespace genu::ultrasound::needle
