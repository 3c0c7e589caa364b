// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <random>

#include <genu/testing/data.h>

namespace genu::testing {
namespace fs = std::filesystem;

fs::path source_root() {
  return GENU_SOURCE_DIR;
}

fs::path test_data_root() {
  if (const char* named = std::getenv("GENU_TEST_DATA")) return named;
  return source_root().parent_path() / "shared" / "data";
}

ScratchFolder::ScratchFolder() {
  std::random_device entropy;
  path_ = fs::temp_directory_path() / ("genu-test-" + std::to_string(entropy()) + std::to_string(entropy()));
  fs::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace genu::testing
