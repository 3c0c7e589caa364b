// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include <genu/phantom/knee.h>

#include "bones.h"

// Articular plates: regions of a bone's surface with a chart (u lateral, v along the plate) in which their
// outline and the thickness of their cartilage are known functions. Lengths are those of an average knee.
namespace genu::phantom {

inline constexpr std::array all_plates{Plate::femur, Plate::medial_tibia, Plate::lateral_tibia,
                                       Plate::patella};
/// Cartilage rises from 0 at a plate's outline to its full thickness over this distance in the chart.
inline constexpr double taper_width = 2.0;

Bone bone_of(Plate plate);

struct ChartPoint {
  double u = 0.0;
  double v = 0.0;
};
struct ChartRange {
  ChartPoint lowest;
  ChartPoint highest;
};

/// Returns where a point of the bone's surface lies in a plate's chart.
ChartPoint chart_of(Plate plate, const Vector3& on_bone);
/// Returns a rectangle of the chart that contains the plate.
ChartRange range_of(Plate plate);
/// Returns about how far inside its outline a chart point lies; negative outside. Its gradient along the bone
/// is below `outline_slope`.
double inside_outline(Plate plate, const ChartPoint& c);
inline constexpr double outline_slope = 1.25;
/// The same for places over the bone, as if they were on it.
inline constexpr double outline_slope_above = 1.45;
/// Returns the share of the full thickness at this distance inside the outline: a quarter of a parabola.
double taper(double inside);
/// Returns the thickness relative to the plate's mean, before taper and lesions.
double relative_thickness(Plate plate, const ChartPoint& c);

/// Where the chart meets the bone.
struct SurfacePoint {
  Vector3 point;
  Vector3 normal;
  double area_per_chart = 0.0;  ///< mm2 of the bone's surface for each mm2 of the chart.
};
/// Returns nothing where the chart's ray misses the bone, which happens outside the plate only.
std::optional<SurfacePoint> on_bone(const BoneSurface& bone, Plate plate, const ChartPoint& c);

/// A round loss of cartilage, in model lengths.
struct Crater {
  Plate plate = Plate::femur;
  Vector3 centre;
  double radius = 0.0;
  double depth_fraction = 1.0;
};

/// The cartilage on one plate.
struct Layer {
  Plate plate = Plate::femur;
  double full = 0.0;    ///< Mean thickness away from the margins.
  double change = 0.0;  ///< Follow-up change.
  Vector3 bone_shift;   ///< Of the bone that bears it.
  std::vector<Crater> craters;

  /// Returns about how far inside the plate's outline a point of the bone lies; negative outside.
  double inside(const Vector3& on_bone) const;
  /// Returns the thickness at a point of the bone; 0 outside the outline.
  double thickness(const Vector3& on_bone) const;
  /// Returns no less than any thickness of the plate.
  double greatest() const;
};

/// Calls `add(point, weight)` with area elements (model mm2) that cover a plate, row by row of its chart.
///
/// Cells of `step` are cut finer along the outline and the craters' edges. Rows are independent.
using AddElement = std::function<void(const SurfacePoint& at, double area)>;
void sweep_row(const BoneSurface& bone, const Layer& layer, double step, std::size_t row,
               const AddElement& add);
std::size_t rows_of(Plate plate, double step);

}  // namespace genu::phantom
