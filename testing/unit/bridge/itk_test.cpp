// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/bridge/itk.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

Volume<float> ramp(const ImageGeometry& grid) {
  Volume<float> volume(grid);
  for (std::size_t v = 0; v < volume.voxels().size(); ++v) volume.voxels()[v] = static_cast<float>(v);
  return volume;
}

TEST(BridgeItk, BothPutEachVoxelAtTheSamePlace) {
  for (const bool left_handed : {false, true}) {
    const Volume<float> volume =
        ramp(testing::oblique_grid({.extent_mm = {5, 6, 7}, .left_handed = left_handed}));
    const auto image = bridge::view_as_itk(volume);
    const VoxelIndex at{3, 11, 5};
    const itk::Image<float, 3>::IndexType index{{3, 11, 5}};
    itk::Point<double, 3> there;
    image->TransformIndexToPhysicalPoint(index, there);
    EXPECT_LT(distance({there[0], there[1], there[2]}, volume.geometry().to_patient(at)), 1e-9);
    EXPECT_EQ(image->GetPixel(index), volume[at]);
  }
}

TEST(BridgeItk, AViewSharesAndACopyDoesNot) {
  const Volume<float> volume = ramp(testing::oblique_grid({.extent_mm = {5, 6, 7}}));
  const auto image = bridge::view_as_itk(volume);
  EXPECT_EQ(image->GetBufferPointer(), volume.voxels().data());
  const Volume<float> copy = bridge::copy_from_itk(*image);
  EXPECT_EQ(copy.voxels(), volume.voxels());
  EXPECT_TRUE(nearly_equal(copy.geometry(), volume.geometry(), 1e-9));
}

// ITK images may start at any index; the first buffered voxel's centre is the origin here.
TEST(BridgeItk, ARegionThatDoesNotStartAtZeroKeepsItsPlace) {
  auto image = itk::Image<float, 3>::New();
  image->SetRegions(itk::Image<float, 3>::RegionType({{4, 0, 2}}, {{3, 3, 3}}));
  image->Allocate(true);
  const double spacing[3] = {2.0, 1.0, 0.5};
  image->SetSpacing(spacing);
  EXPECT_EQ(bridge::copy_from_itk(*image).geometry().origin(), (Point3{8.0, 0.0, 1.0}));
}

}  // namespace
}  // namespace genu
