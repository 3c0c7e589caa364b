// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/progress.h>
#include <genu/core/volume.h>

namespace genu::cartilage {

/// Which part of the way from the bone to the articular surface.
enum class Layer : std::uint8_t { whole, deep, superficial };
std::string_view name(Layer layer);  ///< "whole", "deep", "superficial"

/// A relaxation time of the cartilage voxels of one region and layer; NaN where no voxel was fitted.
struct RegionRelaxation {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Region region = Region::outside;
  Layer layer = Layer::whole;
  std::size_t voxels = 0;           ///< Cartilage voxels.
  std::size_t fitted = 0;           ///< Those of them that have a time and count below.
  double fitted_percent = unknown;  ///< 100 fitted / voxels
  double mean_ms = unknown;
  double sd_ms = unknown;  ///< Of the voxels, with n - 1; NaN for one voxel.
  double median_ms = unknown;
};

struct RegionRelaxationOptions {
  /// Relative depth at which deep cartilage ends: 0 on the bone, 1 on the articular surface.
  double layer_border = 0.5;
  /// Longer times count as not fitted: cartilage reads 20 to 70 ms, and a voxel beyond this holds joint
  /// fluid, of several hundred.
  double max_time_ms = 100.0;
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// Returns the relaxation times of each region and sub-region of the bones that the report has, each whole,
/// deep and superficial, in the order of `measured_regions` and `subregions`.
///
/// A voxel belongs to the region, and the part of it, of the bearing bone that it lies over: of the nearest
/// vertex of the report's bone surface that is not `outside`, so that both layers of a region stand on the
/// same bone, and regions end where their areas and thickness do. Its relative depth is its distance to the
/// bone over the sum of its distances to the bone and to the articular surface. Halves as layers:
/// Carballido-Gamio et al. 2010 (Magn. Reson. Med. 63:465). \param t2_ms on the grid of the labels; NaN = not
/// fitted \throws GeometryMismatch if the grids differ, InvalidInput if an option is out of range.
std::vector<RegionRelaxation> relaxation_of_regions(const Volume<float>& t2_ms, const LabelMap& labels,
                                                    const CartilageReport& report,
                                                    const RegionRelaxationOptions& options = {},
                                                    const Progress& progress = {});

}  // namespace genu::cartilage
