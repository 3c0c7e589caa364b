// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/core/error.h>
#include <genu/io/results.h>
#include <genu/io/simulation_files.h>

#include "samples.h"

namespace genu::io {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::sample_simulation;
using ::testing::StartsWith;

TEST(SimulationFiles, HoldWhatIsTrueOfEachFrame) {
  const SimulationRecord record = sample_simulation();
  const std::string text = to_json(record);
  EXPECT_NO_THROW(validate_json(text, "ultrasound_truth", "truth.json"));
  const json document = json::parse(text);
  ASSERT_EQ(document["frames"].size(), 2u);
  const ultrasound::FrameTruth& truth = record.sweep.truth.frames[1];
  const json& frame = document["frames"][1];
  EXPECT_EQ(frame["bone_px"][0], truth.bone_px[0]);
  EXPECT_TRUE(frame["bone_px"][1].is_null());
  EXPECT_EQ(frame["contact"], (json::array({true, true, false})));
  EXPECT_EQ(frame["needles"][0]["tip_px"], (json::array({2.5, 3.5})));
  // Column 1, row 2 of the image is at 1 * 0.5, 2 * 0.25 mm of the probe, which is 7 mm along z of a patient
  // that the tracker sees from 100 mm beside.
  const json& m = frame["patient_from_image"];
  const auto at = [&](std::size_t r) {
    return m[r][0].get<double>() * 1.0 + m[r][1].get<double>() * 2.0 + m[r][3].get<double>();
  };
  EXPECT_NEAR(at(0), 100.5, 1e-9);
  EXPECT_NEAR(at(1), 0.5, 1e-9);
  EXPECT_NEAR(at(2), 7.0, 1e-9);
}

TEST(SimulationFiles, TablesHaveARowAFrameAndColumn) {
  EXPECT_EQ(simulation_csv(sample_simulation()),
            "frame,column,skin_px,cartilage_px,bone_px,cartilage_mm\n"
            "0,0,0,8,12.5,1.125\n0,1,0,,,\n0,2,,,,\n"
            "1,0,0,8,12.5,1.125\n1,1,0,,,\n1,2,,,,\n");
}

TEST(SimulationFiles, RefuseASweepWithoutItsTruth) {
  SimulationRecord record = sample_simulation();
  record.sweep.truth.frames.pop_back();
  EXPECT_THROW(to_json(record), InvalidInput);
  EXPECT_THROW(simulation_csv(record), InvalidInput);
}

}  // namespace
}  // namespace genu::io
