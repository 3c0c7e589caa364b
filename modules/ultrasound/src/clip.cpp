// SPDX-License-Identifier: Apache-2.0
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
               size_text(*scale.pixel_size) + ") differ in scale: one of them must be named"}};
    const double area = visible_area(region, clip.width(), clip.height());
    if (best.region && area <= best_area) continue;
    best = {i, scale};
    best_area = area;
  }
  if (!any) return {};
  if (!best.region) best.scale.reason = reasons;
  return best;
}

}  // namespace

ClipScale b_mode_scale(const UltrasoundClip& clip, const ScaleOptions& options) {
  for (const RegionContent content : {RegionContent::tissue, RegionContent::colour_flow})
    if (const auto scale = scale_of_content(clip, content, options)) return *scale;
  ClipScale none;
  none.scale.reason = clip.regions.empty() ? "the file holds no calibration (Sequence of Ultrasound Regions)"
                                           : "none of its regions is a 2D image of tissue or flow";
  return none;
}

}  // namespace genu::ultrasound
