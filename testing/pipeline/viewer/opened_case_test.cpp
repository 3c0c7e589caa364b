// SPDX-License-Identifier: Apache-2.0
#include "opened_case.h"

#include <gtest/gtest.h>

#include <genu/testing/bodies.h>

namespace genu::viewer {
namespace {

TEST(OpenedCase, ProbesTheVoxelThatAPointLiesIn) {
  io::Case knee;
  const ImageGeometry grid = testing::oblique_grid({.extent_mm = {12, 10, 9}});
  const Point3 centre = box_around(grid).centre();
  knee.labels = testing::concentric_spheres(grid, centre, 2.5, 4.0);
  Volume<float> image(grid);
  for (std::size_t v = 0; v < image.voxels().size(); ++v) image.voxels()[v] = static_cast<float>(v);
  knee.image = image;
  const LabelMap labels = *knee.labels;
  const auto opened = prepare_case(std::move(knee), {});
  for (std::size_t v = 0; v < labels.voxels().size(); v += 97) {
    // Two fifths of the way to the next voxel is still this one.
    const VoxelIndex voxel = grid.index_of(v);
    const Point3 p = grid.to_patient(ContinuousIndex{static_cast<double>(voxel.i) + 0.4,
                                                     static_cast<double>(voxel.j) - 0.4,
                                                     static_cast<double>(voxel.k) + 0.4});
    EXPECT_EQ(tissue_at(*opened, p), labels.voxels()[v]);
    EXPECT_EQ(intensity_at(*opened, p), static_cast<float>(v));
  }
  EXPECT_EQ(tissue_at(*opened, centre + Vector3{200, 0, 0}), std::nullopt);
  EXPECT_EQ(intensity_at(*opened, centre + Vector3{200, 0, 0}), std::nullopt);
}

TEST(OpenedCase, WindowOfAUniformImageIsNotEmpty) {
  io::Case knee;
  knee.image = Volume<float>(testing::oblique_grid({.extent_mm = {5, 5, 5}}), 7.0F);
  const auto opened = prepare_case(std::move(knee), {});
  EXPECT_GT(opened->default_window.high, opened->default_window.low);
  EXPECT_GT(opened->intensity_range.high, opened->intensity_range.low);
}

TEST(OpenedCase, BoxHoldsEveryVoxel) {
  const ImageGeometry grid = testing::oblique_grid({.extent_mm = {12, 10, 9}});
  const Box box = box_around(grid);
  for (std::size_t v = 0; v < grid.voxel_count(); ++v) {
    const Point3 p = grid.to_patient(grid.index_of(v));
    ASSERT_EQ(clamped(p, box), p);
  }
}

}  // namespace
}  // namespace genu::viewer
