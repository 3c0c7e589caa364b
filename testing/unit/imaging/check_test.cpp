// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/imaging/check.h>
#include <genu/testing/bodies.h>

namespace genu::imaging {
namespace {

TEST(ImageFault, NamesPlaceAndValue) {
  Volume<float> image(testing::oblique_grid({.extent_mm = {4.0, 4.0, 4.0}}), 3.0F);
  EXPECT_EQ(image_fault(image), "every voxel is 3");
  image[{1, 2, 3}] = 4.0F;
  EXPECT_EQ(image_fault(image), "");
  image[{2, 1, 0}] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(image_fault(image),
              ::testing::AllOf(::testing::HasSubstr("2, 1, 0"), ::testing::HasSubstr("inf")));
  image[{2, 1, 0}] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(image_fault(image), ::testing::HasSubstr("nan"));
}

}  // namespace
}  // namespace genu::imaging
