// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/grid_box.h>

namespace genu {
namespace {

TEST(GridBox, HoldsWholeVoxelsOfAnAnisotropicGrid) {
  const Box box = box_around(ImageGeometry({2, 3, 4}, {10.0, 20.0, 30.0}, {1.0, 2.0, 3.0}));
  EXPECT_EQ(box.low, (Point3{9.5, 19.0, 28.5}));
  EXPECT_EQ(box.high, (Point3{11.5, 25.0, 40.5}));
}

}  // namespace
}  // namespace genu
