// SPDX-License-Identifier: Apache-2.0
#include <genu/bridge/opencv.h>

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

}  // namespace genu::bridge
