// SPDX-License-Identifier: Apache-2.0
// A picture brought to square pixels of a standard size, on which bone and cartilage are looked for.
#pragma once

#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include <genu/core/frame.h>
#include <genu/ultrasound/picture_area.h>

namespace genu::ultrasound::working {

/// Size of a work pixel: a third of the axial resolution of a 10 MHz probe or finer.
constexpr double pixel_mm = 0.1;

struct Picture {
  cv::Mat_<float> grey;                 ///< Of standard brightness, coloured marks filled in.
  PixelBounds area;                     ///< In the frame.
  double scale_x = 1.0, scale_y = 1.0;  ///< Work pixels a pixel of the frame.

  double to_work_x(double x) const { return (x - area.x + 0.5) * scale_x - 0.5; }
  double to_work_y(double y) const { return (y - area.y + 0.5) * scale_y - 0.5; }
  double to_frame_y(double y) const { return (y + 0.5) / scale_y - 0.5 + area.y; }
};

/// Returns where the echo image is, or nothing if it is too small to find anything in: a probe in the air
/// rings a little below its face, and that is all.
/// \throws InvalidInput naming `what` was being done, if there is no sound picture
std::optional<PixelBounds> echo_area(std::string_view what, const Frame& frame);

/// \throws InvalidInput naming `what` was being done and the value that makes no sense
Picture picture_of(std::string_view what, const Frame& frame, const std::optional<PixelSize>& pixel_size,
                   double assumed_width_mm, const PixelBounds& area);

/// Returns the frame's columns, each with the value of the work columns around it (rows in rows of the
/// frame).
std::vector<double> rows_in_frame(const Picture& picture, const Frame& frame,
                                  const std::vector<double>& work);
/// The same for values that are no rows; `outside` where there is none.
std::vector<double> values_in_frame(const Picture& picture, const Frame& frame,
                                    const std::vector<double>& work, double outside);

/// Smoothed with a Gaussian of these standard deviations, in work pixels.
cv::Mat_<float> smoothed(const cv::Mat_<float>& image, double sigma_x, double sigma_y);

/// Returns a length as work pixels.
constexpr double px(double mm) {
  return mm / pixel_mm;
}

/// Returns a length as whole work pixels, the nearest.
inline int rows_of(double mm) {
  return static_cast<int>(std::lround(px(mm)));
}

}  // namespace genu::ultrasound::working
