// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "needle_parts.h"

namespace genu::ultrasound::needle {
namespace {

/// Work pixels from one look at the shaft to the next.
constexpr double step = 2.0;

/// Grey value of the shaft at t, and the means beside it.
struct Across {
  double on = 0.0, above = 0.0, below = 0.0;
};
Across across_at(const Shaft& s, const Picture& picture, double t) {
  cv::Point2d down = s.normal();
  if (down.y < 0.0) down = -down;
  const cv::Point2d p = s.at(t);
  Across a;
  for (const double k : {-1.5, -0.5, 0.5, 1.5})
    a.on = std::max(a.on, double{sample(picture.grey, p + k * down)});
  for (const double k : {5.0, 7.0, 9.0}) {
    a.above += sample(picture.grey, p - k * down) / 3.0;
    a.below += sample(picture.grey, p + k * down) / 3.0;
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

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void sharpen_tip(Shaft& s, const Picture& picture, bool at_begin) {
  constexpr double fine = 0.5;
  constexpr int window = 20;       // 10 work pixels: several speckles
  constexpr double beyond = 16.0;  // work pixels looked at past the end
  constexpr double inner = 0.3;    // of the length, in which the tip may be
  const double length = s.end - s.begin, outwards = at_begin ? -1.0 : 1.0;
  const auto [low, high] = inside(s, picture.grey.size());
  const double start = (at_begin ? s.end : s.begin) + outwards * (1.0 - inner) * length;
  const double room = at_begin ? start - low : high - start;
  const int count = static_cast<int>(std::min(inner * length + beyond, room) / fine);
  std::vector<double> level;
  for (int n = -window; n < count; ++n) {
    level.push_back(level_at(s, picture, start + outwards * n * fine));
  }
  if (count < 2 * window) return;
  std::vector<double> mean = smoothed(level, window / 2);
  // What crosses the shaft lights it up: the fall behind that is no tip.
  std::vector<double> whole;
  for (double t = s.begin; t <= s.end; t += step) whole.push_back(level_at(s, picture, t));
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
  // A fall of less than a tenth of the brightest, or to more than 0.7 of what was, can't be told from
  // speckle.
  if (place == 0 || fall < std::max(0.1 * picture.brightest, 0.4 * mean[place - window / 2])) return;
  const double half = 0.5 * (mean[place - window / 2] + after[place + window / 2]);
  std::size_t n = place - window / 2;
  for (std::size_t k = n; k <= place + window / 2; ++k)
    if (level[k] > half) n = k;
  const double t = start + outwards * (static_cast<double>(n) - window) * fine;
  (at_begin ? s.begin : s.end) = t;
}

NeedleEvidence evidence_of(const Shaft& s, const Picture& picture, bool tip_at_begin) {
  NeedleEvidence e;
  e.ridge = s.ridge;
  e.beside = s.beside;
  e.length = s.length() / picture.diagonal();
  e.continuity = s.continuity;
  e.scatter = s.scatter / std::max(1.0, s.length());
  const double half = 0.5 * (s.end - s.begin);
  e.bend = std::abs(s.curve[2]) * half * half / std::max(1.0, s.length());
  std::vector<double> contrast, brightness, shadow, pieces;
  for (double t = s.begin; t <= s.end; t += step) {
    const Across a = across_at(s, picture, t);
    contrast.push_back((a.on - std::max(a.above, a.below)) / (a.on + 5.0));
    brightness.push_back(a.on / picture.brightest);
    pieces.push_back(a.on);
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
