// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/box.h>

namespace genu {
namespace {

TEST(Box, HoldsItsPointsAndNoMore) {
  const Box box = box_around(std::vector<Point3>{{1.0, -2.0, 5.0}, {-3.0, 4.0, 0.0}, {0.0, 0.0, 9.0}});
  EXPECT_EQ(box.low, (Point3{-3.0, -2.0, 0.0}));
  EXPECT_EQ(box.high, (Point3{1.0, 4.0, 9.0}));
  EXPECT_EQ(box.extent(), (Vector3{4.0, 6.0, 9.0}));
  EXPECT_EQ(box.centre(), (Point3{-1.0, 1.0, 4.5}));
  EXPECT_TRUE(box.contains({1.0, 4.0, 0.0}));
  EXPECT_FALSE(box.contains({1.0, 4.0, -1e-9}));
}

TEST(Box, IsEmptyUntilAPointIsIncluded) {
  Box box;
  EXPECT_TRUE(box.is_empty());
  EXPECT_FALSE(box.contains({}));
  box.include({2.0, 2.0, 2.0});
  EXPECT_FALSE(box.is_empty());
  EXPECT_EQ(box.extent(), (Vector3{}));
}

}  // namespace
}  // namespace genu
