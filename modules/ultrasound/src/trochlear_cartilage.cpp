// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <genu/core/error.h>
#include <genu/ultrasound/trochlear_cartilage.h>

#include "column_path.h"
#include "column_values.h"
#include "working_picture.h"

namespace genu::ultrasound {
namespace {

using working::px;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double height_step_mm = 0.05;  ///< Half a work pixel.
/// The echo between soft tissue and cartilage is this thick: half a wavelength of a 15 MHz probe to the
/// blurred echo of a 7 MHz one.
constexpr double interface_min_mm = 0.3, interface_max_mm = 1.8, interface_typical_mm = 0.85;
/// Added to sums of grey values, so that noise in black makes no contrast.
constexpr double grey_floor = 8.0;

int steps(double mm) {
  return static_cast<int>(std::lround(mm / height_step_mm));
}

/// The picture above the bone, straightened: row h is h steps above the bone's leading edge.
struct Straightened {
  cv::Mat_<float> grey;
  int first = 0;             ///< Work column of its column 0.
  std::vector<double> bone;  ///< Work row of the bone in each of its columns; gaps are filled.
  std::vector<bool> seen;    ///< Whether bone is seen there.
};

/// Returns the bone's rows at the work columns.
std::vector<double> bone_in_work(const BoneLine& line, const working::Picture& picture) {
  std::vector<double> rows(static_cast<std::size_t>(picture.grey.cols), nan);
  for (int i = 0; i < picture.grey.cols; ++i) {
    const double x = std::clamp((i + 0.5) / picture.scale_x - 0.5 + picture.area.x, 0.0,
                                static_cast<double>(line.row_px.size()) - 1.0);
    const auto n = static_cast<std::size_t>(x);
    const double part = x - static_cast<double>(n);
    const bool whole = part == 0.0 || n + 1 >= line.row_px.size();
    const double row = whole ? line.row_px[n] : (1.0 - part) * line.row_px[n] + part * line.row_px[n + 1];
    rows[static_cast<std::size_t>(i)] = picture.to_work_y(row);
  }
  return rows;
}

Straightened straightened(const working::Picture& picture, const BoneLine& line, double max_height_mm) {
  Straightened result;
  const std::vector<double> rows = bone_in_work(line, picture), filled = working::gaps_filled(rows);
  const auto is_number = [](double v) { return !std::isnan(v); };
  const auto begin = std::find_if(filled.begin(), filled.end(), is_number);
  const auto end = std::find_if(filled.rbegin(), filled.rend(), is_number).base();
  if (begin >= end) return result;
  result.first = static_cast<int>(begin - filled.begin());
  result.bone.assign(begin, end);
  const int columns = static_cast<int>(result.bone.size());
  cv::Mat_<float> raw(steps(max_height_mm), columns);
  const cv::Mat_<float> image = working::smoothed(picture.grey, px(0.08), px(0.08));
  for (int c = 0; c < columns; ++c) {
    result.seen.push_back(
        is_number(rows[static_cast<std::size_t>(result.first) + static_cast<std::size_t>(c)]));
    for (int h = 0; h < raw.rows; ++h) {
      const double y = std::clamp(result.bone[static_cast<std::size_t>(c)] - px(h * height_step_mm), 0.0,
                                  static_cast<double>(image.rows) - 1.0);
      const int j = std::min(static_cast<int>(y), image.rows - 2);
      const auto part = static_cast<float>(y - j);
      raw(h, c) = (1.0F - part) * image(j, result.first + c) + part * image(j + 1, result.first + c);
    }
  }
  // Along the layer speckle is averaged over its lateral size.
  result.grey = working::smoothed(raw, px(0.35), 0.06 / height_step_mm);
  return result;
}

/// Mean of rows of one column of a straightened picture.
class Means {
 public:
  explicit Means(const cv::Mat_<float>& grey) : sums_(grey.rows + 1, grey.cols, 0.0) {
    for (int h = 0; h < grey.rows; ++h)
      for (int c = 0; c < grey.cols; ++c) sums_(h + 1, c) = sums_(h, c) + grey(h, c);
  }
  double operator()(int c, int begin, int end) const {
    const int a = std::clamp(begin, 0, sums_.rows - 2), b = std::clamp(end, a + 1, sums_.rows - 1);
    return (sums_(b, c) - sums_(a, c)) / (b - a);
  }

 private:
  cv::Mat_<double> sums_;
};

double contrast(double bright, double dark) {
  return (bright - dark) / (bright + dark + grey_floor);
}

/// Returns how much each height looks like the border between dark cartilage below and bright tissue above.
cv::Mat_<float> far_border_likeness(const Straightened& s, const TrochlearCartilageOptions& options) {
  const Means mean(s.grey);
  cv::Mat_<float> likeness(s.grey.size(), -1.0F);
  const int first = std::max(steps(options.min_thickness_mm), steps(0.3) + 1);
  const int last = std::min(steps(options.max_thickness_mm), s.grey.rows - steps(0.8));
  for (int c = 0; c < s.grey.cols; ++c)
    for (int h = first; h < last; ++h) {
      const double above = mean(c, h + steps(0.05), h + steps(0.8));
      const double below = mean(c, h - steps(0.6), h - steps(0.05));
      // The whole layer is dark, but for the rise to the bone's echo, whose leading edge is at 0.
      const int bone_end = std::min(steps(0.4), h - steps(0.15));
      const double layer = mean(c, bone_end, h - steps(0.05));
      const double border = contrast(above, below), whole = contrast(above, layer);
      likeness(h, c) = static_cast<float>(0.5 * border + 0.5 * std::min(border, whole));
    }
  return likeness;
}

/// Returns for each height above the far border how much it looks like the interface's outer border: it is
/// darker above than below. Where nothing falls off, a typical thickness decides.
cv::Mat_<float> near_border_likeness(const Straightened& s, const std::vector<int>& far) {
  const Means mean(s.grey);
  cv::Mat_<float> likeness(steps(interface_max_mm), s.grey.cols, -1.0F);
  for (int c = 0; c < s.grey.cols; ++c)
    for (int t = steps(interface_min_mm); t < likeness.rows; ++t) {
      const int h = far[static_cast<std::size_t>(c)] + t;
      if (h + steps(0.4) >= s.grey.rows) break;
      const double off = (t * height_step_mm - interface_typical_mm) / 0.5;
      const double falls = contrast(mean(c, h - steps(0.35), h), mean(c, h, h + steps(0.4)));
      likeness(t, c) = static_cast<float>(falls - 0.125 * off * off);
    }
  return likeness;
}

/// A click in the cartilage lies below its far border.
void hold_to_click(cv::Mat_<float>& likeness, const Straightened& s, const working::Picture& picture,
                   const PixelPoint& click) {
  constexpr double aside_mm = 0.5;  // A click is about that exact.
  const double x = picture.to_work_x(click.x), y = picture.to_work_y(click.y);
  for (int c = 0; c < likeness.cols; ++c) {
    if (std::abs(s.first + c - x) > px(aside_mm)) continue;
    const double height_mm = (s.bone[static_cast<std::size_t>(c)] - y) * working::pixel_mm;
    for (int h = 0; h < likeness.rows && h * height_step_mm < height_mm; ++h) likeness(h, c) = -1e3F;
  }
}

/// The layer's borders in steps above the bone, and the contrast of the far one.
struct Layer {
  std::vector<int> far, near;
  std::vector<double> confidence;
  double rival = 0.0;  ///< Mean contrast of the best other far border over that of this one.
};

double mean_along(const cv::Mat_<float>& likeness, const std::vector<int>& path) {
  double sum = 0.0;
  for (std::size_t c = 0; c < path.size(); ++c) sum += likeness(path[c], static_cast<int>(c));
  return path.empty() ? 0.0 : sum / static_cast<double>(path.size());
}

Layer layer_of(const Straightened& s, const working::Picture& picture,
               const TrochlearCartilageOptions& options) {
  const working::PathOptions smooth{.step_cost = 0.02, .max_step = 2};
  cv::Mat_<float> likeness = far_border_likeness(s, options);
  const cv::Mat_<float> seen = likeness.clone();
  if (options.click) hold_to_click(likeness, s, picture, *options.click);
  Layer layer;
  layer.far = working::best_path(likeness, smooth);
  for (std::size_t c = 0; c < layer.far.size(); ++c)
    layer.confidence.push_back(std::max(0.0F, seen(layer.far[c], static_cast<int>(c))));
  layer.near = working::best_path(near_border_likeness(s, layer.far), {.step_cost = 0.02, .max_step = 1});
  for (std::size_t c = 0; c < layer.far.size(); ++c) layer.near[c] += layer.far[c];
  // The best line that keeps 0.7 mm away from this one: a second border nearly as clear makes it doubtful.
  for (int c = 0; c < likeness.cols; ++c)
    for (int h = 0; h < likeness.rows; ++h)
      if (std::abs(h - layer.far[static_cast<std::size_t>(c)]) < steps(0.7)) likeness(h, c) = -1.0F;
  const double own = mean_along(seen, layer.far);
  layer.rival = own > 0.0 ? mean_along(likeness, working::best_path(likeness, smooth)) / own : 1.0;
  return layer;
}

/// Returns rows of the frame for heights in steps above the bone, settled along the layer.
std::vector<double> rows_of(const std::vector<int>& heights, const std::vector<bool>& shown, double sigma_mm,
                            const Straightened& s, const working::Picture& picture, const Frame& frame) {
  std::vector<double> work(static_cast<std::size_t>(picture.grey.cols), nan), above(heights.size(), nan);
  for (std::size_t c = 0; c < heights.size(); ++c)
    if (shown[c]) above[c] = px(heights[c] * height_step_mm);
  above = working::line_filtered(above, px(sigma_mm));
  for (std::size_t c = 0; c < heights.size(); ++c)
    if (shown[c]) work[static_cast<std::size_t>(s.first) + c] = s.bone[c] - above[c];
  return working::rows_in_frame(picture, frame, work);
}

std::string percent(double part) {
  return std::to_string(static_cast<int>(std::lround(100.0 * part))) + " %";
}

std::string millimetres(double mm) {
  const std::string text = std::to_string(mm);
  return text.substr(0, text.find('.') + 2) + " mm";
}

/// Where the lines are shown, and how clear they are.
struct Extent {
  std::vector<bool> shown;     ///< In each column of the straightened picture.
  double confidence = 0.0;     ///< Mean contrast along the bone that is seen.
  double with_layer_mm = 0.0;  ///< Length over which a layer is shown.
};

Extent extent_of(const Straightened& s, const Layer& layer, const working::Picture& picture) {
  /// At the picture's sides beams are weak and lines are drawn from one side only.
  constexpr double side_mm = 0.8;
  /// A column whose contrast is below this shows no border.
  constexpr double least_contrast = 0.1;
  Extent extent{.shown = s.seen};
  std::vector<bool>& shown = extent.shown;
  double sum = 0.0, count = 0.0;
  for (std::size_t c = 0; c < shown.size(); ++c) {
    if (shown[c]) sum += layer.confidence[c], count += 1.0;
    const int column = s.first + static_cast<int>(c);
    const bool at_side = std::min(column, picture.grey.cols - 1 - column) < px(side_mm);
    shown[c] = shown[c] && !at_side && layer.confidence[c] >= least_contrast;
    if (shown[c]) extent.with_layer_mm += working::pixel_mm;
  }
  extent.confidence = count > 0.0 ? sum / count : 0.0;
  return extent;
}

/// Returns why what is seen is no cartilage; empty if it may be.
std::vector<std::string> reasons_for_none(const Extent& extent, const TrochlearCartilageOptions& options) {
  std::vector<std::string> reasons;
  if (extent.confidence < options.min_confidence)
    reasons.emplace_back("bone is seen, but no dark layer with a bright border follows it (contrast " +
                         percent(extent.confidence) + ", at least " + percent(options.min_confidence) + ")");
  if (extent.with_layer_mm < options.min_length_mm)
    reasons.emplace_back("bone with a dark layer is seen over " + millimetres(extent.with_layer_mm) +
                         " only, not " + millimetres(options.min_length_mm));
  return reasons;
}

/// Returns the lines in the frame, and the thickness between them.
TrochlearCartilage cartilage_of(const Frame& frame, const working::Picture& picture, const BoneLine& bone,
                                const Straightened& s, const Layer& layer, const Extent& extent,
                                const TrochlearZoneOptions& zones) {
  TrochlearCartilage cartilage;
  cartilage.bone = bone;
  cartilage.mean_confidence = extent.confidence;
  cartilage.contours.far_px = rows_of(layer.far, extent.shown, 0.4, s, picture, frame);
  cartilage.contours.near_px = rows_of(layer.near, extent.shown, 0.6, s, picture, frame);
  cartilage.contours.bone_px = bone.row_px;
  std::vector<double> values(static_cast<std::size_t>(picture.grey.cols), nan);
  for (std::size_t c = 0; c < extent.shown.size(); ++c)
    if (extent.shown[c]) values[static_cast<std::size_t>(s.first) + c] = std::min(1.0, layer.confidence[c]);
  cartilage.confidence = working::values_in_frame(picture, frame, values, 0.0);
  cartilage.thickness = measure_trochlear_thickness(cartilage.contours, zones);
  return cartilage;
}

void check(const TrochlearCartilageOptions& options) {
  if (!(options.min_thickness_mm >= 0.2 && options.max_thickness_mm > options.min_thickness_mm &&
        options.max_thickness_mm <= 15.0))
    throw InvalidInput("finding cartilage: a thickness of " + std::to_string(options.min_thickness_mm) +
                       " to " + std::to_string(options.max_thickness_mm) + " mm makes no sense");
  if (!(options.min_confidence >= 0.0 && options.min_confidence <= 1.0))
    throw InvalidInput("finding cartilage: a least confidence of " + std::to_string(options.min_confidence) +
                       ", not in 0 to 1");
  if (!(options.min_length_mm >= 0.0))
    throw InvalidInput("finding cartilage: a least length of " + std::to_string(options.min_length_mm) +
                       " mm makes no sense");
}

}  // namespace

TrochlearFinding find_trochlear_cartilage(const Frame& frame, const TrochlearCartilageOptions& options) {
  /// A second border with this part of the first one's contrast makes the first doubtful.
  constexpr double doubtful_rival = 0.85;
  check(options);
  TrochlearFinding finding;
  const auto bone = find_bone_line(frame, {.pixel_size = options.zones.pixel_size,
                                           .assumed_width_mm = options.assumed_width_mm,
                                           .area = options.area,
                                           .click = options.click,
                                           .click_reach_mm = options.max_thickness_mm});
  if (!bone) {
    finding.reasons.emplace_back(options.click ? "no bone is seen at or below the click" : "no bone is seen");
    return finding;
  }
  const working::Picture picture = working::picture_of("finding cartilage", frame, options.zones.pixel_size,
                                                       options.assumed_width_mm, bone->area);
  const Straightened s = straightened(picture, *bone, options.max_thickness_mm + interface_max_mm + 0.5);
  const Layer layer = layer_of(s, picture, options);
  const Extent extent = extent_of(s, layer, picture);
  finding.reasons = reasons_for_none(extent, options);
  if (!finding.reasons.empty()) return finding;
  TrochlearCartilage cartilage = cartilage_of(frame, picture, *bone, s, layer, extent, options.zones);
  const bool asked_for = options.click || options.zones.sulcus_px;
  if (!cartilage.thickness.sulcus_px && !asked_for) {
    finding.reasons.emplace_back(
        "bone with a dark layer is seen, but no valley: not the whole trochlea, or other bone; click into "
        "the "
        "cartilage to measure it all the same");
    return finding;
  }
  if (layer.rival > doubtful_rival)
    finding.reasons.emplace_back("a second border is nearly as clear as the one taken (" +
                                 percent(layer.rival) + " of its contrast): check the lines" +
                                 (options.click ? std::string() : " or click into the cartilage"));
  finding.cartilage = std::move(cartilage);
  return finding;
}

}  // namespace genu::ultrasound
