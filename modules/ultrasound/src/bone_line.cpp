// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include <opencv2/imgproc.hpp>

#include <genu/core/error.h>
#include <genu/ultrasound/bone_line.h>

#include "column_path.h"
#include "column_values.h"
#include "working_picture.h"

namespace genu::ultrasound {
namespace {

using working::px;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Standard deviations of the ridge, mm: a bone's echo is 0.5 to 1.5 mm thick, more where it is steep.
constexpr std::array ridge_scales_mm{0.25, 0.45};
/// The echo ends within this below its peak; what follows is shadow, looked at down to `shadow_end_mm`.
constexpr double shadow_begin_mm = 2.0, shadow_end_mm = 10.0;
/// The same for bone shallower than `shallow_mm`.
constexpr double shallow_shadow_end_mm = 5.0, shallow_mm = 12.0;
/// Less than this below a ridge tells nothing of shadow.
constexpr double least_shadow_mm = 3.0;
/// Of log-compressed grey. Shadow darker than half of its echo counts; the darker the more.
constexpr double shadow_share = 0.5;
/// Behind bone there are reverberations, blurred and weak; behind fascia there are other layers. Ridges there
/// count against bone from this part of its own ridge on, and forbid it at the other.
constexpr double weak_ridge = 0.2, strong_ridge = 0.8;
/// The same of brightness, where tissue behind is as bright as the ridge.
constexpr double free_echo = 0.4;
/// Speckle behind bone is that of noise and of blurred reverberations: its deviation, over that before the
/// ridge, is 0.1 to 0.45 behind real bone and 0.6 to 0.9 behind fascia.
constexpr double smooth_shadow = 0.45, speckled_tissue = 0.75;
/// The deviation of the last 8 mm before bone is at least this part of that of shallower tissue.
constexpr double least_live = 0.35;
/// How much darker what lies just before bone is for a clear ridge.
constexpr double clear_prominence = 0.4;
/// Tissue before the bone has at least this grey value; gel and water do not.
constexpr double tissue_grey = 12.0;

/// Kernels of a Gaussian and its derivatives.
struct Kernels {
  cv::Mat_<double> value, first, second;
  explicit Kernels(double sigma) {
    const int half = static_cast<int>(std::ceil(4.0 * sigma));
    value.create(1, 2 * half + 1);
    first.create(1, 2 * half + 1);
    second.create(1, 2 * half + 1);
    double sum = 0.0;
    for (int i = -half; i <= half; ++i) sum += value(0, i + half) = std::exp(-0.5 * i * i / (sigma * sigma));
    for (int i = -half; i <= half; ++i) {
      value(0, i + half) /= sum;
      first(0, i + half) = i / (sigma * sigma) * value(0, i + half);
      second(0, i + half) = (i * i / (sigma * sigma) - 1.0) / (sigma * sigma) * value(0, i + half);
    }
    second -= cv::sum(second)[0] / static_cast<double>(second.total());  // A flat picture has no ridge.
  }
};

/// Returns the strength of bright ridges whose normal is within 60 degrees of the beam (fading beyond): the
/// Hessian's most negative eigenvalue, at the better of the scales.
cv::Mat_<float> ridges_of(const cv::Mat_<float>& grey) {
  cv::Mat_<float> best = cv::Mat_<float>::zeros(grey.size());
  for (const double mm : ridge_scales_mm) {
    const double sigma = px(mm);
    const Kernels k(sigma);
    cv::Mat_<float> xx, yy, xy;
    cv::sepFilter2D(grey, xx, CV_32F, k.second, k.value, {-1, -1}, 0.0, cv::BORDER_REFLECT_101);
    cv::sepFilter2D(grey, yy, CV_32F, k.value, k.second, {-1, -1}, 0.0, cv::BORDER_REFLECT_101);
    cv::sepFilter2D(grey, xy, CV_32F, k.first, k.first, {-1, -1}, 0.0, cv::BORDER_REFLECT_101);
    for (int y = 0; y < grey.rows; ++y)
      for (int x = 0; x < grey.cols; ++x) {
        const double half = 0.5 * (xx(y, x) - yy(y, x));
        const double root = std::hypot(half, xy(y, x));
        const double strength = root - 0.5 * (xx(y, x) + yy(y, x));
        if (strength <= 0.0 || root < 1e-6) continue;
        const double along_beam = 0.5 * (1.0 + half / root);  // Square of the normal's part along the beam.
        const double upright = std::min(1.0, along_beam / 0.25);
        best(y, x) = std::max(best(y, x), static_cast<float>(sigma * sigma * strength * upright));
      }
  }
  return best;
}

/// Mean grey values along columns.
class ColumnMeans {
 public:
  explicit ColumnMeans(const cv::Mat_<float>& grey) : sums_(grey.rows + 1, grey.cols, 0.0) {
    for (int y = 0; y < grey.rows; ++y)
      for (int x = 0; x < grey.cols; ++x) sums_(y + 1, x) = sums_(y, x) + grey(y, x);
  }
  /// Of rows y + begin to before y + end, as far as they are in the picture; 0 if none is.
  double operator()(int x, int y, int begin, int end) const {
    const int a = std::clamp(y + begin, 0, sums_.rows - 1), b = std::clamp(y + end, 0, sums_.rows - 1);
    return b > a ? (sums_(b, x) - sums_(a, x)) / (b - a) : 0.0;
  }

 private:
  cv::Mat_<double> sums_;
};

int rows_of(double mm) {
  return static_cast<int>(std::lround(px(mm)));
}

/// Returns the square of what is finer than tissue's layers and not finer than speckle.
cv::Mat_<float> fine_structure(const cv::Mat_<float>& grey) {
  const cv::Mat_<float> fine =
      working::smoothed(grey, px(0.1), px(0.1)) - working::smoothed(grey, px(0.4), px(0.4));
  return fine.mul(fine);
}

/// Returns for each pixel the highest value that follows it in its column, `begin` to `end` rows further.
cv::Mat_<float> highest_behind(const cv::Mat_<float>& image, int begin, int end) {
  cv::Mat_<float> result(image.size());
  const int n = end - begin;
  cv::dilate(image, result, cv::Mat::ones(n, 1, CV_8U), {0, 0}, 1, cv::BORDER_CONSTANT, cv::Scalar(0.0));
  // With its anchor at the top, the window is rows y to y + n - 1: shifted by `begin` it is the one wanted.
  cv::Mat_<float> shifted = cv::Mat_<float>::zeros(image.size());
  if (begin < image.rows) result.rowRange(begin, image.rows).copyTo(shifted.rowRange(0, image.rows - begin));
  return shifted;
}

double high_value(const cv::Mat_<float>& image, double part) {
  std::vector<float> values(image.begin(), image.end());
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Returns whether an echo is the second one of what lies at half its depth: brighter by half, and dark
/// between.
bool is_copy(const ColumnMeans& mean, const cv::Mat_<float>& echo, int x, int y) {
  constexpr double tolerance_mm = 2.5;  // The face may lie above or below the picture's first row.
  constexpr double brighter = 1.5, dark_between = 0.4;
  const int half = y / 2, near = rows_of(tolerance_mm);
  if (half < rows_of(4.0)) return false;
  float brightest = 0.0F;
  for (int row = std::max(0, half - near); row <= half + near; ++row)
    brightest = std::max(brightest, echo(row, x));
  const double between = mean(x, half, near + rows_of(1.0), y - half - rows_of(1.0));
  return brightest > brighter * echo(y, x) && between < dark_between * echo(y, x);
}

/// Returns how much each pixel looks like the surface of bone, 0 to 1.
cv::Mat_<float> likeness_of(const cv::Mat_<float>& grey, double min_depth_mm) {
  const cv::Mat_<float> ridges = ridges_of(grey);
  const int gap = rows_of(shadow_begin_mm);
  const double strongest = std::max(1e-3, high_value(ridges, 0.99));
  const cv::Mat_<float> echo = working::smoothed(grey, px(0.4), px(0.15));
  const cv::Mat_<float> later = working::smoothed(grey, px(0.6), px(0.2));
  const ColumnMeans mean(working::smoothed(grey, px(0.5), 0.0));
  const ColumnMeans speckle(working::smoothed(fine_structure(grey), px(0.5), 0.0));
  // Bone's echo returns once more at twice its depth: where that is near, only what lies before it counts.
  const cv::Mat_<float> behind_deep = highest_behind(ridges, gap, rows_of(shadow_end_mm));
  const cv::Mat_<float> behind_shallow = highest_behind(ridges, gap, rows_of(shallow_shadow_end_mm));
  cv::Mat_<float> own;  // The path may run beside the ridge's crest.
  cv::dilate(ridges, own, cv::Mat::ones(2 * rows_of(0.4) + 1, 1, CV_8U));
  cv::Mat_<float> likeness = cv::Mat_<float>::zeros(grey.size());
  for (int x = 0; x < grey.cols; ++x) {
    double brightest_later = 0.0;
    const int deepest = grey.rows - 1 - gap - rows_of(least_shadow_mm);
    for (int y = std::max(0, deepest + gap); y < grey.rows; ++y)
      brightest_later = std::max<double>(brightest_later, later(y, x));
    for (int y = deepest; y >= rows_of(min_depth_mm); --y) {
      brightest_later = std::max<double>(brightest_later, later(y + gap, x));
      const double peak = echo(y, x);
      if (peak < tissue_grey) continue;
      const double shadow = mean(x, y, gap, rows_of(shadow_end_mm));
      const double before = mean(x, y, rows_of(-2.2), rows_of(-0.7));
      const double tissue = mean(x, y, rows_of(-15.0), rows_of(-1.0));
      const double ridge = std::pow(std::min(1.0, ridges(y, x) / strongest), 0.4);
      const double dark = std::max(0.0, 1.0 - shadow / (shadow_share * peak));
      const double last = std::clamp(1.0 + free_echo - brightest_later / peak, 0.0, 1.0);
      const bool shallow = y < rows_of(shallow_mm);
      const float behind = shallow ? behind_shallow(y, x) : behind_deep(y, x);
      const double alone = std::clamp(
          (strong_ridge - behind / std::max(1e-3F, own(y, x))) / (strong_ridge - weak_ridge), 0.0, 1.0);
      // Skin's bright lines are no measure of tissue.
      const double before_ridge = speckle(x, y, std::max(rows_of(-15.0), rows_of(2.0) - y), rows_of(-1.0));
      const double texture =
          std::sqrt(speckle(x, y, gap, rows_of(shadow_end_mm)) / std::max(1.0, before_ridge));
      const double smooth =
          std::clamp((speckled_tissue - texture) / (speckled_tissue - smooth_shadow), 0.0, 1.0);
      // Tissue reaches down to bone, but for cartilage and some fluid; copies of bone lie in its shadow.
      const double farther = speckle(x, y, std::max(rows_of(-20.0), rows_of(2.0) - y), rows_of(-8.0));
      const double live = y < rows_of(12.0)
                              ? 1.0
                              : std::min(1.0, std::sqrt(speckle(x, y, rows_of(-8.0), rows_of(-1.0)) /
                                                        std::max(1.0, farther)) /
                                                  least_live);
      if (is_copy(mean, echo, x, y)) continue;
      const double clear = std::clamp((1.0 - before / peak) / clear_prominence, 0.0, 1.0);
      const double in_tissue = std::min(1.0, tissue / tissue_grey) *
                               std::clamp(2.5 - 1.5 * shadow / std::max(1.0, tissue), 0.0, 1.0);
      likeness(y, x) =
          static_cast<float>(std::sqrt(ridge * dark * last * alone * smooth * live * clear * in_tissue));
    }
  }
  return likeness;
}

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

/// Leaves of a path what is bone: long and sure pieces that fit each other, the better ones first, but before
/// all the one at the column `clicked`, if there is one.
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
        length >= px(min_length_mm) && piece.sum >= min_confidence * length &&
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

void check_click(const PixelPoint& click, const PictureArea& a) {
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
  const working::Picture picture =
      working::picture_of("finding bone", frame, options.pixel_size, options.assumed_width_mm, options.area);
  if (options.click) check_click(*options.click, picture.area);
  const cv::Mat_<float> likeness = likeness_of(picture.grey, options.min_depth_mm);
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
