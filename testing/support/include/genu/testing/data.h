// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace genu::testing {

/// Returns the folder of real files: $GENU_TEST_DATA, else ../shared/data beside the source tree.
std::filesystem::path test_data_root();

/// Returns the source tree.
std::filesystem::path source_root();

/// A folder of its own for one test, removed at its end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace genu::testing

/// Skips the test, telling what to do, where a real file is absent.
#define GENU_REQUIRE_DATA(variable, relative)                                            \
  const std::filesystem::path variable = ::genu::testing::test_data_root() / (relative); \
  if (!std::filesystem::exists(variable))                                                \
  GTEST_SKIP() << "needs the real file " << variable                                     \
               << "; set GENU_TEST_DATA to the folder that holds it (testing/README.md)"
