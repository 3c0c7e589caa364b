// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <genu/io/relaxation_files.h>
#include <genu/io/results.h>

#include "samples.h"

namespace genu::io {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using testing::sample_t2;

TEST(T2Json, KeepsToItsSchemaAndHoldsEveryValue) {
  const std::string text = to_json(sample_t2());
  EXPECT_NO_THROW(validate_json(text, "t2", "t2.json"));
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(document["case"], "knee, one");
  EXPECT_EQ(document["side"], "left");
  EXPECT_EQ(document["fit"]["noise_sigma"], 12.25);
  EXPECT_EQ(document["fit"]["echo_times_ms"].size(), 2U);
  EXPECT_EQ(document["regions"][0]["region"], "MT");
  EXPECT_EQ(document["regions"][0]["layer"], "deep");
  EXPECT_EQ(document["regions"][0]["voxels"], 200);
  EXPECT_EQ(document["regions"][0]["fitted_voxels"], 190);
  EXPECT_EQ(document["regions"][0]["mean_ms"], 33.5);
  EXPECT_EQ(document["regions"][0]["sd_ms"], 4.25);
  EXPECT_EQ(document["regions"][0]["median_ms"], 32.75);
  EXPECT_TRUE(document["regions"][1]["mean_ms"].is_null());
  EXPECT_EQ(document["flags"][0], "a flag");
  EXPECT_EQ(document["doubts"][0], "a doubt");
}

TEST(T2Json, SaysThatNoiseWasUnknown) {
  T2Measures m = sample_t2();
  m.noise_sigma.reset();
  const std::string text = to_json(m);
  EXPECT_NO_THROW(validate_json(text, "t2", "t2.json"));
  EXPECT_TRUE(nlohmann::json::parse(text)["fit"]["noise_sigma"].is_null());
  EXPECT_THAT(t2_csv(m), HasSubstr("noise sigma unknown"));
}

TEST(T2Csv, HasARowARegionLayerAndMeasureWithUnitAndMethod) {
  const std::string text = t2_csv(sample_t2());
  EXPECT_THAT(text, StartsWith("case,visit,side,region,layer,measure,value,unit,method\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 2 * 5);
  EXPECT_THAT(text, HasSubstr("\"knee, one\",12m,left,MT,deep,T2_mean,33.5,ms,least squares"));
  EXPECT_THAT(text, HasSubstr(",MT,deep,voxels,200,1,"));
  EXPECT_THAT(text, HasSubstr(",MT,deep,fitted,95,percent,"));
  EXPECT_THAT(text, HasSubstr(",lP,superficial,T2_median,,ms,"));
  EXPECT_THAT(text, HasSubstr("TE 20 30.5 ms; noise sigma 12.25"));
}

}  // namespace
}  // namespace genu::io
