// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/results.h>

#include "trochlear_samples.h"

namespace genu::io {
namespace {

using ::testing::HasSubstr;

TEST(TrochlearFiles, HoldWhatWasMeasured) {
  const std::string text = to_json(testing::sample_trochlea());
  EXPECT_NO_THROW(validate_json(text, "trochlear_cartilage", "sample"));
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(document["knee"], "left");
  const auto& cartilage = document["pictures"][0]["cartilage"];
  EXPECT_EQ(cartilage["unit"], "mm");
  ASSERT_EQ(cartilage["zones"].size(), 3U);
  EXPECT_EQ(cartilage["zones"][1]["name"], "intercondylar");
  EXPECT_NEAR(cartilage["zones"][1]["far"]["mean"].get<double>(), 4.0, 0.02);
  EXPECT_EQ(cartilage["bone_px"][0], nullptr);
  EXPECT_EQ(document["warnings"], nlohmann::json::array({"its modality is 'MR' and not ultrasound"}));
  EXPECT_EQ(document["pictures"][1]["cartilage"], nullptr);
  EXPECT_EQ(document["pictures"][1]["reasons"][0], "no bone is seen");
}

TEST(TrochlearFiles, HaveARowAZoneAndMeasure) {
  const std::string csv = trochlear_csv(testing::sample_trochlea());
  EXPECT_THAT(csv, HasSubstr("\nknee.dcm,1,intercondylar,near,mean,4."));
  EXPECT_THAT(csv, HasSubstr(",area,"));
  EXPECT_THAT(csv, HasSubstr(",mm2,"));
  EXPECT_THAT(csv, HasSubstr("\nknee.dcm,2,,,,,,,no bone is seen\n"));
  // Three zones with three thirds each, and all: two borders and five measures; a header and the other
  // picture.
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 13 * 10 + 2);
}

}  // namespace
}  // namespace genu::io
