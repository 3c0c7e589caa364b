// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <genu/core/progress.h>
#include <genu/core/volume.h>

namespace genu::imaging {

struct BodyOptions {
  double smoothing_mm = 1.0;  ///< Standard deviation of the Gaussian applied before thresholding.
};

/// Returns 1 inside the limb and 0 in the air around it, on the image's own grid.
///
/// Otsu's threshold (IEEE Trans. SMC 1979, 9:62) between the logarithms of the smoothed intensities, so that
/// it falls between air and tissue and not between muscle and fat; then the largest connected part. Holes are
/// filled in 3-D and in the grid planes across `axis_along_limb`, so that dark bone and vessels inside count
/// as body, also where the image border opens them. An image whose darker class is not dark enough to be air
/// is body everywhere. Values below 0 count as 0. \throws InvalidInput if the image is constant, has no voxel
/// above 0 or holds values that are not finite, or if the smoothing is negative or not finite.
Volume<std::uint8_t> find_body(const Volume<float>& image, const BodyOptions& options = {},
                               const Progress& progress = {});

/// Returns the largest connected part of a mask (not 0) as 1, its holes filled as `find_body` fills them.
Volume<std::uint8_t> solid_limb(const Volume<std::uint8_t>& mask);

/// Returns the grid axis (0, 1 or 2) nearest to the patient's head-to-foot axis.
std::size_t axis_along_limb(const ImageGeometry& grid);

}  // namespace genu::imaging
