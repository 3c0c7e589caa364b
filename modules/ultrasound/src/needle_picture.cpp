// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>

#include "coloured_marks.h"
#include "needle_parts.h"

namespace genu::ultrasound::needle {
namespace {

/// Work pixels in the region: about those of a 370 x 300 picture, on which a shaft of 14 to 25 gauge is 2 to
/// 8 pixels wide at depths of 20 to 100 mm.
constexpr double work_area_px = 110000.0;
/// Grey values up to this show nothing (8 bits; JPEG leaves 1 to 4 in black).
constexpr int black = 6;

/// Replaces marks, and one pixel around them, by the mean of what surrounds them.
void fill(cv::Mat& picture, const cv::Mat& marks) {
  cv::Mat_<float> grey;
  picture.convertTo(grey, CV_32F);
  cv::Mat wide;
  cv::dilate(marks, wide, cv::Mat());
  cv::Mat_<float> kept, weight, sum, count;
  cv::Mat(wide == 0).convertTo(weight, CV_32F, 1.0 / 255.0);
  cv::multiply(grey, weight, kept);
  cv::boxFilter(kept, sum, CV_32F, {15, 15}, {-1, -1}, true);
  cv::boxFilter(weight, count, CV_32F, {15, 15}, {-1, -1}, true);
  cv::Mat_<float> around;
  cv::divide(sum, cv::max(count, 1e-3F), around);
  cv::Mat rounded;
  around.convertTo(rounded, CV_8U);
  picture = picture.clone();
  rounded.copyTo(picture, wide);
}

/// Returns the convex outline of what shows tissue: the large connected parts that are not mostly black
/// (texts are letters on black).
std::vector<cv::Point> tissue_outline(const cv::Mat& grey) {
  constexpr int coarse = 4;  // pixels a cell
  const cv::Size cells{std::max(1, grey.cols / coarse), std::max(1, grey.rows / coarse)};
  cv::Mat bright = grey > black, share, shown;
  cv::resize(bright, share, cells, 0, 0, cv::INTER_AREA);
  shown = share > 25;  // a tenth of the cell
  cv::morphologyEx(shown, shown, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5}));
  cv::Mat labels, stats, centres;
  const int parts = cv::connectedComponentsWithStats(shown, labels, stats, centres, 4);
  std::vector<double> full(static_cast<std::size_t>(parts), 0.0);
  for (int y = 0; y < labels.rows; ++y)
    for (int x = 0; x < labels.cols; ++x)
      full[static_cast<std::size_t>(labels.at<int>(y, x))] += share.at<std::uint8_t>(y, x) / 255.0;
  int largest = 0;
  for (int n = 1; n < parts; ++n) largest = std::max(largest, stats.at<int>(n, cv::CC_STAT_AREA));
  std::vector<cv::Point> corners;
  if (largest < 0.05 * shown.total()) return {};
  for (int n = 1; n < parts; ++n) {
    const int area = stats.at<int>(n, cv::CC_STAT_AREA);
    const bool text = full[static_cast<std::size_t>(n)] < 0.5 * area;
    if (area < 0.05 * largest || (text && area < largest)) continue;
    for (int y = 0; y < labels.rows; ++y)
      for (int x = 0; x < labels.cols; ++x)
        if (labels.at<int>(y, x) == n) {
          corners.emplace_back(x * coarse, y * coarse);
          corners.emplace_back(std::min(grey.cols, (x + 1) * coarse), std::min(grey.rows, (y + 1) * coarse));
        }
  }
  std::vector<cv::Point> hull;
  cv::convexHull(corners, hull);
  return hull;
}

/// Sets what depends on how often each grey value is seen.
void count_values(Picture& picture) {
  std::array<double, 256> counts{};
  double all = 0.0;
  for (int y = 0; y < picture.grey.rows; ++y)
    for (const float v : cv::Mat_<float>(picture.grey.row(y)))
      if (v > black) {
        ++counts[static_cast<std::size_t>(std::clamp(v, 0.0F, 255.0F))];
        ++all;
      }
  picture.brightest = 255.0;
  double above = 0.0;
  for (std::size_t n = counts.size(); n-- > 0;) {
    // Half of those of the same value; a few more, or the brightest of all would be infinitely rare.
    picture.rank[n] = std::log10((all + 10.0) / (above + 0.5 * counts[n] + 10.0));
    above += counts[n];
    if (above <= 0.01 * all) picture.brightest = static_cast<double>(n);
  }
  picture.brightest = std::max(1.0, picture.brightest);
}

cv::Rect checked_region(const PixelBounds& box, const cv::Size& size) {
  const cv::Rect region{box.x, box.y, box.width, box.height};
  if (box.width < 16 || box.height < 16 || (region & cv::Rect({}, size)) != region)
    throw InvalidInput("finding a needle: the region of " + std::to_string(box.width) + " x " +
                       std::to_string(box.height) + " pixels at (" + std::to_string(box.x) + ", " +
                       std::to_string(box.y) + ") is not at least 16 x 16 pixels in a picture of " +
                       std::to_string(size.width) + " x " + std::to_string(size.height));
  return region;
}

}  // namespace

double Picture::clearance(const cv::Point2d& p) const {
  return cv::pointPolygonTest(outline, cv::Point2f(p), true);
}

Picture picture_of(const Frame& frame, const NeedleOptions& options, const cv::Mat& unchanging) {
  const cv::Mat all = bridge::view_as_opencv(frame);
  cv::Mat grey = all;
  if (all.channels() == 3) cv::cvtColor(all, grey, cv::COLOR_RGB2GRAY);
  if (const cv::Mat marks = coloured_marks(all); cv::countNonZero(marks) > 0) fill(grey, marks);
  if (!unchanging.empty() && cv::countNonZero(unchanging) > 0) fill(grey, unchanging);
  std::vector<cv::Point> outline;
  if (options.region) {
    const cv::Rect r = checked_region(*options.region, grey.size());
    outline = {r.tl(), {r.x + r.width, r.y}, r.br(), {r.x, r.y + r.height}};
  } else {
    outline = tissue_outline(grey);
    if (outline.size() < 3) outline = {{0, 0}, {grey.cols, 0}, {grey.cols, grey.rows}, {0, grey.rows}};
  }
  const cv::Rect box = cv::boundingRect(outline) & cv::Rect({}, grey.size());
  Picture picture;
  picture.scale = std::min(2.0, std::sqrt(work_area_px / static_cast<double>(box.area())));
  const cv::Size size{std::max(1, static_cast<int>(std::lround(box.width * picture.scale))),
                      std::max(1, static_cast<int>(std::lround(box.height * picture.scale)))};
  picture.scale_x = static_cast<double>(size.width) / box.width;
  picture.scale_y = static_cast<double>(size.height) / box.height;
  cv::Mat small;
  cv::resize(grey(box), small, size, 0, 0, picture.scale < 1.0 ? cv::INTER_AREA : cv::INTER_LINEAR);
  small.convertTo(picture.grey, CV_32F);
  // Centres of pixels are at whole numbers on both sides.
  picture.origin =
      cv::Point2d(box.tl()) + cv::Point2d(0.5 / picture.scale_x - 0.5, 0.5 / picture.scale_y - 0.5);
  for (const cv::Point& p : outline)
    picture.outline.emplace_back(static_cast<float>((p.x - box.x) * picture.scale_x - 0.5),
                                 static_cast<float>((p.y - box.y) * picture.scale_y - 0.5));
  count_values(picture);
  return picture;
}

}  // namespace genu::ultrasound::needle
