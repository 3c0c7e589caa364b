// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/picture_area.h>

namespace genu::ultrasound {

struct BoneLineOptions {
  /// Without it, the area's width is taken as `assumed_width_mm` where the sizes below need millimetres.
  std::optional<PixelSize> pixel_size = {};
  double assumed_width_mm = 40.0;        ///< Linear probes are 35 to 50 mm wide.
  std::optional<PixelBounds> area = {};  ///< Without it, what find_picture_area says.
  double min_depth_mm = 4.0;             ///< Nothing shallower is bone: skin and fat lie there.
  double min_length_mm = 6.0;            ///< Shorter pieces are not bone.
  /// Mean over a piece of 15 mm and more; below it, it is no bone. Shorter ones must be surer.
  double min_confidence = 0.6;
  /// A place on the bone or up to `click_reach_mm` above it (in the cartilage): the line must pass there, and
  /// pieces need only half of the confidence.
  std::optional<PixelPoint> click = {};
  double click_reach_mm = 6.0;
};

/// The surface of bone in a B-mode picture: one value a column of the picture, rows between pixels too.
struct BoneLine {
  std::vector<double> row_px;      ///< The echo's leading edge, at half of its height; NaN = no bone seen.
  std::vector<double> peak_px;     ///< The echo's brightest place; NaN = no bone seen.
  std::vector<double> confidence;  ///< 0 to 1; 0 where no bone is seen.
  PixelBounds area;                ///< Where it was looked for.
  double work_mm = 0.1;            ///< Size of the pixels it was found on; in mm if the picture's pixels are.

  /// Returns how many columns show bone.
  std::size_t columns() const;
  /// Returns the mean confidence of these.
  double mean_confidence() const;
};

/// Returns the surface of bone, or nothing where the picture shows none.
///
/// A bright ridge with tissue before it and shadow behind it, joined from column to column by dynamic
/// programming with a state for "no bone here": Foroughi et al. 2007 (SPIE 6509:65091U) and Jain and Taylor
/// 2004 (SPIE 5367:549). The ridge is the Hessian's at two scales, in place of the phase symmetry of
/// Hacihaliloglu et al. 2009 (Ultrasound Med Biol 35:1475). Fascia over very dark muscle at the lower end of
/// a picture looks the same. \throws InvalidInput for an empty picture, or options or an area that make no
/// sense
std::optional<BoneLine> find_bone_line(const Frame& frame, const BoneLineOptions& options = {});

}  // namespace genu::ultrasound
