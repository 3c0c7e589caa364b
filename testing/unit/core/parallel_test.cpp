// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
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

}  // namespace
}  // namespace genu
