// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <genu/core/geometry.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>
#include <genu/core/volume.h>
#include <genu/phantom/knee.h>

namespace genu::phantom {

/// Signal families; each gives every tissue a plausible brightness.
enum class Contrast : std::uint8_t { dess, proton_density, proton_density_fat_saturated, t1 };

/// Signal of the brightest tissue of every contrast, where the coil's sensitivity is 1.
inline constexpr double brightest_signal = 1000.0;

struct ScanOptions {
  Contrast contrast = Contrast::dess;
  double bias_field = 0.2;  ///< Largest relative deviation of the smooth coil sensitivity from 1.
  double noise_sd =
      0.02;  ///< Rician noise: standard deviation of each channel, relative to brightest_signal.
  std::uint64_t seed = 1;
  int samples_per_mm = 4;  ///< The signal is integrated over the voxel at this many points a mm and axis.
  unsigned threads = 0;    ///< 0 = every core; the result does not depend on it.
};

struct Scan {
  Volume<float> image;
  LabelMap labels;  ///< The tissue at each voxel's centre.
};

/// How much of the knee a grid shows; a smaller one cuts the limb, and plates if it is small enough.
struct FieldOfView {
  /// Along the slices' rows, along their columns, and across the slices, 0.1 to 1000. Nothing = the whole
  /// joint: 138.24, 138.24 and 126 mm times the knee's scale.
  std::optional<Vector3> extent_mm = {};
  Vector3 offset_mm =
      {};  ///< Lateral, anterior, proximal: of the middle from where it shows the whole joint.
};

/// Returns a sagittal grid, tilted by the phantom's pose; rows run to the back, columns to the feet.
///
/// By default it shows the whole joint (384 x 384 x 180 voxels for a scale of 1): the skin all around, and
/// from the tibial tuberosity to above the suprapatellar recess; the shafts are cut. \throws InvalidInput if
/// a spacing is not between 0.1 and 20 mm, or the field of view is out of range.
ImageGeometry sagittal_grid(const Knee& knee, double in_plane_mm = 0.36, double slice_mm = 0.7,
                            const FieldOfView& view = {});

/// Returns the magnitude image and the label map of the phantom on a grid.
///
/// A voxel's signal is the mean over a lattice of points that fills it, so thick slices show partial volume
/// as real ones do. Noise depends on the seed and the voxel's number alone. \throws InvalidInput if an option
/// is out of range; the message names it and its value.
Scan scan(const Knee& knee, const ImageGeometry& grid, const ScanOptions& options = {},
          const Progress& progress = {});

}  // namespace genu::phantom
