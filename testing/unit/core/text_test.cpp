// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/core/text.h>

namespace genu {
namespace {

TEST(Text, ANameInSnakeCaseIsReadAsWords) {
  EXPECT_EQ(spaced("suprapatellar_recess"), "suprapatellar recess");
  EXPECT_EQ(spaced("cMF-1"), "cMF-1");
  EXPECT_EQ(spaced(""), "");
}

TEST(Text, ANumberHasItsDecimalsAndNoNumberIsADash) {
  EXPECT_EQ(fixed(2.345, 1), "2.3");
  EXPECT_EQ(fixed(0.0, 2), "0.00");
  EXPECT_EQ(fixed(-12.0, 0), "-12");
  EXPECT_EQ(fixed(1e20, 1), "100000000000000000000.0");
  EXPECT_EQ(fixed(std::nan(""), 2), "-");
}

}  // namespace
}  // namespace genu
