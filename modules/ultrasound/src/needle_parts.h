// SPDX-License-Identifier: Apache-2.0
// The steps of find_needle, each a function: picture, ridges, candidates, shaft, confidence.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#include <genu/ultrasound/needle.h>

namespace genu::ultrasound::needle {

/// What of a frame shows tissue, brought to a standard size: `work` pixels are those of this picture.
struct Picture {
  cv::Mat_<float> grey;                 ///< Without the machine's marks, slightly smoothed.
  std::vector<cv::Point2f> outline;     ///< Convex outline of what shows tissue, in work pixels.
  cv::Point2d origin;                   ///< Of work pixel (0, 0), in pixels of the frame.
  double scale = 1.0;                   ///< Work pixels a pixel of the frame, but for ...
  double scale_x = 1.0, scale_y = 1.0;  ///< ... what whole work pixels change across and down.
  double brightest = 0.0;               ///< 99th percentile of the grey values.
  /// For each grey value the decadic logarithm of all pixels over those that are brighter: the same whatever
  /// the machine's grey map.
  std::array<double, 256> rank{};

  cv::Point2d to_work(const PixelPoint& p) const {
    return {(p.x - origin.x) * scale_x, (p.y - origin.y) * scale_y};
  }
  PixelPoint to_frame(const cv::Point2d& p) const {
    return {p.x / scale_x + origin.x, p.y / scale_y + origin.y};
  }
  double diagonal() const { return std::hypot(grey.cols, grey.rows); }
  /// Distance to the outline in work pixels, negative outside.
  double clearance(const cv::Point2d& p) const;
};
/// `unchanging`: pixels of the frame that are known to be marks, empty or of its size.
Picture picture_of(const Frame& frame, const NeedleOptions& options, const cv::Mat& unchanging);

/// Second derivatives over two scales, in multiples of the clutter around: along the direction at angle a the
/// strength of a bright ridge is max(0, -(mean - cosine cos 2a - sine sin 2a)).
///
/// Speckle is wider across the beam than along it, and so are the ridges that it makes: `gain` weighs the
/// directions so that speckle is as strong in each.
struct Ridges {
  static constexpr int directions = 24;
  cv::Mat_<cv::Vec4f> terms;  ///< mean, cosine, sine, and nothing
  std::array<double, directions> gain{};

  static double angle(int direction);
  double gain_at(double angle) const;
};
Ridges ridges_of(const Picture& picture, unsigned threads);

/// A straight piece with a strong ridge.
struct Seed {
  cv::Point2d middle;
  double angle = 0.0;     ///< In radians, y downwards.
  double strength = 0.0;  ///< Mean ridge along it.
};
/// Returns the best pieces of every direction and cell of the picture, the strongest first.
std::vector<Seed> seeds_of(const Ridges& ridges, const NeedleOptions& options);

/// A traced line in work pixels: origin + t direction + u(t) normal.
struct Shaft {
  cv::Point2d origin, direction;
  std::array<double, 3> curve{};  ///< u(t) = curve[0] + curve[1] t + curve[2] t t
  double begin = 0.0, end = 0.0;  ///< Of t, where the line is seen.
  double ridge = 0.0, beside = 0.0, continuity = 0.0, scatter = 0.0;

  double offset(double t) const { return curve[0] + t * (curve[1] + t * curve[2]); }
  cv::Point2d normal() const { return {-direction.y, direction.x}; }
  cv::Point2d at(double t) const { return origin + t * direction + offset(t) * normal(); }
  /// Returns true if a piece lies on the line where it is seen.
  bool holds(const Seed& seed) const;
  double length() const { return cv::norm(at(end) - at(begin)); }
};
/// Returns the range of t in which the chord lies inside a picture.
std::pair<double, double> inside(const Shaft& s, const cv::Size& size);
Shaft shaft_from(const Seed& seed, const Ridges& ridges);

/// Running means over 2 reach + 1 values, fewer at the ends.
std::vector<double> smoothed(const std::vector<double>& values, int reach);

/// Moves an end to the last great fall of brightness along the line, where a tip is: echoes of side lobes and
/// speckle go on beyond it, fainter (Uhercik et al. 2010 take the fall too).
void sharpen_tip(Shaft& shaft, const Picture& picture, const Ridges& ridges, bool at_begin);

/// What is seen along a shaft; `rivals` is left 0.
NeedleEvidence evidence_of(const Shaft& shaft, const Picture& picture, const Ridges& ridges,
                           bool tip_at_begin);
/// Probability of a needle, and what decided.
double confidence_of(const NeedleEvidence& evidence, double angle_deg);
std::string why(const NeedleEvidence& evidence, double angle_deg);

/// \throws InvalidInput for a picture or options that make no sense
void check(const Frame& frame, const NeedleOptions& options);
/// As needle_candidates, with what a clip knows of the machine's marks.
std::vector<NeedleInImage> candidates(const Frame& frame, const NeedleOptions& options,
                                      const cv::Mat& unchanging);

/// Bilinear, the border's value outside.
template <typename T>
T sample(const cv::Mat_<T>& image, const cv::Point2d& p) {
  const double x = std::clamp(p.x, 0.0, image.cols - 1.0), y = std::clamp(p.y, 0.0, image.rows - 1.0);
  const int i = std::min(static_cast<int>(x), image.cols - 2),
            j = std::min(static_cast<int>(y), image.rows - 2);
  const float fx = static_cast<float>(x - i), fy = static_cast<float>(y - j);
  const T* a = image[j] + i;
  const T* b = image[j + 1] + i;
  return a[0] * ((1.0F - fy) * (1.0F - fx)) + a[1] * ((1.0F - fy) * fx) + b[0] * (fy * (1.0F - fx)) +
         b[1] * (fy * fx);
}

}  // namespace genu::ultrasound::needle
