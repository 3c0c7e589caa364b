// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <opencv2/imgproc.hpp>

#include <genu/core/parallel.h>

#include "needle_parts.h"

namespace genu::ultrasound::needle {
namespace {

/// Standard deviations of the Gaussians in work pixels: shafts of about 2 to 8 pixels (Lindeberg 1998, Int J
/// Comput Vis 30:117: a ridge answers most at half its width).
constexpr std::array scales{1.4, 2.8};
/// Lindeberg's exponent for ridges: derivatives are multiplied by sigma to the power of 2 gamma.
constexpr double gamma_ridge = 0.75;
/// Clutter is averaged over this part of the region's diagonal.
constexpr double clutter_width = 0.14;
/// Second derivatives below this part of the brightest grey value are noise of the coding.
constexpr double least_clutter = 0.012;
/// A ridge above this multiple of the clutter says no more: a bright dot must not outvote a long faint line.
constexpr double most_ridge = 6.0;

/// Pieces are looked for on every second pixel, where ridges still are 1.5 pixels wide.
constexpr int coarse = 2;
constexpr int doublings =
    4;                    ///< Pieces of 16 coarse pixels; 24 directions miss their ends by 1 pixel at most.
constexpr int cell = 10;  ///< Coarse pixels; each cell offers its best piece a direction.
/// A piece of mere speckle has a mean ridge of 0.5 to 1.2.
constexpr double least_seed = 1.4;

struct SecondDerivatives {
  cv::Mat_<float> xx, xy, yy;
};

SecondDerivatives second_derivatives(const cv::Mat_<float>& grey, double sigma) {
  cv::Mat_<float> smooth;
  cv::GaussianBlur(grey, smooth, {}, sigma, sigma, cv::BORDER_REPLICATE);
  SecondDerivatives d;
  const double norm = std::pow(sigma, 2.0 * gamma_ridge);
  // Sobel's kernels of 3 x 3 weigh 4 (second derivative: 1 2 1 across) and 4 (mixed).
  cv::Sobel(smooth, d.xx, CV_32F, 2, 0, 3, norm / 4.0, 0.0, cv::BORDER_REPLICATE);
  cv::Sobel(smooth, d.yy, CV_32F, 0, 2, 3, norm / 4.0, 0.0, cv::BORDER_REPLICATE);
  cv::Sobel(smooth, d.xy, CV_32F, 1, 1, 3, norm / 4.0, 0.0, cv::BORDER_REPLICATE);
  return d;
}

/// The terms of Ridges on the coarse grid, apart.
using Terms = std::array<cv::Mat, 4>;

/// Ridge strength of one direction, 0 to 255 for 0 to most_ridge.
cv::Mat_<std::uint8_t> along(const Terms& terms, int direction, double gain) {
  const double angle = Ridges::angle(direction), unit = 255.0 / most_ridge * gain;
  cv::Mat sum;
  cv::addWeighted(terms[1], unit * std::cos(2.0 * angle), terms[2], unit * std::sin(2.0 * angle), 0.0, sum);
  cv::scaleAdd(terms[0], -unit, sum, sum);
  cv::Mat_<std::uint8_t> result;
  sum.convertTo(result, CV_8U);
  return result;
}

/// Means over straight pieces that begin at each pixel, by doubling (Brady 1998, SIAM J Comput 27:107).
cv::Mat_<std::uint16_t> pieces(const cv::Mat_<std::uint8_t>& ridge, double angle) {
  cv::Mat_<std::uint16_t> sum;
  ridge.convertTo(sum, CV_16U);
  for (int n = 0; n < doublings; ++n) {
    const int step = 1 << n;
    const int dx = static_cast<int>(std::lround(step * std::cos(angle)));
    const int dy = static_cast<int>(std::lround(step * std::sin(angle)));
    // What lies outside adds nothing.
    cv::Mat_<std::uint16_t> next = sum.clone();
    const cv::Rect here = cv::Rect({}, sum.size()) & (cv::Rect({}, sum.size()) - cv::Point(dx, dy));
    if (here.empty()) continue;
    cv::add(sum(here), sum(here + cv::Point(dx, dy)), next(here));
    sum = next;
  }
  return sum;
}

void keep_best_of_cells(const cv::Mat_<std::uint16_t>& sums, double angle, std::vector<Seed>& seeds) {
  constexpr double length = 1 << doublings;
  const cv::Point2d half{0.5 * (length - 1.0) * std::cos(angle), 0.5 * (length - 1.0) * std::sin(angle)};
  // Layers of tissue run along the face: flat pieces wait until the steeper ones have been looked at.
  const double flat = 0.3 * std::max(0.0, 1.0 - std::abs(angle) / 0.3);
  for (int y0 = 0; y0 < sums.rows; y0 += cell)
    for (int x0 = 0; x0 < sums.cols; x0 += cell) {
      const int y1 = std::min(sums.rows, y0 + cell), x1 = std::min(sums.cols, x0 + cell);
      std::uint16_t best = 0;
      cv::Point place;
      for (int y = y0; y < y1; ++y) {
        const std::uint16_t* row = sums[y];
        for (int x = x0; x < x1; ++x)
          if (row[x] > best) {
            best = row[x];
            place = {x, y};
          }
      }
      const double strength = best * most_ridge / 255.0 / length;
      // Coarse pixel 0 covers work pixels 0 and 1.
      const cv::Point2d middle = coarse * (cv::Point2d(place) + half) + cv::Point2d(0.5, 0.5) * (coarse - 1);
      if (strength > least_seed) seeds.push_back({middle, angle, strength * (1.0 - flat)});
    }
}

/// Weighs the directions by the mean ridge in each, on every fourth pixel.
void set_gain(Ridges& r) {
  // More would raise noise where there is no speckle, as in water.
  constexpr double most_gain = 3.0;
  std::array<double, Ridges::directions> mean{};
  for (int n = 0; n < Ridges::directions; ++n) {
    const double angle = Ridges::angle(n), c = std::cos(2.0 * angle), s = std::sin(2.0 * angle);
    for (int y = 2; y < r.terms.rows; y += 4)
      for (int x = 2; x < r.terms.cols; x += 4) {
        const cv::Vec4f& t = r.terms(y, x);
        mean[static_cast<std::size_t>(n)] += std::clamp(t[1] * c + t[2] * s - t[0], 0.0, 2.0);
      }
  }
  const double most = *std::max_element(mean.begin(), mean.end());
  for (std::size_t n = 0; n < mean.size(); ++n)
    r.gain[n] = std::min(most_gain, most / std::max(mean[n], 1e-9));
}

}  // namespace

double Ridges::angle(int direction) {
  return (direction + 0.5 - directions / 2.0) * std::numbers::pi / directions;
}

double Ridges::gain_at(double angle) const {
  const double place = (std::remainder(angle, std::numbers::pi) / std::numbers::pi + 0.5) * directions - 0.5;
  const int low = static_cast<int>(std::floor(place));
  const double part = place - low;
  const auto at = [&](int n) { return gain[static_cast<std::size_t>((n + directions) % directions)]; };
  return (1.0 - part) * at(low) + part * at(low + 1);
}

Ridges ridges_of(const Picture& picture, unsigned threads) {
  std::array<SecondDerivatives, scales.size()> d;
  parallel_for(
      scales.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) d[n] = second_derivatives(picture.grey, scales[n]);
      },
      threads, 1);
  const cv::Size size = picture.grey.size();
  Ridges r{cv::Mat_<cv::Vec4f>(size), {}};
  cv::Mat_<float> strength(size);
  for (int y = 0; y < size.height; ++y) {
    cv::Vec4f* terms = r.terms[y];
    float* out = strength[y];
    std::fill_n(out, size.width, -std::numeric_limits<float>::infinity());
    for (const SecondDerivatives& at : d) {
      const float *xx = at.xx[y], *xy = at.xy[y], *yy = at.yy[y];
      for (int x = 0; x < size.width; ++x) {
        const float mean = 0.5F * (xx[x] + yy[x]), half = 0.5F * (xx[x] - yy[x]);
        const float value = std::sqrt(half * half + xy[x] * xy[x]) - mean;
        if (value <= out[x]) continue;
        out[x] = value;
        terms[x] = {mean, half, xy[x], 0.0F};
      }
    }
  }
  strength = cv::max(strength, 0.0F);
  // A strong line must not raise its own clutter much.
  const double floor = least_clutter * picture.brightest;
  const double typical = std::max(floor, cv::mean(strength)[0]);
  cv::Mat_<float> clutter;
  const int width = static_cast<int>(clutter_width * picture.diagonal()) | 1;
  cv::boxFilter(cv::min(strength, 2.0 * typical), clutter, CV_32F, {width, width}, {-1, -1}, true,
                cv::BORDER_REFLECT);
  const auto least = static_cast<float>(std::max(floor, 0.5 * typical));
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) r.terms(y, x) *= 1.0F / std::max(clutter(y, x), least);
  set_gain(r);
  return r;
}

std::vector<Seed> seeds_of(const Ridges& ridges, const NeedleOptions& options) {
  // Tissue's angles in pixels: an anisotropic picture squeezes them.
  const double squeeze = options.pixel_size ? options.pixel_size->x_mm / options.pixel_size->y_mm : 1.0;
  cv::Mat small;
  cv::resize(ridges.terms, small,
             {std::max(1, ridges.terms.cols / coarse), std::max(1, ridges.terms.rows / coarse)}, 0, 0,
             cv::INTER_AREA);
  Terms terms;
  cv::split(small, terms.data());
  std::array<std::vector<Seed>, Ridges::directions> found;
  parallel_for(
      Ridges::directions,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
          const int direction = static_cast<int>(n);
          const double angle = Ridges::angle(direction);
          const double tissue = std::atan2(std::abs(std::sin(angle)), std::abs(std::cos(angle)) * squeeze) *
                                180.0 / std::numbers::pi;
          constexpr double bin = 180.0 / Ridges::directions;
          if (tissue < options.min_angle_deg - bin || tissue > options.max_angle_deg + bin) continue;
          if (options.side == EntrySide::left && angle < -0.1) continue;
          if (options.side == EntrySide::right && angle > 0.1) continue;
          keep_best_of_cells(pieces(along(terms, direction, ridges.gain[n]), angle), angle, found[n]);
        }
      },
      options.threads, 1);
  std::vector<Seed> all;
  for (const std::vector<Seed>& some : found) all.insert(all.end(), some.begin(), some.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Seed& a, const Seed& b) { return a.strength > b.strength; });
  return all;
}

}  // namespace genu::ultrasound::needle
