// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <opencv2/core.hpp>

#include <genu/core/frame.h>
#include <genu/core/volume.h>

namespace genu::bridge {

/// Returns slice k as an OpenCV matrix (rows = j, columns = i) on the volume's own voxels: nothing is copied,
/// and the volume must outlive the matrix. Voxels of a const volume must not be written through it. \throws
/// InvalidInput if k is outside.
template <typename T>
cv::Mat_<T> view_slice_as_opencv(const Volume<T>& volume, std::int64_t k);

extern template cv::Mat_<float> view_slice_as_opencv(const Volume<float>&, std::int64_t);
extern template cv::Mat_<std::uint8_t> view_slice_as_opencv(const Volume<std::uint8_t>&, std::int64_t);

/// Returns the picture as an OpenCV matrix of 8 bits a channel on its own pixels: nothing is copied, and the
/// frame must outlive the matrix. Pixels of a const frame must not be written through it.
cv::Mat view_as_opencv(const Frame& frame);
/// Returns a copy of a matrix of 8 bits a channel. \throws InvalidInput if it has other values
Frame copy_frame_from_opencv(const cv::Mat& matrix);

}  // namespace genu::bridge
