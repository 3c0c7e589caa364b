// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include <genu/core/error.h>
#include <genu/ultrasound/bone_line.h>

#include "bone_likeness.h"
#include "column_path.h"
#include "column_values.h"
#include "working_picture.h"

namespace genu::ultrasound {
namespace {

using working::px;
using working::rows_of;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Neighbouring columns with a line that does not jump.
struct Piece {
  int begin = 0, end = 0;
  double sum = 0.0;  ///< Of likeness.
};

std::vector<Piece> pieces_of(const std::vector<int>& path, const cv::Mat_<float>& likeness, int max_step) {
  std::vector<Piece> pieces;
  for (int x = 0; x < static_cast<int>(path.size()); ++x) {
    const int y = path[static_cast<std::size_t>(x)];
    if (y < 0) continue;
    const bool joined = x > 0 && path[static_cast<std::size_t>(x - 1)] >= 0 &&
                        std::abs(y - path[static_cast<std::size_t>(x - 1)]) <= max_step;
    if (!joined) pieces.push_back({x, x, 0.0});
    pieces.back().end = x + 1;
    pieces.back().sum += likeness(y, x);
  }
  return pieces;
}

/// Bone casts a shadow, so that two pieces beside each other lie at depths that a slope of 56 degrees joins.
bool fit(const Piece& a, const Piece& b, const std::vector<int>& path) {
  const Piece &left = a.begin < b.begin ? a : b, &right = a.begin < b.begin ? b : a;
  const int across = right.begin - left.end;
  const int down =
      std::abs(path[static_cast<std::size_t>(right.begin)] - path[static_cast<std::size_t>(left.end - 1)]);
  return down <= 1.5 * across + px(1.5);
}

/// Takes the columns off a path around which, within a millimetre, little looks like bone.
void drop_unlike(std::vector<int>& path, const cv::Mat_<float>& likeness, double least) {
  const int n = static_cast<int>(path.size()), reach = rows_of(1.0);
  std::vector<double> sums(path.size() + 1, 0.0);
  for (std::size_t x = 0; x < path.size(); ++x)
    sums[x + 1] = sums[x] + (path[x] < 0 ? 0.0 : likeness(path[x], static_cast<int>(x)));
  for (int x = 0; x < n; ++x) {
    const int begin = std::max(0, x - reach), end = std::min(n, x + reach + 1);
    const double sum = sums[static_cast<std::size_t>(end)] - sums[static_cast<std::size_t>(begin)];
    if (sum < least * (end - begin)) path[static_cast<std::size_t>(x)] = -1;
  }
}

/// Leaves of a path what is bone: long and sure pieces that fit each other, the better ones first, but before
/// all the one at the column `clicked`, if there is one.
/// A septum may look like bone over some millimetres, hardly over fifteen: the shorter a piece, the surer it
/// must be.
double least_confidence(double length_px, double min_confidence) {
  constexpr double sure_mm = 15.0, surer = 0.3;
  return min_confidence + surer * std::max(0.0, 1.0 - length_px / px(sure_mm));
}

void keep_bone(std::vector<int>& path, const cv::Mat_<float>& likeness, int max_step, double min_length_mm,
               double min_confidence, std::optional<int> clicked) {
  std::vector<Piece> pieces = pieces_of(path, likeness, max_step), kept;
  const auto is_clicked = [&](const Piece& p) { return clicked && *clicked >= p.begin && *clicked < p.end; };
  std::stable_sort(pieces.begin(), pieces.end(), [&](const Piece& a, const Piece& b) {
    return is_clicked(a) != is_clicked(b) ? is_clicked(a) : a.sum > b.sum;
  });
  for (const Piece& piece : pieces) {
    const int length = piece.end - piece.begin;
    const bool bone =
        length >= px(min_length_mm) && piece.sum >= least_confidence(length, min_confidence) * length &&
        std::all_of(kept.begin(), kept.end(), [&](const Piece& k) { return fit(piece, k, path); });
    if (bone)
      kept.push_back(piece);
    else
      std::fill(path.begin() + piece.begin, path.begin() + piece.end, -1);
  }
}

/// The echo along the path: its peak and where it rises to half of it.
struct Echo {
  std::vector<double> peak, edge;
};

Echo echo_along(const std::vector<int>& path, const cv::Mat_<float>& grey) {
  const cv::Mat_<float> image = working::smoothed(grey, px(0.3), px(0.1));
  Echo echo{std::vector<double>(path.size(), nan), std::vector<double>(path.size(), nan)};
  for (int x = 0; x < grey.cols; ++x) {
    const auto n = static_cast<std::size_t>(x);
    if (path[n] < 0) continue;
    // Shadow draws the path to the lower half of a thick echo: the peak is looked for rather above it.
    int peak = path[n];
    for (int y = std::max(0, path[n] - rows_of(1.0)); y <= std::min(grey.rows - 1, path[n] + rows_of(0.4));
         ++y)
      if (image(y, x) > image(peak, x)) peak = y;
    echo.peak[n] = peak;
    const int first = std::max(0, peak - rows_of(1.5));
    float low = image(peak, x);
    for (int y = first; y < peak; ++y) low = std::min(low, image(y, x));
    const float half = 0.5F * (image(peak, x) + low);
    int y = peak;
    while (y > first && image(y, x) > half) --y;
    if (y < peak && image(y, x) <= half)
      echo.edge[n] = y + (half - image(y, x)) / std::max(1e-3F, image(y + 1, x) - image(y, x));
  }
  // Speckle moves the edge of single columns; the lateral resolution is about 0.5 to 1 mm.
  const auto settled = [](const std::vector<double>& rows) {
    return working::line_filtered(working::median_filtered(rows, rows_of(0.75)), px(0.5));
  };
  return {settled(echo.peak), settled(echo.edge)};
}

/// Within reach of a click the line must pass at or below it, and there must be one.
void hold_to_click(cv::Mat_<float>& score, const working::Picture& picture, const BoneLineOptions& options) {
  constexpr double aside_mm = 0.5, above_mm = 0.7;  // A click is about that exact.
  constexpr float never = -1e3F, always = 1e3F;
  const double x0 = picture.to_work_x(options.click->x), y0 = picture.to_work_y(options.click->y);
  for (int x = 0; x < score.cols; ++x) {
    if (std::abs(x - x0) > px(aside_mm)) continue;
    for (int y = 0; y < score.rows; ++y) {
      const bool here = y >= y0 - px(above_mm) && y <= y0 + px(options.click_reach_mm);
      score(y, x) += here ? always : never;
    }
  }
}

/// Returns whether what looks like bone passes where the click forced the path.
bool seen_at(int clicked, const std::vector<int>& path, const cv::Mat_<float>& likeness) {
  constexpr double least_likeness = 0.3;
  double sum = 0.0, count = 0.0;
  for (int x = std::max(0, clicked - rows_of(0.5)); x <= std::min(likeness.cols - 1, clicked + rows_of(0.5));
       ++x) {
    const int y = path[static_cast<std::size_t>(x)];
    sum += y < 0 ? 0.0 : likeness(y, x);
    count += 1.0;
  }
  return sum >= least_likeness * count;
}

void check(const BoneLineOptions& o) {
  const auto in = [](double value, double low, double high) { return value >= low && value <= high; };
  if (!in(o.min_depth_mm, 0.0, 200.0) || !in(o.min_length_mm, 0.0, 200.0) ||
      !in(o.min_confidence, 0.0, 1.0) || !in(o.click_reach_mm, 0.0, 50.0))
    throw InvalidInput("finding bone: a depth of " + std::to_string(o.min_depth_mm) + " mm, a length of " +
                       std::to_string(o.min_length_mm) + " mm, a confidence of " +
                       std::to_string(o.min_confidence) + " and a click's reach of " +
                       std::to_string(o.click_reach_mm) + " mm are not all possible");
}

void check_click(const PixelPoint& click, const PixelBounds& a) {
  const bool inside =
      click.x >= a.x && click.y >= a.y && click.x <= a.x + a.width - 1 && click.y <= a.y + a.height - 1;
  if (!inside)
    throw InvalidInput("finding bone: the click at (" + std::to_string(click.x) + ", " +
                       std::to_string(click.y) + ") is outside of the echo image of " +
                       std::to_string(a.width) + " x " + std::to_string(a.height) + " pixels at (" +
                       std::to_string(a.x) + ", " + std::to_string(a.y) + ")");
}

}  // namespace

std::size_t BoneLine::columns() const {
  return static_cast<std::size_t>(
      std::count_if(row_px.begin(), row_px.end(), [](double row) { return !std::isnan(row); }));
}

double BoneLine::mean_confidence() const {
  const std::size_t n = columns();
  return n == 0 ? 0.0 : std::accumulate(confidence.begin(), confidence.end(), 0.0) / static_cast<double>(n);
}

std::optional<BoneLine> find_bone_line(const Frame& frame, const BoneLineOptions& options) {
  check(options);
  const auto area = options.area ? options.area : working::echo_area("finding bone", frame);
  if (!area) return std::nullopt;
  const working::Picture picture =
      working::picture_of("finding bone", frame, options.pixel_size, options.assumed_width_mm, *area);
  if (options.click) check_click(*options.click, picture.area);
  const cv::Mat_<float> likeness = working::bone_likeness(picture.grey, options.min_depth_mm);
  cv::Mat_<float> score = likeness.clone();
  if (options.click) hold_to_click(score, picture, options);
  // Bone may be as steep as 72 degrees. A piece begins and ends where it gains 24 columns of sure bone.
  const working::PathOptions path_options{
      .step_cost = 0.01, .max_step = 3, .without = 0.25, .switch_cost = 6.0};
  std::vector<int> path = working::best_path(score, path_options);
  const double least = options.click ? 0.5 * options.min_confidence : options.min_confidence;
  std::optional<int> clicked;
  if (options.click)
    clicked =
        std::clamp(static_cast<int>(std::lround(picture.to_work_x(options.click->x))), 0, score.cols - 1);
  keep_bone(path, likeness, path_options.max_step, options.min_length_mm, least, clicked);
  drop_unlike(path, likeness, 0.6 * least);
  if (clicked && !seen_at(*clicked, path, likeness)) return std::nullopt;
  const Echo echo = echo_along(path, picture.grey);
  std::vector<double> confidence(path.size(), nan);
  for (std::size_t x = 0; x < path.size(); ++x)
    if (path[x] >= 0 && !std::isnan(echo.edge[x])) confidence[x] = likeness(path[x], static_cast<int>(x));
  BoneLine line;
  line.area = picture.area;
  line.work_mm = working::pixel_mm;
  line.row_px = working::rows_in_frame(picture, frame, echo.edge);
  line.peak_px = working::rows_in_frame(picture, frame, echo.peak);
  line.confidence = working::values_in_frame(picture, frame, confidence, 0.0);
  for (std::size_t x = 0; x < line.row_px.size(); ++x)
    if (std::isnan(line.row_px[x])) line.peak_px[x] = nan, line.confidence[x] = 0.0;
  if (line.columns() == 0) return std::nullopt;
  return line;
}

}  // namespace genu::ultrasound
