// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/volume.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

TEST(Volume, HoldsExactlyAsManyVoxelsAsItsGrid) {
  const ImageGeometry grid = testing::oblique_grid({.extent_mm = {4, 5, 6}});
  EXPECT_EQ(Volume<float>(grid).voxels().size(), grid.voxel_count());
  EXPECT_THROW(Volume<float>(grid, std::vector<float>(grid.voxel_count() - 1)), GeometryMismatch);
}

TEST(Volume, CroppingKeepsValues) {
  const ImageGeometry grid = testing::oblique_grid({.extent_mm = {8, 9, 10}});
  Volume<float> volume(grid);
  for (std::size_t v = 0; v < volume.voxels().size(); ++v) volume.voxels()[v] = static_cast<float>(v);
  const Volume<float> part = cropped(volume, {2, 3, 4}, {5, 6, 7});
  EXPECT_EQ((part[{4, 5, 6}]), (volume[{6, 8, 10}]));
  EXPECT_EQ((part[{0, 0, 0}]), (volume[{2, 3, 4}]));
}

TEST(Volume, CheckedAccessNamesTheVoxel) {
  const Volume<float> volume(testing::oblique_grid({.extent_mm = {4, 4, 4}}));
  EXPECT_THROW(volume.at({0, 0, 1000}), InvalidInput);
  EXPECT_THROW(volume.at({-1, 0, 0}), InvalidInput);
}

}  // namespace
}  // namespace genu
