// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/error.h>

namespace genu {
namespace {

TEST(Error, ContextIsNestedAndKeepsTheKind) {
  try {
    with_context("reading the case 'a'", [] { throw IoError("no file 'x.nrrd'"); });
    FAIL() << "nothing was thrown";
  } catch (const IoError& error) {
    EXPECT_EQ(describe(error), "reading the case 'a': no file 'x.nrrd'");
  }
  EXPECT_THROW(with_context("measuring", [] { throw std::runtime_error("of a library"); }), Error);
}

TEST(Error, ContextReturnsWhatTheWorkReturns) {
  EXPECT_EQ(with_context("adding", [] { return 1 + 1; }), 2);
}

// A stop is not a failure of what was being done: apps must be able to tell the two apart.
TEST(Error, CancellationPassesThrough) {
  EXPECT_THROW(with_context("measuring", [] { throw Cancelled("stopped"); }), Cancelled);
}

}  // namespace
}  // namespace genu
