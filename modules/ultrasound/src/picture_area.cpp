// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>
#include <genu/ultrasound/picture_area.h>

#include "coloured_marks.h"
#include "require_picture.h"
#include "working_picture.h"

namespace genu::ultrasound {
namespace {

/// Grey values up to this show nothing: JPEG leaves 1 to 4 in black.
constexpr double black = 6.0;
cv::Mat grey_of(const cv::Mat& picture) {
  if (picture.channels() == 1) return picture;
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  return grey;
}

/// Returns where bright letters and markers stand on black: small, and dark at once around them, as echoes
/// are not.
cv::Mat marks_on_black(const cv::Mat& grey) {
  constexpr double bright = 120.0, dark_around = 12.0;
  constexpr int largest_side = 30;  // pixels; letters of machines are 8 to 20 high
  const cv::Mat candidates = grey > bright;
  cv::Mat labels, stats, centres, halo, marks = cv::Mat::zeros(grey.size(), CV_8U);
  cv::dilate(candidates, halo, cv::Mat::ones(3, 3, CV_8U));  // Letters are smoothed by a pixel.
  const int parts = cv::connectedComponentsWithStats(candidates, labels, stats, centres, 8);
  for (int n = 1; n < parts; ++n) {
    const cv::Rect box(stats.at<int>(n, cv::CC_STAT_LEFT), stats.at<int>(n, cv::CC_STAT_TOP),
                       stats.at<int>(n, cv::CC_STAT_WIDTH), stats.at<int>(n, cv::CC_STAT_HEIGHT));
    if (box.width > largest_side || box.height > largest_side) continue;
    const cv::Rect wide =
        cv::Rect(box.x - 3, box.y - 3, box.width + 6, box.height + 6) & cv::Rect(0, 0, grey.cols, grey.rows);
    const cv::Mat around = halo(wide) == 0;
    if (cv::countNonZero(around) == 0 || cv::mean(grey(wide), around)[0] > dark_around) continue;
    marks(box).setTo(255, labels(box) == n);
  }
  return marks;
}

/// A run of neighbours, first to one past the last.
struct Run {
  int begin = 0, end = 0;
  int length() const { return end - begin; }
};

/// Returns the longest run of counts of at least `least`, gaps of one allowed.
Run longest_run(const std::vector<int>& counts, double least) {
  Run best, run;
  for (int n = 0; n < static_cast<int>(counts.size()); ++n) {
    if (counts[static_cast<std::size_t>(n)] < least) continue;
    if (run.length() == 0 || n > run.end + 1) run.begin = n;
    run.end = n + 1;
    if (run.length() > best.length()) best = run;
  }
  return best;
}

double high_count(std::vector<int> counts) {
  std::sort(counts.begin(), counts.end());
  return counts.empty() ? 0.0 : counts[counts.size() * 9 / 10];
}

/// Returns where a picture shows echoes: not black, no coloured mark, and not even as bars and frames are.
cv::Mat echoes_of(const cv::Mat& picture) {
  constexpr double least_variance = 2.0;  // Of 5 x 5 pixels; speckle has 10 and more where it is not black.
  constexpr double white = 200.0;         // Saturated echoes are even too.
  const cv::Mat grey = grey_of(picture);
  cv::Mat_<float> value, mean, square;
  grey.convertTo(value, CV_32F);
  cv::blur(value, mean, {5, 5});
  cv::blur(value.mul(value), square, {5, 5});
  const cv::Mat uneven = (square - mean.mul(mean)) > least_variance;
  cv::Mat lit = (grey > black) & (uneven | (mean > white));
  lit.setTo(0, coloured_marks(picture) | marks_on_black(grey));
  return lit;
}

/// Returns the largest connected part of what is lit, on cells of 4 x 4 pixels. Letters fill less than half
/// of most of their cells, speckle fills more.
cv::Mat largest_part(const cv::Mat& lit) {
  cv::Mat share, shown;
  cv::resize(lit, share, {std::max(1, lit.cols / 4), std::max(1, lit.rows / 4)}, 0, 0, cv::INTER_AREA);
  shown = share > 127;
  cv::morphologyEx(shown, shown, cv::MORPH_OPEN, cv::Mat::ones(2, 2, CV_8U));
  // Along rows only: a header is often just above the image.
  cv::morphologyEx(shown, shown, cv::MORPH_CLOSE, cv::Mat::ones(1, 5, CV_8U));
  cv::Mat labels, stats, centres;
  const int parts = cv::connectedComponentsWithStats(shown, labels, stats, centres, 4);
  int largest = 0;
  for (int n = 1; n < parts; ++n)
    if (largest == 0 || stats.at<int>(n, cv::CC_STAT_AREA) > stats.at<int>(largest, cv::CC_STAT_AREA))
      largest = n;
  return largest == 0 ? cv::Mat::zeros(shown.size(), CV_8U) : cv::Mat(labels == largest);
}

/// Returns the row in which most columns end, one past it, or the height where they do not agree.
int lower_end(const cv::Mat& lit, const cv::Rect& box) {
  std::vector<int> last;
  last.reserve(static_cast<std::size_t>(box.width));
  for (int x = box.x; x < box.x + box.width; ++x) {
    int y = lit.rows - 1;
    while (y >= box.y && lit.at<std::uint8_t>(y, x) == 0) --y;
    last.push_back(y);
  }
  std::sort(last.begin(), last.end());
  const int end = last[last.size() * 9 / 10];
  const auto near = std::count_if(last.begin(), last.end(), [&](int y) { return std::abs(y - end) <= 2; });
  return static_cast<double>(near) >= 0.6 * static_cast<double>(last.size()) ? end + 1 : lit.rows;
}

/// Replaces marks, and two pixels around them, by the mean of what surrounds them.
cv::Mat_<float> without(const cv::Mat& grey, const cv::Mat& marks) {
  cv::Mat_<float> result;
  grey.convertTo(result, CV_32F);
  if (cv::countNonZero(marks) == 0) return result;
  cv::Mat wide;
  cv::dilate(marks, wide, cv::Mat::ones(5, 5, CV_8U));
  cv::Mat_<float> weight, kept, sum, count;
  cv::Mat(wide == 0).convertTo(weight, CV_32F, 1.0 / 255.0);
  cv::multiply(result, weight, kept);
  cv::boxFilter(kept, sum, CV_32F, {15, 15}, {-1, -1}, true);
  cv::boxFilter(weight, count, CV_32F, {15, 15}, {-1, -1}, true);
  cv::Mat_<float> around;
  cv::divide(sum, cv::max(count, 1e-3F), around);
  around.copyTo(result, wide);
  return result;
}

}  // namespace

PixelBounds find_picture_area(const Frame& frame) {
  require_picture(frame, "finding the echo image");
  const cv::Mat lit = echoes_of(bridge::view_as_opencv(frame));
  const PixelBounds whole{0, 0, frame.width, frame.height};
  const cv::Mat part = largest_part(lit);
  std::vector<int> columns(static_cast<std::size_t>(part.cols), 0),
      rows(static_cast<std::size_t>(part.rows), 0);
  for (int y = 0; y < part.rows; ++y)
    for (int x = 0; x < part.cols; ++x)
      if (part.at<std::uint8_t>(y, x) != 0) ++columns[static_cast<std::size_t>(x)];
  const Run across = longest_run(columns, std::max(1.0, 0.25 * high_count(columns)));
  for (int y = 0; y < part.rows; ++y)
    for (int x = across.begin; x < across.end; ++x)
      if (part.at<std::uint8_t>(y, x) != 0) ++rows[static_cast<std::size_t>(y)];
  const Run down = longest_run(rows, std::max(1.0, 0.2 * across.length()));
  // A twentieth of the picture is too little to be its echo image.
  if (static_cast<double>(across.length()) * down.length() < 0.05 * static_cast<double>(part.total()))
    return whole;
  // Back to pixels, to the pixel: a cell is 4 of them, and its borders may be off by a cell.
  cv::Rect box{across.begin * 4, down.begin * 4, std::min(across.end * 4, frame.width) - across.begin * 4,
               std::min(down.end * 4, frame.height) - down.begin * 4};
  const auto share = [&](const cv::Rect& strip) {
    const cv::Rect inside = strip & cv::Rect(0, 0, lit.cols, lit.rows);
    return inside.empty() ? 0.0 : static_cast<double>(cv::countNonZero(lit(inside))) / inside.area();
  };
  const auto settle = [&](int guess, int step, double least, const auto& strip) {
    int edge = guess - 4 * step;  // From outside to inside, the first line that is lit.
    while (edge != guess + 4 * step && share(strip(edge)) < least) edge += step;
    return edge;
  };
  const auto column = [&](int x) { return cv::Rect(x, box.y, 1, box.height); };
  const auto row = [&](int y) { return cv::Rect(box.x, y, box.width, 1); };
  const int left = std::max(0, settle(box.x, 1, 0.2, column));
  const int right = std::min(frame.width, settle(box.x + box.width - 1, -1, 0.2, column) + 1);
  int top = std::max(0, settle(box.y, 1, 0.2, row));
  // Skin may be parted from what lies below by a dark layer, but fills its rows.
  for (int y = top - 1; y >= std::max(0, top - box.width / 16); --y)
    if (share(row(y)) >= 0.6) top = y;
  const int bottom = lower_end(lit, cv::Rect(left, top, right - left, frame.height - top));
  return {left, top, right - left, bottom - top};
}

namespace working {
namespace {

constexpr double largest_mm = 400.0;  // Abdominal images reach 300 mm.
constexpr int least_size = 32;        // pixels, of an area in which anything can be found

PixelBounds checked(const std::string& what, const PixelBounds& a, const Frame& frame) {
  const bool inside = a.x >= 0 && a.y >= 0 && a.width > 0 && a.height > 0 && a.width <= frame.width - a.x &&
                      a.height <= frame.height - a.y;
  if (!inside || a.width < least_size || a.height < least_size)
    throw InvalidInput(what + ": the area of " + std::to_string(a.width) + " x " + std::to_string(a.height) +
                       " pixels at (" + std::to_string(a.x) + ", " + std::to_string(a.y) + ") is not " +
                       std::to_string(least_size) + " pixels wide and high within a picture of " +
                       std::to_string(frame.width) + " x " + std::to_string(frame.height));
  return a;
}

/// Brings grey values to a standard: the machine's gain, dynamic range and grey map are a factor and a power
/// to the first order. In the tissue before any bone, 3 to 15 mm deep, the median becomes 42 and the 90th
/// percentile 100: between what two machines show at their usual settings (42 and 88; 41 and 107). Water is
/// left as it is.
void standardise(cv::Mat_<float>& grey) {
  constexpr double median_grey = 42.0, high_grey = 100.0, water_grey = 4.0;
  constexpr double least_power = 0.5, greatest_power = 2.0;  // Beyond, the picture is not tissue.
  const int begin = std::min(static_cast<int>(px(3.0)), grey.rows / 4);
  const cv::Mat_<float> tissue =
      grey.rowRange(begin, std::min(static_cast<int>(px(15.0)), grey.rows)).clone();
  std::vector<float> values(tissue.begin(), tissue.end());
  const auto value_at = [&](double part) {
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return std::max(2.0, static_cast<double>(*at));
  };
  if (value_at(0.5) <= water_grey) return;
  const double median = value_at(0.5), high = std::max(value_at(0.9), 1.1 * median);
  const double power =
      std::clamp(std::log(high_grey / median_grey) / std::log(high / median), least_power, greatest_power);
  grey = cv::max(grey, 0.0F);
  cv::pow(grey * (1.0 / high), power, grey);
  grey *= high_grey;
}

std::vector<double> by_column(const Picture& picture, const Frame& frame, const std::vector<double>& work) {
  std::vector<double> result(static_cast<std::size_t>(frame.width), std::numeric_limits<double>::quiet_NaN());
  const double last = static_cast<double>(work.size()) - 1.0;
  for (int x = picture.area.x; x < picture.area.x + picture.area.width; ++x) {
    const double w = std::clamp(picture.to_work_x(x), 0.0, last);
    const auto i = static_cast<std::size_t>(w);
    const double part = w - static_cast<double>(i);
    result[static_cast<std::size_t>(x)] =
        part > 0.0 && i + 1 < work.size() ? (1.0 - part) * work[i] + part * work[i + 1] : work[i];
  }
  return result;
}

}  // namespace

std::optional<PixelBounds> echo_area(std::string_view what, const Frame& frame) {
  require_picture(frame, what);
  const PixelBounds area = find_picture_area(frame);
  if (area.width < least_size || area.height < least_size) return std::nullopt;
  return area;
}

Picture picture_of(std::string_view what, const Frame& frame, const std::optional<PixelSize>& pixel_size,
                   double assumed_width_mm, const PixelBounds& area) {
  require_picture(frame, what);
  const std::string doing(what);
  Picture picture;
  picture.area = checked(doing, area, frame);
  if (!(assumed_width_mm >= 10.0 && assumed_width_mm <= 200.0))
    throw InvalidInput(doing + ": an assumed width of " + std::to_string(assumed_width_mm) +
                       " mm is no probe's");
  const double assumed = assumed_width_mm / picture.area.width;
  const PixelSize size = pixel_size.value_or(PixelSize{assumed, assumed});
  // From high-frequency to abdominal probes, pixels are 0.02 to 0.5 mm.
  for (const double mm : {size.x_mm, size.y_mm})
    if (pixel_size && !(mm >= 0.005 && mm <= 1.0))
      throw InvalidInput(doing + ": a pixel size of " + std::to_string(size.x_mm) + " x " +
                         std::to_string(size.y_mm) + " mm is no ultrasound picture's");
  for (const double mm : {picture.area.width * size.x_mm, picture.area.height * size.y_mm})
    if (!(mm <= largest_mm))
      throw InvalidInput(doing + ": an image of " + std::to_string(mm) + " mm is larger than ultrasound's");
  const cv::Mat all = bridge::view_as_opencv(frame);
  const cv::Mat shades = grey_of(all);
  const cv::Mat_<float> grey = without(shades, coloured_marks(all) | marks_on_black(shades));
  const auto& a = picture.area;
  const cv::Size to{std::max(8, static_cast<int>(std::lround(a.width * size.x_mm / pixel_mm))),
                    std::max(8, static_cast<int>(std::lround(a.height * size.y_mm / pixel_mm)))};
  picture.scale_x = static_cast<double>(to.width) / a.width;
  picture.scale_y = static_cast<double>(to.height) / a.height;
  const bool smaller = picture.scale_x < 1.0 && picture.scale_y < 1.0;
  cv::resize(grey(cv::Rect(a.x, a.y, a.width, a.height)), picture.grey, to, 0, 0,
             smaller ? cv::INTER_AREA : cv::INTER_LINEAR);
  standardise(picture.grey);
  return picture;
}

std::vector<double> rows_in_frame(const Picture& picture, const Frame& frame,
                                  const std::vector<double>& work) {
  std::vector<double> rows = by_column(picture, frame, work);
  for (double& row : rows) row = picture.to_frame_y(row);
  return rows;
}

std::vector<double> values_in_frame(const Picture& picture, const Frame& frame,
                                    const std::vector<double>& work, double outside) {
  std::vector<double> values = by_column(picture, frame, work);
  for (double& value : values)
    if (std::isnan(value)) value = outside;
  return values;
}

cv::Mat_<float> smoothed(const cv::Mat_<float>& image, double sigma_x, double sigma_y) {
  const auto odd = [](double sigma) { return 2 * static_cast<int>(std::ceil(3.0 * sigma)) + 1; };
  cv::Mat_<float> result;
  cv::GaussianBlur(image, result, {odd(sigma_x), odd(sigma_y)}, std::max(sigma_x, 1e-3),
                   std::max(sigma_y, 1e-3), cv::BORDER_REPLICATE);
  return result;
}

}  // namespace working
}  // namespace genu::ultrasound
