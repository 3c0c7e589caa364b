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

TEST(BridgeOpencv, AFrameIsSharedAndCopiedBack) {
  const Frame frame{3, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}};
  const cv::Mat view = bridge::view_as_opencv(frame);
  EXPECT_EQ(view.ptr(0), frame.pixels.data());
  EXPECT_EQ(view.at<cv::Vec3b>(1, 2), (cv::Vec3b{16, 17, 18}));
  EXPECT_EQ(bridge::copy_frame_from_opencv(view), frame);
  const Frame right = bridge::copy_frame_from_opencv(view(cv::Rect{1, 0, 2, 2}));
  EXPECT_EQ(right, (Frame{2, 2, 3, {4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 18}}));
  EXPECT_THROW(bridge::copy_frame_from_opencv(cv::Mat_<float>(2, 2)), InvalidInput);
}

}  // namespace
}  // namespace genu
