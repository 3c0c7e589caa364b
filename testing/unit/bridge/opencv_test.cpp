// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

TEST(BridgeOpencv, ASliceHasRowsAlongJAndSharesVoxels) {
  Volume<float> volume(testing::oblique_grid({.extent_mm = {5, 6, 7}}));
  volume[{3, 9, 4}] = 42.0F;
  const cv::Mat_<float> slice = bridge::view_slice_as_opencv(volume, 4);
  EXPECT_EQ(slice(9, 3), 42.0F);
  EXPECT_EQ(slice.rows, volume.geometry().size()[1]);
  EXPECT_EQ(slice.ptr<float>(0), &volume.voxels()[volume.geometry().offset({0, 0, 4})]);
  EXPECT_THROW(bridge::view_slice_as_opencv(volume, 1000), InvalidInput);
}

}  // namespace
}  // namespace genu
