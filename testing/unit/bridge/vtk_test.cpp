// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <vtkPointData.h>

#include <genu/bridge/vtk.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

TEST(BridgeVtk, BothPutEachVoxelAtTheSamePlace) {
  for (const bool left_handed : {false, true}) {
    const Volume<float> volume(testing::oblique_grid({.extent_mm = {5, 6, 7}, .left_handed = left_handed}),
                               1.5F);
    const auto image = bridge::view_as_vtk(volume);
    double there[3];
    const double index[3] = {3, 11, 5};
    image->TransformContinuousIndexToPhysicalPoint(index, there);
    EXPECT_LT(distance({there[0], there[1], there[2]}, volume.geometry().to_patient(VoxelIndex{3, 11, 5})),
              1e-9);
    EXPECT_EQ(image->GetScalarPointer(), static_cast<const void*>(volume.voxels().data()));
  }
}

TEST(BridgeVtk, AMeshComesBackAsItWas) {
  const TriangleMesh mesh = testing::icosphere({1.0 / 3.0, -70.0, 12.5}, 7.0, 2);
  const TriangleMesh back = bridge::copy_from_vtk(*bridge::copy_to_vtk(mesh));
  EXPECT_EQ(back.vertices(), mesh.vertices()) << "double precision is kept";
  EXPECT_EQ(back.triangles(), mesh.triangles());
}

}  // namespace
}  // namespace genu
