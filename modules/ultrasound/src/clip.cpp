// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <genu/ultrasound/clip.h>

namespace genu::ultrasound {
namespace {

double visible_area(const UltrasoundRegion& region, int width, int height) {
  const auto part = visible_part(region, width, height);
  return part ? static_cast<double>(part->width) * static_cast<double>(part->height) : 0.0;
}

/// Equal up to what rounding in a header explains.
bool same_size(const PixelSize& a, const PixelSize& b) {
  constexpr double share = 1e-3;
  return std::abs(a.x_mm - b.x_mm) <= share * a.x_mm && std::abs(a.y_mm - b.y_mm) <= share * a.y_mm;
}

std::string size_text(const PixelSize& size) {
  return std::to_string(size.x_mm) + " x " + std::to_string(size.y_mm) + " mm";
}

/// Returns nothing if no region shows this.
std::optional<ClipScale> scale_of_content(const UltrasoundClip& clip, RegionContent content,
                                          const ScaleOptions& options) {
  ClipScale best;
  std::string reasons;
  double best_area = 0.0;
  bool any = false;
  for (std::size_t i = 0; i < clip.regions.size(); ++i) {
    const UltrasoundRegion& region = clip.regions[i];
    if (region.content != content || region.format != RegionFormat::two_dimensional) continue;
    any = true;
    const RegionScale scale = scale_of(region, clip.width(), clip.height(), options);
    if (!scale.pixel_size) {
      reasons.append(reasons.empty() ? "region " : "; region ");
      reasons.append(std::to_string(region.item)).append(": ").append(scale.reason);
      continue;
    }
    if (best.region && !same_size(*best.scale.pixel_size, *scale.pixel_size))
      return ClipScale{
          {},
          {{},
           false,
           false,
           "its regions " + std::to_string(clip.regions[*best.region].item) + " (" +
               size_text(*best.scale.pixel_size) + " a pixel) and " + std::to_string(region.item) + " (" +
               size_text(*scale.pixel_size) + ") differ in scale"},
          true};
    const double area = visible_area(region, clip.width(), clip.height());
    if (best.region && area <= best_area) continue;
    best = {i, scale, false};
    best_area = area;
  }
  if (!any) return {};
  if (!best.region) best.scale.reason = reasons;
  return best;
}

std::string reason_without_images(const UltrasoundClip& clip) {
  if (!clip.may_state_regions) return "a " + clip.origin.kind + " file can't state a scale";
  const std::string left_out =
      clip.regions_left_out == 1
          ? "one region is so damaged that it was left out"
          : std::to_string(clip.regions_left_out) + " regions are so damaged that they were left out";
  if (clip.regions.empty())
    return clip.regions_left_out == 0 ? "the file holds no calibration (Sequence of Ultrasound Regions)"
                                      : "the file holds no sound region: " + left_out;
  return "none of its regions is a 2D image of tissue or flow" +
         (clip.regions_left_out == 0 ? "" : ", and " + left_out);
}

bool is_b_mode(const UltrasoundRegion& region) {
  return region.format == RegionFormat::two_dimensional &&
         (region.content == RegionContent::tissue || region.content == RegionContent::colour_flow);
}

bool same_deltas(const UltrasoundRegion& a, const UltrasoundRegion& b) {
  return same_size({std::abs(a.x.delta), std::abs(a.y.delta)}, {std::abs(b.x.delta), std::abs(b.y.delta)});
}

/// Pixels that two bounds share; nothing if none.
struct Shared {
  std::int64_t left, top, right, bottom;
  bool empty() const { return right < left || bottom < top; }
  PixelPoint middle() const {
    return {0.5 * static_cast<double>(left + right), 0.5 * static_cast<double>(top + bottom)};
  }
  bool is_all_of(const PixelBounds& part) const {
    return !empty() && right - left + 1 == part.width && bottom - top + 1 == part.height;
  }
};

Shared shared(const UltrasoundRegion& region, const PixelBounds& part) {
  const std::int64_t x = part.x, y = part.y;
  return {std::max(region.min_x, x), std::max(region.min_y, y), std::min(region.max_x, x + part.width - 1),
          std::min(region.max_y, y + part.height - 1)};
}

/// Returns the place, among B-mode regions, of one that shows all of a part; nothing where the part shows
/// pixels of two scales.
std::optional<std::size_t> region_of(std::span<const UltrasoundRegion> regions, const PixelBounds& part) {
  const auto alike = [&](std::size_t a, std::size_t b) {
    return a == b || same_deltas(regions[a], regions[b]);
  };
  std::optional<std::size_t> first;
  for (const UltrasoundRegion& region : regions) {
    const Shared here = shared(region, part);
    if (here.empty()) continue;
    // Of regions that lie upon each other the pixels are those of one.
    const std::optional<std::size_t> shown = region_at(regions, here.middle());
    if (first && shown && !alike(*first, *shown)) return std::nullopt;
    if (!first) first = shown;
  }
  for (std::size_t i = 0; first && i < regions.size(); ++i)
    if (alike(*first, i) && shared(regions[i], part).is_all_of(part)) return i;
  return std::nullopt;
}

}  // namespace

ClipScale b_mode_scale(const UltrasoundClip& clip, const PixelBounds& part, const ScaleOptions& options) {
  std::vector<UltrasoundRegion> images;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < clip.regions.size(); ++i) {
    if (!is_b_mode(clip.regions[i])) continue;
    images.push_back(clip.regions[i]);
    places.push_back(i);
  }
  const std::optional<std::size_t> found = region_of(images, part);
  if (!found) return b_mode_scale(clip, options);
  ClipScale one{places[*found], scale_of(images[*found], clip.width(), clip.height(), options)};
  if (one.scale.pixel_size) return one;
  one.scale.reason = "region " + std::to_string(images[*found].item) + ": " + one.scale.reason;
  one.region.reset();
  return one;
}

ClipScale b_mode_scale(const UltrasoundClip& clip, const ScaleOptions& options) {
  for (const RegionContent content : {RegionContent::tissue, RegionContent::colour_flow})
    if (const auto scale = scale_of_content(clip, content, options)) return *scale;
  ClipScale none;
  none.scale.reason = reason_without_images(clip);
  return none;
}

}  // namespace genu::ultrasound
