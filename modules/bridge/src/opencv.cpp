// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>

namespace genu::bridge {

template <typename T>
cv::Mat_<T> view_slice_as_opencv(const Volume<T>& volume, std::int64_t k) {
  const ImageGeometry& g = volume.geometry();
  if (!g.contains({0, 0, k})) throw_index_outside(g, {0, 0, k});
  return cv::Mat_<T>(static_cast<int>(g.size()[1]), static_cast<int>(g.size()[0]),
                     const_cast<T*>(volume.voxels().data() + g.offset({0, 0, k})));
}

template cv::Mat_<float> view_slice_as_opencv(const Volume<float>&, std::int64_t);
template cv::Mat_<std::uint8_t> view_slice_as_opencv(const Volume<std::uint8_t>&, std::int64_t);

cv::Mat view_as_opencv(const Frame& frame) {
  return {frame.height, frame.width, CV_8UC(frame.channels), const_cast<std::uint8_t*>(frame.pixels.data())};
}

Frame copy_frame_from_opencv(const cv::Mat& matrix) {
  if (matrix.depth() != CV_8U || matrix.dims != 2)
    throw InvalidInput("copying a picture from OpenCV: its values are not 8 bits each");
  Frame frame{matrix.cols, matrix.rows, matrix.channels(), {}};
  const std::size_t row = matrix.elemSize() * static_cast<std::size_t>(matrix.cols);
  frame.pixels.resize(row * static_cast<std::size_t>(matrix.rows));
  for (int y = 0; y < matrix.rows; ++y)
    std::copy_n(matrix.ptr(y), row, frame.pixels.data() + row * static_cast<std::size_t>(y));
  return frame;
}

}  // namespace genu::bridge
