// SPDX-License-Identifier: Apache-2.0
#include "bone_likeness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "working_picture.h"

namespace genu::ultrasound::working {
namespace {

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

/// Returns the square of what is finer than tissue's layers and not finer than speckle.
cv::Mat_<float> fine_structure(const cv::Mat_<float>& grey) {
  const cv::Mat_<float> fine = smoothed(grey, px(0.1), px(0.1)) - smoothed(grey, px(0.4), px(0.4));
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

}  // namespace

cv::Mat_<float> bone_likeness(const cv::Mat_<float>& grey, double min_depth_mm) {
  const cv::Mat_<float> ridges = ridges_of(grey);
  const int gap = rows_of(shadow_begin_mm);
  const double strongest = std::max(1e-3, high_value(ridges, 0.99));
  const cv::Mat_<float> echo = smoothed(grey, px(0.4), px(0.15));
  const cv::Mat_<float> later = smoothed(grey, px(0.6), px(0.2));
  const ColumnMeans mean(smoothed(grey, px(0.5), 0.0));
  const ColumnMeans speckle(smoothed(fine_structure(grey), px(0.5), 0.0));
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

}  // namespace genu::ultrasound::working
