// SPDX-License-Identifier: Apache-2.0
#include <stop_token>
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/progress.h>

namespace genu {
namespace {

TEST(Progress, PartsMapOntoTheWhole) {
  std::vector<double> heard;
  const Progress whole([&](std::string_view, double fraction) { heard.push_back(fraction); });
  whole.part(0.5, 1.0).part(0.0, 0.5).report("a quarter of it", 1.0);
  EXPECT_EQ(heard, std::vector<double>{0.75});
}

TEST(Progress, AStopReachesEveryPart) {
  std::stop_source stop;
  const Progress progress({}, stop.get_token());
  progress.part(0, 1).report("not yet", 0.1);
  stop.request_stop();
  EXPECT_THROW(progress.part(0, 1).check(), Cancelled);
  EXPECT_THROW(progress.report("now", 0.2), Cancelled);
  Progress().report("nobody listens", 0.5);
}

}  // namespace
}  // namespace genu
