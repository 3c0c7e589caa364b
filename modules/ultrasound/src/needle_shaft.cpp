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
/// Half the width of the strip in which the line is followed, pass by pass: narrower than the distance of the
/// first reverberation (the diameter: 5 to 8 work pixels), or the way would change over to it. A bent shaft
/// leaves the first strip some 100 pixels from its seed; what was followed so far foretells the rest.
constexpr std::array half_widths{5.0, 5.0, 4.0, 4.0};
/// On the strongest way through mere speckle the ridge is about 1.5 times the clutter; a line has more than
/// this.
constexpr double seen_on_way = 2.2;
/// On a fixed curve, speckle has what is beside it, 0.5 to 1.2; a line has this much more. With less than
/// `least_seen` nothing is a line, and with `surely_seen` it is one also among its own reverberations.
constexpr double seen_above_beside = 0.9, least_seen = 1.5, surely_seen = 2.8;
/// The line ends where this much speaks against it (the X-drop of Altschul et al. 1990, J Mol Biol 215:403):
/// a gap of about 17 steps, 35 work pixels, of mere speckle.
constexpr double most_against = 14.0;
/// As most_ridge of the candidates: bright spots don't outvote.
constexpr double most_vote = 4.0;

/// Ridges count by the logarithm from most_vote on: bright spots don't outvote, and yet the crest stays a
/// crest.
float compressed(float ridge) {
  constexpr auto knee = static_cast<float>(most_vote);
  if (ridge <= knee) return std::max(ridge, 0.0F);
  return knee + 2.0F * std::log1p(0.5F * (ridge - knee));
}

/// Ridge strengths in a strip along a curve; a row for each step along.
struct Strip {
  double first = 0.0;  ///< t of row 0.
  int half = 0;        ///< Columns on each side of the curve.
  cv::Mat_<float> ridge;

  double t(int row) const { return first + step * row; }
};

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
      strip.ridge(row, k) = compressed(gain * (v[1] * c + v[2] * d - v[0]));
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
  const double middle = 0.5 * (strip.t(begin) + strip.t(end)),
               half = std::max(8.0, 0.5 * (strip.t(end) - strip.t(begin)));
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

/// Lays the axis along the chord of the part from begin to end, t = 0 beside `middle`; the parabola stays the
/// same where it was measured.
void lay_along_chord(Shaft& s, double begin, double end, const cv::Point2d& middle) {
  const cv::Point2d a = s.at(begin), b = s.at(end), m = s.at(0.5 * (begin + end)), chord = b - a;
  const double length = cv::norm(chord);
  if (length < 1.0) return;
  s.direction = chord / length;
  s.origin = a + (middle - a).dot(s.direction) * s.direction;
  const double ta = (a - s.origin).dot(s.direction), tb = (b - s.origin).dot(s.direction);
  const double tm = (m - s.origin).dot(s.direction), um = (m - s.origin).dot(s.normal());
  const double k = std::abs((tm - ta) * (tm - tb)) > 1.0 ? um / ((tm - ta) * (tm - tb)) : 0.0;
  s.curve = {k * ta * tb, -k * (ta + tb), k};
}

/// How strong the ridge on the curve is, row by row, and how strong such ridges are beside it.
struct Profile {
  std::vector<double> on, beside;
};

/// Takes the strongest ridge within one column of the curve, averaged over 5 rows (10 work pixels): speckle
/// is shorter; and the mean of the same thing at 8 to 20 work pixels on both sides, over 21 rows.
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

}  // namespace

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

std::vector<double> smoothed(const std::vector<double>& values, int reach) {
  const int rows = static_cast<int>(values.size());
  std::vector<double> sums(1, 0.0), result;
  sums.reserve(values.size() + 1);
  for (const double v : values) sums.push_back(sums.back() + v);
  result.reserve(values.size());
  for (int row = 0; row < rows; ++row) {
    const int low = std::max(0, row - reach), high = std::min(rows, row + reach + 1);
    result.push_back((sums[static_cast<std::size_t>(high)] - sums[static_cast<std::size_t>(low)]) /
                     (high - low));
  }
  return result;
}

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
      votes.push_back(std::min<double>(strip.ridge(static_cast<int>(row), way[row]), most_vote) -
                      seen_on_way);
    const auto [begin, end] = seen_rows(votes, middle(strip));
    fit(s, strip, way, begin, end);
    const double length = strip.t(end) - strip.t(begin);
    lay_along_chord(s, strip.t(begin), strip.t(end), seed.middle);
    from = -length - on;
    to = length + on;
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

}  // namespace genu::ultrasound::needle
