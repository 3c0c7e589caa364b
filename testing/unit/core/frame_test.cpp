// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/frame.h>

namespace genu {
namespace {

TEST(Frame, GreyIsTheLuminance) {
  const Frame colour{2, 1, 3, {255, 0, 0, 10, 20, 30}};
  const Frame grey = as_grey(colour);
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (std::vector<std::uint8_t>{76, 18}));
  const Frame small{3, 2, 1, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(as_grey(small), small);
}

}  // namespace
}  // namespace genu
