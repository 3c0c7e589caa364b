// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "needle_parts.h"

namespace genu::ultrasound::needle {
namespace {

/// Steps along and across the line, in work pixels.
constexpr double step = 2.0;
constexpr double across = 1.0;
/// Half the width of the strip in which the line is followed, pass by pass: wide enough for the bow of a bent
/// needle at first, then no more than its scatter.
constexpr std::array half_widths{12.0, 7.0, 4.0, 4.0};
/// On the strongest way through mere speckle the ridge is about 1.5 times the clutter; a line has more than this.
constexpr double seen_on_way = 2.2;
/// On a fixed curve, speckle has what is beside it, 0.5 to 1.2; a line has this much more. With less than
/// `least_seen` nothing is a line, and with `surely_seen` it is one also among its own reverberations.
constexpr double seen_above_beside = 0.9, least_seen = 1.5, surely_seen = 2.8;
/// The line ends where this much speaks against it (the X-drop of Altschul et al. 1990, J Mol Biol 215:403): a
/// gap of about 17 steps, 35 work pixels, of mere speckle.
constexpr double most_against = 14.0;
/// As most_ridge of the candidates: bright spots don't outvote.
constexpr double most_vote = 4.0;
/// Ridges above this are no more of a ridge.
constexpr float most_ridge = 10.0F;

/// Ridge strengths in a strip along a curve; a row for each step along.
struct Strip {
  double first = 0.0;  ///< t of row 0.
  int half = 0;        ///< Columns on each side of the curve.
  cv::Mat_<float> ridge;

  double t(int row) const { return first + step * row; }
};

/// Returns the range of t in which the chord lies inside the picture.
std::pair<double, double> inside(const Shaft& s, const cv::Size& size) {
  double low = -1e6, high = 1e6;
  const auto clip = [&](double p, double d, double limit) {
    if (std::abs(d) < 1e-9) return;
    const double a = (0.0 - p) / d, b = (limit - p) / d;
    low = std::max(low, std::min(a, b));
    high = std::min(high, std::max(a, b));
  };
  clip(s.origin.x, s.direction.x, size.width - 1.0);
  clip(s.origin.y, s.direction.y, size.height - 1.0);
  return {low, high};
}

Strip strip_along(const Shaft& s, const Ridges& r, double half_width, double from, double to) {
  const auto [low, high] = inside(s, r.terms.size());
  Strip strip;
  strip.first = std::ceil(std::max(low, from) / step) * step;
  strip.half = static_cast<int>(half_width / across);
  const int rows = std::max(1, static_cast<int>((std::min(high, to) - strip.first) / step) + 1);
  strip.ridge.create(rows, 2 * strip.half + 1);
  const auto gain = static_cast<float>(r.gain_at(std::atan2(s.direction.y, s.direction.x)));
  for (int row = 0; row < rows; ++row) {
    const double t = strip.t(row), slope = s.curve[1] + 2.0 * s.curve[2] * t;
    const cv::Point2d tangent = s.direction + slope * s.normal();
    const double n2 = tangent.dot(tangent);
    const auto c = static_cast<float>((tangent.x * tangent.x - tangent.y * tangent.y) / n2);
    const auto d = static_cast<float>(2.0 * tangent.x * tangent.y / n2);
    for (int k = 0; k < strip.ridge.cols; ++k) {
      const cv::Point2d p = s.at(t) + across * (k - strip.half) * s.normal();
      const bool out = p.x < 0.0 || p.y < 0.0 || p.x > r.terms.cols - 1.0 || p.y > r.terms.rows - 1.0;
      const cv::Vec4f v = out ? cv::Vec4f() : sample(r.terms, p);
      strip.ridge(row, k) = std::clamp(gain * (v[1] * c + v[2] * d - v[0]), 0.0F, most_ridge);
    }
  }
  return strip;
}

/// Returns the strongest connected way through the strip, a column a row (dynamic programming).
std::vector<int> strongest_way(const Strip& strip) {
  constexpr float sideways = 0.3F;  // a step aside costs this much ridge: speckle must not make it wander
  const int rows = strip.ridge.rows, columns = strip.ridge.cols;
  cv::Mat_<float> best(rows, columns);
  cv::Mat_<std::int8_t> from(rows, columns, std::int8_t{0});
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < columns; ++k) {
      float value = row == 0 ? 0.0F : best(row - 1, k);
      if (row > 0)
        for (const int d : {-1, 1})
          if (k + d >= 0 && k + d < columns && best(row - 1, k + d) - sideways > value) {
            value = best(row - 1, k + d) - sideways;
            from(row, k) = static_cast<std::int8_t>(d);
          }
      best(row, k) = value + strip.ridge(row, k);
    }
  std::vector<int> way(static_cast<std::size_t>(rows));
  const float* last = best[rows - 1];
  int k = static_cast<int>(std::max_element(last, last + columns) - last);
  for (int row = rows - 1; row >= 0; --row) {
    way[static_cast<std::size_t>(row)] = k;
    k += from(row, k);
  }
  return way;
}

/// Returns the rows around `middle` whose sum of votes is greatest: gaps are bridged where what lies beyond
/// outweighs them.
std::pair<int, int> seen_rows(const std::vector<double>& votes, int middle) {
  const int rows = static_cast<int>(votes.size());
  middle = std::clamp(middle, 0, rows - 1);
  const auto farthest = [&](int direction) {
    double sum = 0.0, best = 0.0;
    int place = middle;
    for (int row = middle + direction; row >= 0 && row < rows; row += direction) {
      sum += votes[static_cast<std::size_t>(row)];
      if (sum > best) {
        best = sum;
        place = row;
      } else if (sum < best - most_against) {
        break;
      }
    }
    return place;
  };
  return {farthest(-1), farthest(1)};
}

/// Sub-pixel place of the ridge in a row near column k (parabola through three values).
double peak(const Strip& strip, int row, int k) {
  if (k <= 0 || k >= strip.ridge.cols - 1) return k;
  const double a = strip.ridge(row, k - 1), b = strip.ridge(row, k), c = strip.ridge(row, k + 1);
  const double bow = a - 2.0 * b + c;
  return bow < -1e-6 ? k + std::clamp(0.5 * (a - c) / bow, -0.5, 0.5) : k;
}

/// Fits a parabola to the ridge; rows far from it count little (Tukey's biweight, reweighted three times).
void fit(Shaft& s, const Strip& strip, const std::vector<int>& way, int begin, int end) {
  const double middle = 0.5 * (strip.t(begin) + strip.t(end)), half = std::max(8.0, 0.5 * (strip.t(end) - strip.t(begin)));
  std::vector<double> x, u, w;
  for (int row = begin; row <= end; ++row) {
    const int k = way[static_cast<std::size_t>(row)];
    x.push_back((strip.t(row) - middle) / half);
    u.push_back(s.offset(strip.t(row)) + across * (peak(strip, row, k) - strip.half));
    w.push_back(std::clamp(strip.ridge(row, k) - 0.5F, 0.0F, 4.0F));
  }
  cv::Vec3d c(s.offset(middle), 0.0, 0.0);
  double width = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < 3; ++pass) {
    cv::Matx33d normal = cv::Matx33d::zeros();
    cv::Vec3d right(0, 0, 0);
    for (std::size_t n = 0; n < x.size(); ++n) {
      const cv::Vec3d row(1.0, x[n], x[n] * x[n]);
      const double miss = (u[n] - row.dot(c)) / width, part = std::max(0.0, 1.0 - miss * miss);
      const double weight = w[n] * part * part;
      normal += weight * row * row.t();
      right += weight * u[n] * row;
    }
    // A short piece must not bend on a whim: as if rows of weight 4 at its ends said that it is straight.
    normal(2, 2) += 4.0;
    normal(0, 0) += 1e-6;
    normal(1, 1) += 1e-6;
    c = normal.solve(right, cv::DECOMP_CHOLESKY);
    width = pass == 0 ? 6.0 : 4.0;
  }
  s.curve = {c[0] - c[1] * middle / half + c[2] * middle * middle / (half * half),
             c[1] / half - 2.0 * c[2] * middle / (half * half), c[2] / (half * half)};
}

/// How strong the ridge on the curve is, row by row, and how strong such ridges are beside it.
struct Profile {
  std::vector<double> on, beside;
};

std::vector<double> smoothed(const std::vector<double>& values, int reach) {
  const int rows = static_cast<int>(values.size());
  std::vector<double> sums(1, 0.0), result;
  sums.reserve(values.size() + 1);
  for (const double v : values) sums.push_back(sums.back() + v);
  result.reserve(values.size());
  for (int row = 0; row < rows; ++row) {
    const int low = std::max(0, row - reach), high = std::min(rows, row + reach + 1);
    result.push_back((sums[static_cast<std::size_t>(high)] - sums[static_cast<std::size_t>(low)]) / (high - low));
  }
  return result;
}

/// Takes the strongest ridge within one column of the curve, averaged over 5 rows (10 work pixels): speckle is
/// shorter; and the mean of the same thing at 8 to 20 work pixels on both sides, over 21 rows.
Profile profile_along(const Strip& strip) {
  const auto strongest = [&](int row, int k) {
    const float* r = strip.ridge[row] + k;
    return double{std::max({r[-1], r[0], r[1]})};
  };
  std::vector<double> on, beside;
  on.reserve(static_cast<std::size_t>(strip.ridge.rows));
  beside.reserve(on.capacity());
  for (int row = 0; row < strip.ridge.rows; ++row) {
    on.push_back(strongest(row, strip.half));
    double sum = 0.0;
    int count = 0;
    for (int k = 8; k < strip.half; k += 2, count += 2)
      sum += std::min(strongest(row, strip.half - k), most_vote) +
             std::min(strongest(row, strip.half + k), most_vote);
    beside.push_back(sum / count);
  }
  return {smoothed(on, 2), smoothed(beside, 10)};
}

/// Grey value of the shaft at t, and the means beside it.
struct Across {
  double on = 0.0, above = 0.0, below = 0.0;
};
Across across_at(const Shaft& s, const Picture& picture, double t) {
  cv::Point2d down = s.normal();
  if (down.y < 0.0) down = -down;
  const cv::Point2d p = s.at(t);
  Across a;
  for (const double k : {-1.5, -0.5, 0.5, 1.5}) a.on = std::max(a.on, double{sample(picture.grey, p + k * down)});
  for (const double k : {5.0, 7.0, 9.0}) {
    a.above += sample(picture.grey, p - k * down) / 3.0;
    a.below += sample(picture.grey, p + k * down) / 3.0;
  }
  return a;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Shaft shaft_from(const Seed& seed, const Ridges& ridges) {
  Shaft s;
  s.origin = seed.middle;
  s.direction = {std::cos(seed.angle), std::sin(seed.angle)};
  std::vector<double> votes;
  const auto middle = [](const Strip& strip) { return static_cast<int>(std::lround(-strip.first / step)); };
  // The first pass looks along the whole line, the others where it was seen and some way on.
  constexpr double on = 100.0;
  double from = -1e6, to = 1e6;
  for (const double half_width : half_widths) {
    const Strip strip = strip_along(s, ridges, half_width, from, to);
    const std::vector<int> way = strongest_way(strip);
    votes.clear();
    for (std::size_t row = 0; row < way.size(); ++row)
      votes.push_back(std::min<double>(strip.ridge(static_cast<int>(row), way[row]), most_vote) - seen_on_way);
    const auto [begin, end] = seen_rows(votes, middle(strip));
    fit(s, strip, way, begin, end);
    from = strip.t(begin) - on;
    to = strip.t(end) + on;
  }
  const Strip strip = strip_along(s, ridges, 21.0, from, to);
  const Profile profile = profile_along(strip);
  votes.clear();
  for (std::size_t row = 0; row < profile.on.size(); ++row)
    votes.push_back(std::min(profile.on[row], most_vote) -
                    std::clamp(profile.beside[row] + seen_above_beside, least_seen, surely_seen));
  const auto [begin, end] = seen_rows(votes, middle(strip));
  s.begin = strip.t(begin);
  s.end = strip.t(end);
  Strip narrow = strip;
  narrow.half = static_cast<int>(half_widths.back() / across);
  narrow.ridge = strip.ridge.colRange(strip.half - narrow.half, strip.half + narrow.half + 1);
  const std::vector<int> way = strongest_way(narrow);
  double sum = 0.0, beside = 0.0, seen = 0.0, squares = 0.0;
  for (int row = begin; row <= end; ++row) {
    const auto n = static_cast<std::size_t>(row);
    const double miss = across * (peak(narrow, row, way[n]) - narrow.half);
    squares += miss * miss;
    beside += profile.beside[n];
    if (votes[n] <= 0.0) continue;
    sum += profile.on[n];
    ++seen;
  }
  const double rows = end - begin + 1.0;
  s.ridge = seen > 0.0 ? sum / seen : 0.0;
  s.beside = beside / rows;
  s.continuity = seen / rows;
  s.scatter = std::sqrt(squares / rows);
  return s;
}

bool Shaft::holds(const Seed& seed) const {
  const cv::Point2d from = seed.middle - origin;
  const double t = from.dot(direction), u = from.dot(normal());
  if (t < begin - 12.0 || t > end + 12.0 || std::abs(u - offset(t)) > 6.0) return false;
  const double angle = std::atan2(direction.y, direction.x) + std::atan(curve[1] + 2.0 * curve[2] * t);
  return std::abs(std::remainder(angle - seed.angle, std::numbers::pi)) < 0.4;
}

void sharpen_tip(Shaft& s, const Picture& picture, bool at_begin) {
  constexpr double fine = 0.5;
  constexpr int window = 20;        // 10 work pixels: several speckles
  constexpr double beyond = 16.0;   // work pixels looked at past the end
  constexpr double inner = 0.3;     // of the length, in which the tip may be
  const double length = s.end - s.begin, outwards = at_begin ? -1.0 : 1.0;
  const auto [low, high] = inside(s, picture.grey.size());
  const double start = (at_begin ? s.end : s.begin) + outwards * (1.0 - inner) * length;
  const double room = at_begin ? start - low : high - start;
  const int count = static_cast<int>(std::min(inner * length + beyond, room) / fine);
  std::vector<double> level;
  for (int n = -window; n < count; ++n) {
    const double t = start + outwards * n * fine;
    double on = 0.0;
    for (const double k : {-1.0, 0.0, 1.0}) on = std::max(on, double{sample(picture.grey, s.at(t) + k * s.normal())});
    level.push_back(on);
  }
  if (count < 2 * window) return;
  const std::vector<double> mean = smoothed(level, window / 2);
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
  // A fall of less than a tenth of the brightest, or to more than 0.7 of what was, can't be told from speckle.
  if (place == 0 || fall < std::max(0.1 * picture.brightest, 0.3 * mean[place - window / 2])) return;
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
    // From 10 work pixels: beyond the shaft's own width and its side lobes; to 40, about a tenth of the picture.
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
    beyond = std::max(beyond, (across_at(s, picture, end - inwards * (t + 3.0)).on + across_at(s, picture, end - inwards * (t + 5.0)).on +
                               across_at(s, picture, end - inwards * (t + 7.0)).on) / 3.0);
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
