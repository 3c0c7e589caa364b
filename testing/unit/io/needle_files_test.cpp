// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/needle_files.h>
#include <genu/io/results.h>

#include "needle_samples.h"

namespace genu::io {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(NeedleFiles, HoldWhatWasSeenAndHowItLiesToThePlan) {
  const std::string text = to_json(testing::sample_needle());
  EXPECT_NO_THROW(validate_json(text, "needle", "sample"));
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(document["side"], "left");
  EXPECT_EQ(document["plan"]["position_sd_mm"], 1.0);
  const auto& pictures = document["pictures"];
  ASSERT_EQ(pictures.size(), 3U);
  EXPECT_EQ(pictures[0]["state"], "seen");
  EXPECT_NEAR(pictures[0]["needle"]["length_mm"].get<double>(), std::hypot(20.0, 10.0), 1e-9);
  EXPECT_NEAR(pictures[0]["deviation"]["tip_to_target_mm"]["value"].get<double>(), std::hypot(10.0, 5.0),
              1e-9);
  EXPECT_GT(pictures[0]["deviation"]["tip_to_target_mm"]["sd"].get<double>(), 1.0);
  EXPECT_EQ(pictures[1]["deviation"], nullptr);
  EXPECT_EQ(pictures[1]["plan"], nullptr);
  EXPECT_THAT(pictures[1]["why_unplaced"].get<std::string>(), HasSubstr("ProbeToTracker MISSING"));
  EXPECT_EQ(pictures[2]["needle"], nullptr);
  EXPECT_EQ(pictures[2]["doubtful"]["why"], "strong, long");
}

TEST(NeedleFiles, WithoutScaleAndPlanSayNullAndNotZero) {
  NeedleRecord record = testing::sample_needle();
  record.pixel.reset();
  record.plan.reset();
  record.finder.region.reset();
  for (NeedlePicture& picture : record.pictures) picture.guidance.reset();
  const std::string text = to_json(record);
  EXPECT_NO_THROW(validate_json(text, "needle", "sample"));
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(document["pixel_mm"], nullptr);
  EXPECT_EQ(document["pictures"][0]["needle"]["length_mm"], nullptr);
  EXPECT_EQ(document["pictures"][0]["deviation"], nullptr);
}

TEST(NeedleFiles, HaveARowAPicture) {
  const std::string csv = needle_csv(testing::sample_needle());
  std::istringstream lines(csv);
  std::string line;
  std::vector<std::string> rows;
  while (std::getline(lines, line)) rows.push_back(line);
  ASSERT_EQ(rows.size(), 4U);
  for (const std::string& row : rows)
    EXPECT_GE(std::count(row.begin(), row.end(), ','), std::count(rows[0].begin(), rows[0].end(), ','))
        << row;
  EXPECT_THAT(rows[0], StartsWith("frame,time_s,state,confidence,tip_x_px"));
  EXPECT_THAT(rows[1], StartsWith("1,0,seen,0.9,300,150,3,100,50,0,26.565,22.36"));
  EXPECT_THAT(rows[2], StartsWith("2,0.05,seen,0.9,"));
  EXPECT_THAT(rows[2], HasSubstr(",,,,,,,,,,,,,,,,nothing sound leads"));
  EXPECT_THAT(rows[3], StartsWith("4,0.15,none,,,"));
  EXPECT_THAT(rows[3], HasSubstr("\"the line most like one is weak, short; nothing sound"));
}

}  // namespace
}  // namespace genu::io
