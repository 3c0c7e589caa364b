// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <genu/core/geometry.h>

#include "dicom_object.h"

namespace genu::io::dicom {

/// One 2-D image of a series: which object, and which of its frames.
struct FrameOf {
  std::size_t object = 0;
  std::size_t frame = 0;
};

/// How the images of a series make volumes.
struct Stack {
  ImageGeometry geometry;
  std::vector<double> echo_times_ms;         ///< Ascending; NaN if the header has none.
  std::vector<std::vector<FrameOf>> echoes;  ///< [echo][k]: the image that is slice k.
};

/// Orders the images of one series by position.
/// \throws SeriesRefused if they make no volume.
Stack stack_frames(const std::vector<ObjectHeader>& objects);

/// Returns the images of a series in as few parts as have no two images of different kind (magnitude, phase
/// ...) at one position: all of them, or one part a kind.
std::vector<std::vector<ObjectHeader>> split_by_kind(std::vector<ObjectHeader> objects);

/// Returns the number of distinct positions along the first image's normal, as far as they are known.
std::int64_t count_positions(const std::vector<ObjectHeader>& objects);

/// Returns the echo times of the series, ascending, without repetition.
std::vector<double> distinct_echo_times_ms(const std::vector<ObjectHeader>& objects);

/// Returns "sagittal", "coronal", "axial" or "oblique" for a slice normal, and "" for axes that are none.
std::string orientation_name(const std::array<Vector3, 2>& axes);

}  // namespace genu::io::dicom
