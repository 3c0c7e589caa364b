// SPDX-License-Identifier: Apache-2.0
#include "coloured_marks.h"

#include <array>

namespace genu::ultrasound {
namespace {

/// Channels further apart than this are colour: JPEG's subsampling leaves up to about 20 in grey.
constexpr int least_colour = 40;
/// More colour than this is a tinted picture or Doppler, and no marks.
constexpr double most_coloured = 0.25;

}  // namespace

cv::Mat coloured_marks(const cv::Mat& rgb) {
  cv::Mat none = cv::Mat::zeros(rgb.size(), CV_8U);
  if (rgb.channels() != 3) return none;
  std::array<cv::Mat, 3> c;
  cv::split(rgb, c.data());
  cv::Mat high, low;
  cv::max(c[0], c[1], high);
  cv::max(high, c[2], high);
  cv::min(c[0], c[1], low);
  cv::min(low, c[2], low);
  cv::Mat marks = (high - low) > least_colour;
  if (cv::countNonZero(marks) > most_coloured * static_cast<double>(marks.total())) return none;
  return marks;
}

}  // namespace genu::ultrasound
