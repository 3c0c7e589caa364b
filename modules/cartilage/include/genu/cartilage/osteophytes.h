// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/geometry.h>
#include <genu/core/knee.h>
#include <genu/core/tissue.h>

namespace genu::cartilage {

struct BoneMap;

/// Where a bone ends beside its cartilage: where bone spurs grow.
enum class Margin : std::uint8_t { medial_femur, lateral_femur, medial_tibia, lateral_tibia, patella };
inline constexpr std::array all_margins{Margin::medial_femur, Margin::lateral_femur, Margin::medial_tibia,
                                        Margin::lateral_tibia, Margin::patella};
std::string_view name(Margin margin);   ///< "medial_femur_margin", ...
std::string_view title(Margin margin);  ///< "Medial margin of the femur", ...
std::optional<Margin> margin_named(std::string_view name);
Bone bone_of(Margin margin);

/// A place where a bone's margin stands out of the shape that it has on both sides of it.
struct Osteophyte {
  std::string name;        ///< "medial_femur_margin-1": margin and rank by height.
  double height_mm = 0.0;  ///< How far it stands out, in the direction in which it does so most.
  double length_mm = 0.0;  ///< Along the margin, where it stands out by `OsteophyteOptions::least_mm`.
  Point3 tip;              ///< On the bone surface.
};

/// What one margin shows.
struct MarginMeasures {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Margin margin = Margin::medial_femur;
  double examined_percent = 0.0;     ///< Of its length: the rest lies outside of the image, or at its border.
  double highest_spur_mm = unknown;  ///< 0 = nothing stands out; NaN = nothing was examined.
  double spacing_mm = unknown;       ///< Of the labels, the greatest: outlines between slices are guessed.
  std::vector<Osteophyte> spurs;     ///< Highest first.
};

struct OsteophyteOptions {
  double window_mm = 16.0;   ///< The margin's shape is taken from this much of it to either side.
  double least_mm = 1.0;     ///< What stands out by less is how bones are, or how they were outlined.
  double shortest_mm = 2.0;  ///< Nor does what is shorter along the margin.
};

/// Returns the margins of a bone with what stands out of each; none where a plate is not measured.
///
/// A margin is cut across some 0.75 mm apart, all around a plate (tibia, patella) or an axis through the
/// condyles (femur). How far bone reaches in nine directions, from out of the joint's surface to away from
/// it, is followed along the margin by robust, locally weighted regression (Cleveland 1979, J Am Stat Assoc
/// 74:829), biased to the lower side first (asymmetric least squares, Newey and Powell 1987, Econometrica
/// 55:819): the shape without what stands out. So the shape of a rim itself is no spur, and a lip that takes
/// up most of what is looked at, twice `window_mm`, is not found. Heights read low, by up to a quarter
/// (modules/cartilage/README.md), as from base to tip in the Knee Osteoarthritis Scoring System (Kornaat et
/// al. 2005, Skeletal Radiology 34:95). The tibia's margin towards the notch, where the spines are, is left
/// out. \param grid of the labels: what lies at its border is not examined \throws InvalidInput if an option
/// is not above 0.
std::vector<MarginMeasures> measure_margins(const BoneMap& map, const KneeFrame& frame,
                                            const ImageGeometry& grid, const OsteophyteOptions& options = {});

}  // namespace genu::cartilage
