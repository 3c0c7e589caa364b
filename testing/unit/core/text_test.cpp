// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/text.h>

namespace genu {
namespace {

TEST(Text, ANameInSnakeCaseIsReadAsWords) {
  EXPECT_EQ(spaced("suprapatellar_recess"), "suprapatellar recess");
  EXPECT_EQ(spaced("cMF-1"), "cMF-1");
  EXPECT_EQ(spaced(""), "");
}

}  // namespace
}  // namespace genu
