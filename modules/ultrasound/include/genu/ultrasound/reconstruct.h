// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <genu/core/progress.h>
#include <genu/core/volume.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// What a voxel becomes that several pixels fall upon: the mean of those about it, or the greatest or the
/// latest of those that it is the nearest voxel to.
enum class Compounding : std::uint8_t { mean, maximum, latest };

struct ReconstructionOptions {
  double spacing_mm = 0.5;
  Compounding compounding = Compounding::mean;
  /// Voxels that no pixel touched are filled between two that were, no further apart than this; 0 = none.
  double max_gap_mm = 4.5;
  /// First pixel, and number of pixels, of the part of each picture that is used; all of it if nothing.
  std::optional<std::array<int, 4>> clip = {};
  std::optional<ImageGeometry> grid = {};  ///< Instead of one about all pictures, with this spacing.
  unsigned threads = 0;                    ///< 0 = every core; the result does not depend on it.
};

/// A volume put together from tracked pictures.
struct Reconstruction {
  Volume<float> volume;           ///< 0 where nothing is known.
  Volume<std::uint8_t> coverage;  ///< 0 = nothing known, 1 = seen, 2 = filled between voxels that were.
  std::size_t frames_used = 0;
  std::size_t without_pose = 0;   ///< Left out: no sound chain of poses, or one that is not rigid.
  std::size_t without_image = 0;  ///< Left out: no image, or not sound.
};

/// Returns the pictures of a sweep in one grid along the axes of the frame `to`.
///
/// For the mean each pixel is spread over the eight voxels about it by its distance from their centres (Gobbi
/// and Peters 2002, MICCAI, LNCS 2489:156; Boisvert et al. 2008); for the other two it falls upon the nearest
/// one. Gaps are filled along the shortest of thirteen lines through the voxel that has seen voxels on both
/// sides, in proportion to their distances. Nothing is filled beyond what was seen.
///
/// A pose that stretches, shears or mirrors is none: the probe's in `to` is rigid, and where Image is tied to
/// `to` by no probe, pixels have the size, angle and handedness that most of the sweep's have.
/// \throws InvalidInput if no picture has a sound chain of poses from Image to `to`, pictures differ in size,
/// the clip leaves nothing, an option is out of its range, or the grid has over 2^28 voxels
Reconstruction reconstruct(const TrackedSequence& sweep, const CoordinateFrames& always, std::string_view to,
                           const ReconstructionOptions& options = {}, const Progress& progress = {});

}  // namespace genu::ultrasound
