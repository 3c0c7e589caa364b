// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

namespace genu {
namespace {

TEST(ParallelFor, VisitsEachNumberOnce) {
  for (const unsigned threads : {1u, 2u, 8u})
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{999}, std::size_t{100003}}) {
      std::vector<int> visits(count);
      parallel_for(
          count,
          [&](std::size_t begin, std::size_t end) {
            for (std::size_t n = begin; n < end; ++n) ++visits[n];
          },
          threads, 64);
      EXPECT_EQ(std::count(visits.begin(), visits.end(), 1), static_cast<std::ptrdiff_t>(count));
    }
}

TEST(ParallelFor, PassesTheFailureOn) {
  EXPECT_THROW(parallel_for(
                   1000, [](std::size_t, std::size_t) { throw InvalidInput("bad block"); }, 4),
               InvalidInput);
}

TEST(ThreadCount, IsWhatIsAskedForThenWhatTheEnvironmentSays) {
  const char* before = std::getenv("GENU_THREADS");
  const std::string kept = before ? before : "";
  setenv("GENU_THREADS", "3", 1);
  EXPECT_EQ(thread_count(0), 3u);
  EXPECT_EQ(thread_count(5), 5u);
  for (const char* no_number : {"", "none", "0", "-2", "999999"}) {
    setenv("GENU_THREADS", no_number, 1);
    EXPECT_EQ(thread_count(0), std::max(1u, std::thread::hardware_concurrency())) << no_number;
  }
  before ? setenv("GENU_THREADS", kept.c_str(), 1) : unsetenv("GENU_THREADS");
}

}  // namespace
}  // namespace genu
