// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <genu/io/reconstruction_files.h>
#include <genu/io/results.h>

#include "calibration_samples.h"

namespace genu::io {
namespace {

TEST(ReconstructionFiles, HoldWhatWasMade) {
  const std::string text = testing::sample_reconstruction();
  EXPECT_NO_THROW(validate_json(text, "reconstruction", "sample"));
  const nlohmann::json document = nlohmann::json::parse(text);
  EXPECT_EQ(document["voxels_seen"], 2);
  EXPECT_EQ(document["voxels_filled"], 1);
  EXPECT_EQ(document["size"], nlohmann::json({2, 3, 4}));
  EXPECT_EQ(document["compounding"], "maximum");
  EXPECT_EQ(document["warnings"], nlohmann::json({"a warning"}));
  EXPECT_EQ(document["clip"], nlohmann::json({1, 2, 30, 40}));
}

}  // namespace
}  // namespace genu::io
