// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <gtest/gtest.h>

#include <genu/network/live_message.h>

namespace genu::network {
namespace {

TEST(Clock, SaysUtcAndNeverGoesBack) {
  const double wall =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  double last = clock_s();
  EXPECT_NEAR(last, wall, 60.0);
  for (int n = 0; n < 1000; ++n) {
    const double now = clock_s();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(LiveStatus, CodesHaveMeanings) {
  EXPECT_EQ(meaning_of_status(1), "OK");
  EXPECT_EQ(meaning_of_status(13), "not ready");
  EXPECT_EQ(meaning_of_status(19), "shutting down");
  EXPECT_EQ(meaning_of_status(20), "status 20");
  EXPECT_EQ(meaning_of_status(-1), "status -1");
}

}  // namespace
}  // namespace genu::network
