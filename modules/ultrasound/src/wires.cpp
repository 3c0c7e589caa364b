// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>
#include <genu/ultrasound/wires.h>

#include "require_picture.h"

namespace genu::ultrasound {
namespace {

using Pixel = cv::Vec2d;

Pixel as_vector(const PixelPoint& p) {
  return {p.x, p.y};
}

double cross_of(const Pixel& a, const Pixel& b) {
  return a[0] * b[1] - a[1] * b[0];
}

// A spot may be this much dimmer than the brightest: wires far from the focus of the beam are.
constexpr double least_of_brightest = 0.03;
// How far the size of pixels across and along the beam may differ, and a pattern be stretched by the tilt of
// the image against the wires; no more than half as long again is cut by a probe that shows them all.
constexpr double max_stretch = 1.6;
// Of the metric that three N give, this part may disagree with pixels of any size.
constexpr double max_metric_error = 0.15;

/// The phantom seen along its side wires: where they stand, and what the wires across do.
class Pattern {
 public:
  explicit Pattern(const std::vector<NWire>& phantom) : phantom_(phantom) {
    if (phantom.size() < 2)
      throw InvalidInput("finding wires takes a phantom of at least two N, not " +
                         std::to_string(phantom.size()));
    along_ = normalized(phantom[0][0].back - phantom[0][0].front);
    across_ = normalized(rejected(phantom[0][2].front - phantom[0][0].front));
    up_ = cross(across_, along_);
    for (const NWire& n : phantom) check(n);
    require_depth();
  }

  std::size_t size() const { return phantom_.size(); }
  const std::vector<NWire>& phantom() const { return phantom_; }
  /// The place of a side wire across the phantom.
  Pixel side(std::size_t n, int wire) const { return place(phantom_[n][wire].front); }
  Pixel place(const Point3& p) const {
    const Vector3 v = p - phantom_[0][0].front;
    return {dot(v, across_), dot(v, up_)};
  }
  double along(const Point3& p) const { return dot(p - phantom_[0][0].front, along_); }
  double width_mm() const { return std::abs(side(0, 2)[0] - side(0, 0)[0]); }

 private:
  Vector3 rejected(const Vector3& v) const { return v - dot(v, along_) * along_; }

  void check(const NWire& n) const {
    constexpr double parallel_deg = 0.5, flat_mm = 0.1;  // tolerances of a printed phantom
    for (const int side : {0, 2})
      if (angle_deg(n[side].back - n[side].front, along_) > parallel_deg)
        throw InvalidInput("the side wire " + n[side].name + " of the phantom is not parallel to " +
                           phantom_[0][0].name);
    const Vector3 normal = normalized(cross(along_, rejected(n[2].front - n[0].front)));
    for (const Point3& p : {n[1].front, n[1].back})
      if (std::abs(dot(normal, p - n[0].front)) > flat_mm)
        throw InvalidInput("the wire " + n[1].name + " of the phantom does not lie in the plane of its N");
    if (length(rejected(n[1].back - n[1].front)) < 1.0)
      throw InvalidInput("the wire " + n[1].name +
                         " of the phantom is parallel to its sides: it tells nothing");
  }

  /// The first N's sides and the last one's first are three points of an affine image, not of one line.
  void require_depth() const {
    constexpr double least_depth_mm = 1.0;  // hardly more than a hole of a wire
    const auto in_plane = [&](const NWire& n) {
      return std::abs(place(n[0].front)[1]) < least_depth_mm &&
             std::abs(place(n[2].front)[1]) < least_depth_mm;
    };
    if (std::all_of(phantom_.begin(), phantom_.end(), in_plane))
      throw InvalidInput(
          "all N of the phantom lie in one plane, which shows as a line: wires are found by N "
          "of two planes or more");
    if (std::abs(place(phantom_.back()[0].front)[1]) < least_depth_mm)
      throw InvalidInput("the wire " + phantom_.back()[0].name +
                         " of the phantom lies in the plane of its first N; name an N off that plane last");
  }

  std::vector<NWire> phantom_;
  Vector3 along_, across_, up_;
};

struct Spot {
  Pixel at;
  double strength = 0.0;
};

/// Returns the centre of intensity about a spot.
Pixel centre_of(const cv::Mat1f& image, const cv::Point& spot, double sigma) {
  const int reach = static_cast<int>(std::lround(4 * sigma));
  double x = spot.x, y = spot.y;
  constexpr int rounds = 3;  // a window about the last centre; moves by less than 0.1 pixels after two
  for (int round = 0; round < rounds; ++round) {
    const cv::Rect window = cv::Rect(static_cast<int>(std::lround(x)) - reach,
                                     static_cast<int>(std::lround(y)) - reach, 2 * reach + 1, 2 * reach + 1) &
                            cv::Rect(0, 0, image.cols, image.rows);
    const cv::Mat1f part = image(window);
    double low = 0.0, high = 0.0;
    cv::minMaxLoc(part, &low, &high);
    // A quarter of the peak keeps out the tails of the beam, which are longer on one side.
    const double floor = low + 0.25 * (high - low);
    double sum = 0.0, sum_x = 0.0, sum_y = 0.0;
    for (int j = 0; j < part.rows; ++j)
      for (int i = 0; i < part.cols; ++i)
        if (const double w = part(j, i) - floor; w > 0.0) {
          sum += w;
          sum_x += w * (window.x + i);
          sum_y += w * (window.y + j);
        }
    if (sum <= 0.0) break;
    x = sum_x / sum;
    y = sum_y / sum;
  }
  return {x, y};
}

/// Returns the brightest spots, brightest first.
std::vector<Spot> spots_of(const Frame& frame, const WireOptions& options) {
  cv::Mat1f image, fine, coarse;
  const Frame grey = as_grey(frame);
  bridge::view_as_opencv(grey).convertTo(image, CV_32F);
  const double sigma = std::max(1.0, options.spot_part * frame.height);
  cv::GaussianBlur(image, fine, {}, sigma);
  // Wider than an echo is smeared across the beam, so that what is subtracted is what lies around it.
  cv::GaussianBlur(image, coarse, {}, 6 * sigma);
  const cv::Mat1f spot = fine - coarse;
  cv::Mat1f highest;
  const int reach = 2 * static_cast<int>(std::lround(3 * sigma)) + 1;
  cv::dilate(spot, highest, cv::getStructuringElement(cv::MORPH_RECT, {reach, reach}));
  double brightest = 0.0;
  cv::minMaxLoc(spot, nullptr, &brightest);
  std::vector<Spot> spots;
  for (int y = 1; y + 1 < spot.rows; ++y)
    for (int x = 1; x + 1 < spot.cols; ++x)
      if (spot(y, x) > least_of_brightest * brightest && spot(y, x) >= highest(y, x))
        spots.push_back({centre_of(fine, {x, y}, sigma), spot(y, x)});
  std::stable_sort(spots.begin(), spots.end(),
                   [](const Spot& a, const Spot& b) { return a.strength > b.strength; });
  if (spots.size() > static_cast<std::size_t>(options.max_candidates))
    spots.resize(static_cast<std::size_t>(options.max_candidates));
  return spots;
}

/// An affine map of the phantom's places to the picture.
struct Map {
  cv::Matx22d linear;
  Pixel offset;
  Pixel operator()(const Pixel& p) const { return linear * p + offset; }
};

Map map_through(const std::array<Pixel, 3>& from, const std::array<Pixel, 3>& to) {
  const Pixel a = from[1] - from[0], b = from[2] - from[0], c = to[1] - to[0], d = to[2] - to[0];
  const cv::Matx22d source(a[0], b[0], a[1], b[1]), target(c[0], d[0], c[1], d[1]);
  const cv::Matx22d linear = target * source.inv();
  return {linear, to[0] - linear * from[0]};
}

/// Returns the affine map with least squares.
Map map_fitted(const std::vector<Pixel>& from, const std::vector<Pixel>& to) {
  cv::Mat1d left(static_cast<int>(from.size()), 3), right(static_cast<int>(from.size()), 2), x;
  for (int n = 0; n < left.rows; ++n) {
    const auto at = static_cast<std::size_t>(n);
    left(n, 0) = from[at][0];
    left(n, 1) = from[at][1];
    left(n, 2) = 1.0;
    right(n, 0) = to[at][0];
    right(n, 1) = to[at][1];
  }
  cv::solve(left, right, x, cv::DECOMP_SVD);
  return {{x(0, 0), x(1, 0), x(0, 1), x(1, 1)}, {x(2, 0), x(2, 1)}};
}

bool plausible(const Map& map) {
  const cv::Matx22d& m = map.linear;
  const double a = std::hypot(m(0, 0), m(1, 0)), b = std::hypot(m(0, 1), m(1, 1));
  const double skew = (m(0, 0) * m(0, 1) + m(1, 0) * m(1, 1)) / (a * b);
  constexpr double max_skew = 0.4;  // of an image tilted and turned by 35 degrees against the wires
  return a < max_stretch * b && b < max_stretch * a && std::abs(skew) < max_skew;
}

/// Which way the phantom's axes point in the picture: one of four.
int turn_of(const Map& map) {
  return (map.linear(0, 0) < 0.0 ? 1 : 0) + (map.linear(1, 1) < 0.0 ? 2 : 0);
}

/// What three N say of the size of pixels, and how far they disagree.
struct Metric {
  PixelSize pixel;
  double error = std::numeric_limits<double>::infinity();
};

Metric metric_of(const Pattern& pattern, const Map& map, const std::vector<Point3>& middles) {
  cv::Mat1d left(static_cast<int>(middles.size()), 3), right(static_cast<int>(middles.size()), 1), plane;
  for (int n = 0; n < left.rows; ++n) {
    const Pixel place = pattern.place(middles[static_cast<std::size_t>(n)]);
    left(n, 0) = place[0];
    left(n, 1) = place[1];
    left(n, 2) = 1.0;
    right(n, 0) = pattern.along(middles[static_cast<std::size_t>(n)]);
  }
  cv::solve(left, right, plane, cv::DECOMP_SVD);
  const double b = plane(0, 0), c = plane(1, 0);
  const cv::Matx33d metric(1 + b * b, 0, 0, b * c, 0, 0, 1 + c * c, 0, 0);
  const cv::Matx22d& m = map.linear;
  // Lengths in the picture are those in the phantom: m' diag(sx2, sy2) m = metric.
  const cv::Mat1d lengths = (cv::Mat1d(3, 2) << m(0, 0) * m(0, 0), m(1, 0) * m(1, 0), m(0, 0) * m(0, 1),
                             m(1, 0) * m(1, 1), m(0, 1) * m(0, 1), m(1, 1) * m(1, 1));
  const cv::Mat1d want = (cv::Mat1d(3, 1) << metric(0, 0), metric(1, 0), metric(2, 0));
  cv::Mat1d squared;
  cv::solve(lengths, want, squared, cv::DECOMP_SVD);
  if (squared(0, 0) <= 0.0 || squared(1, 0) <= 0.0) return {};
  return {{std::sqrt(squared(0, 0)), std::sqrt(squared(1, 0))},
          cv::norm(lengths * squared - want) / cv::norm(want)};
}

/// The search of one picture.
class Reader {
 public:
  Reader(const Pattern& pattern, std::vector<Spot> spots, const WireOptions& options)
      : pattern_(pattern), spots_(std::move(spots)), options_(options) {}

  std::vector<WireCrossings> read() {
    for (std::size_t a = 0; a < spots_.size(); ++a)
      for (std::size_t b = 0; b < spots_.size(); ++b)
        for (std::size_t c = 0; c < spots_.size(); ++c)
          if (a != b && b != c && a != c) try_sides({a, b, c});
    std::vector<WireCrossings> result;
    for (auto& best : best_)
      if (best) result.push_back(std::move(*best));
    std::stable_sort(result.begin(), result.end(), [](const WireCrossings& a, const WireCrossings& b) {
      return a.misfit_px < b.misfit_px;
    });
    return result;
  }

 private:
  /// Takes three spots for the first N's sides and the last one's first.
  void try_sides(const std::array<std::size_t, 3>& spots) {
    const std::size_t last = pattern_.size() - 1;
    const Map map = map_through({pattern_.side(0, 0), pattern_.side(0, 2), pattern_.side(last, 0)},
                                {spots_[spots[0]].at, spots_[spots[1]].at, spots_[spots[2]].at});
    if (!plausible(map)) return;
    const double reach =
        options_.max_misfit_part * 2 * std::hypot(map.linear(0, 0), map.linear(1, 0)) * pattern_.width_mm();
    std::vector<std::size_t> used{spots.begin(), spots.end()};
    std::vector<Pixel> from, to;
    std::vector<std::array<PixelPoint, 3>> points(pattern_.size());
    for (std::size_t n = 0; n < pattern_.size(); ++n)
      for (const int wire : {0, 2}) {
        const std::size_t given = n == 0 ? spots[wire == 0 ? 0 : 1] : spots[2];
        const bool known = n == 0 || (n == last && wire == 0);
        const auto spot = known ? given : nearest(map(pattern_.side(n, wire)), reach, used);
        if (spot == none) return;
        if (!known) used.push_back(spot);
        from.push_back(pattern_.side(n, wire));
        to.push_back(spots_[spot].at);
        points[n][static_cast<std::size_t>(wire)] = {spots_[spot].at[0], spots_[spot].at[1]};
      }
    const Map fitted = map_fitted(from, to);
    double sum = 0.0;
    for (std::size_t n = 0; n < from.size(); ++n) sum += cv::norm(fitted(from[n]) - to[n], cv::NORM_L2SQR);
    const double misfit = std::sqrt(sum / static_cast<double>(from.size()));
    auto& best = best_[static_cast<std::size_t>(turn_of(fitted))];
    if (misfit > reach / 2 || (best && best->misfit_px <= misfit)) return;
    WireCrossings found{std::move(points), {}, misfit, {}};
    if (add_middles(found, fitted, used, reach / 2)) best = std::move(found);
  }

  std::size_t nearest(const Pixel& p, double reach, const std::vector<std::size_t>& used) const {
    std::size_t best = none;
    double least = reach;
    for (std::size_t s = 0; s < spots_.size(); ++s) {
      if (std::find(used.begin(), used.end(), s) != used.end()) continue;
      if (const double d = cv::norm(spots_[s].at - p); d < least) {
        least = d;
        best = s;
      }
    }
    return best;
  }

  /// Returns the spots on the line between an N's sides.
  std::vector<std::size_t> between(const std::array<PixelPoint, 3>& sides,
                                   const std::vector<std::size_t>& used, double reach) const {
    const Pixel a = as_vector(sides[0]), b = as_vector(sides[2]);
    const double length = cv::norm(b - a);
    std::vector<std::size_t> found;
    for (std::size_t s = 0; s < spots_.size(); ++s) {
      const Pixel v = spots_[s].at - a;
      const double t = v.dot(b - a) / (length * length);
      const double aside = std::abs(cross_of(b - a, v)) / length;
      if (t > 0.0 && t < 1.0 && aside < reach && std::find(used.begin(), used.end(), s) == used.end())
        found.push_back(s);
    }
    return found;
  }

  /// Chooses the wires across: those that agree best with the shape of the picture, or the brightest where
  /// two N do not tell. Returns false if there are none.
  bool add_middles(WireCrossings& found, const Map& map, const std::vector<std::size_t>& used,
                   double reach) const {
    std::vector<std::vector<std::size_t>> choices;
    choices.reserve(pattern_.size());
    for (const auto& sides : found.points) {
      choices.push_back(between(sides, used, reach));
      if (choices.back().empty()) return false;
    }
    const bool told = pattern_.size() >= 3;
    std::vector<std::size_t> at(choices.size(), 0);
    double least = told ? max_metric_error : std::numeric_limits<double>::infinity();
    bool any = false;
    for (bool more = true; more;) {
      WireCrossings trial = found;
      trial.middles.clear();
      double strength = 0.0;
      bool on_wires = true;
      for (std::size_t n = 0; n < at.size(); ++n) {
        const Spot& spot = spots_[choices[n][at[n]]];
        trial.points[n][1] = {spot.at[0], spot.at[1]};
        trial.middles.push_back(middle_crossing(pattern_.phantom()[n], trial.points[n]));
        on_wires = on_wires && lies_on(pattern_.phantom()[n][1], trial.middles.back());
        strength += spot.strength;
      }
      const Metric metric = told ? metric_of(pattern_, map, trial.middles) : Metric{{}, -strength};
      if (on_wires && metric.error < least) {
        least = metric.error;
        if (told) trial.pixel = metric.pixel;
        found = std::move(trial);
        any = true;
      }
      more = false;
      for (std::size_t n = 0; n < at.size() && !more; ++n) {
        if (++at[n] < choices[n].size())
          more = true;
        else
          at[n] = 0;
      }
    }
    return any;
  }

  static bool lies_on(const Wire& wire, const Point3& p) {
    constexpr double slack_mm = 1.0;  // a wire's hole is wider than the wire
    const Vector3 along = wire.back - wire.front;
    const double at_mm = dot(p - wire.front, along) / length(along);
    return at_mm > -slack_mm && at_mm < length(along) + slack_mm;
  }

  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  const Pattern& pattern_;
  std::vector<Spot> spots_;
  WireOptions options_;
  std::array<std::optional<WireCrossings>, 4> best_;
};

}  // namespace

Point3 middle_crossing(const NWire& wires, const std::array<PixelPoint, 3>& points) {
  const Pixel a = as_vector(points[0]), b = as_vector(points[2]);
  const double t = (as_vector(points[1]) - a).dot(b - a) / (b - a).dot(b - a);
  // Across the parallel sides, places in the picture and in the phantom are in the same proportion.
  const Vector3 along = normalized(wires[0].back - wires[0].front);
  const Vector3 across_sides = wires[2].front - wires[0].front;
  const Vector3 across = across_sides - dot(across_sides, along) * along;
  const auto part = [&](const Point3& p) { return dot(p - wires[0].front, across) / squared_length(across); };
  const double front = part(wires[1].front), back = part(wires[1].back);
  return lerp(wires[1].front, wires[1].back, (t - front) / (back - front));
}

std::vector<WireCrossings> find_wires(const Frame& frame, const std::vector<NWire>& phantom,
                                      const WireOptions& options) {
  require_picture(frame, "finding wires");
  const Pattern pattern(phantom);
  return Reader(pattern, spots_of(frame, options), options).read();
}

}  // namespace genu::ultrasound
