// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/core/error.h>
#include <genu/io/results.h>

#include "calibration_samples.h"

namespace genu::io {
namespace {

using nlohmann::json;

TEST(CalibrationFiles, KeepToTheirSchemas) {
  for (const auto& [schema, text] :
       {std::pair{"spatial_calibration", testing::sample_spatial_calibration()},
        std::pair{"spatial_calibration", testing::sample_spatial_calibration(false)},
        std::pair{"temporal_calibration", testing::sample_temporal_calibration()},
        std::pair{"pivot_calibration", testing::sample_pivot_calibration()},
        std::pair{"bone_registration", testing::sample_bone_registration()},
        std::pair{"landmark_registration", testing::sample_landmark_registration()}})
    EXPECT_NO_THROW(validate_json(text, schema, schema)) << text;
}

TEST(CalibrationFiles, HoldWhatWasMeasured) {
  const json spatial = json::parse(testing::sample_spatial_calibration());
  EXPECT_EQ(spatial["probe_from_image"],
            json::parse("[[0,0.074,0,11],[-0.08,0,0,48],[0,0,0.077,-0.5],[0,0,0,1]]"));
  EXPECT_EQ(spatial["pictures"]["depth_mm"], 45.0);
  EXPECT_EQ(spatial["fitted"]["count"], 3);
  EXPECT_EQ(spatial["left_out"]["sd_mm"], nullptr);
  EXPECT_EQ(spatial["wires"][0]["sd_px"], json({4.2, 2.4}));
  EXPECT_EQ(spatial["warnings"][0], "the DICOM region says otherwise");
  EXPECT_EQ(json::parse(testing::sample_spatial_calibration(false))["validation"], nullptr);
  EXPECT_EQ(spatial["unread"], 3);
  EXPECT_EQ(spatial["corner_sd_mm"], 0.2);
  EXPECT_EQ(json::parse(testing::sample_temporal_calibration())["lag_s"], -0.0648);
  EXPECT_EQ(json::parse(testing::sample_temporal_calibration())["skipped"], 12);
  EXPECT_EQ(json::parse(testing::sample_pivot_calibration())["tip_in_stylus_mm"], json({109.6, 6.7, 2.8}));
  const json bone = json::parse(testing::sample_bone_registration());
  // 0.01 rad about two axes at 10 mm, and 0.3 mm along three.
  EXPECT_NEAR(bone["targets"][0]["predicted_error_mm"].get<double>(), std::sqrt(2 * 0.01 + 3 * 0.09), 1e-12);
  EXPECT_EQ(bone["mri_from_tracker"][1], json({0, 1, 0, 2}));
  const json landmarks = json::parse(testing::sample_landmark_registration());
  EXPECT_EQ(landmarks["landmarks"].size(), 4U);
  EXPECT_EQ(landmarks["landmarks"][3]["fixed_mm"], json({104, -5, 1}));
}

TEST(CalibrationFiles, ARegistrationReadsBackWithItsErrors) {
  const std::string text = testing::sample_bone_registration();
  const ultrasound::BoneRegistration r = bone_registration_from_json(text, "registration.json");
  EXPECT_EQ(r.mri_from_tracker(Point3{}), (Point3{1, 2, 3}));
  EXPECT_EQ(r.points, 1200U);
  EXPECT_EQ(r.matched_part, 0.9);
  EXPECT_EQ(r.size_error, 0.012);
  EXPECT_TRUE(std::isnan(r.size_error_sd));
  EXPECT_NEAR(r.predicted_error_mm({10, 0, 0}), std::sqrt(2 * 0.01 + 3 * 0.09), 1e-12);
  json mirror = json::parse(text);
  mirror["mri_from_tracker"][0][0] = -1.0;
  try {
    bone_registration_from_json(mirror.dump(), "mirror.json");
    FAIL() << "a mirror is no motion";
  } catch (const IoError& problem) {
    EXPECT_NE(std::string(problem.what()).find("mirror.json"), std::string::npos);
  }
  for (const auto& [row, column, value] : {std::tuple{1U, 1U, -0.5}, {3U, 1U, 9.0}}) {
    json wrong = json::parse(text);
    wrong["covariance"][row][column] = value;
    EXPECT_THAT([&] { bone_registration_from_json(wrong.dump(), "wrong.json"); },
                ::testing::ThrowsMessage<IoError>(::testing::AllOf(
                    ::testing::HasSubstr("wrong.json"),
                    ::testing::HasSubstr("row " + std::to_string(row + 1) + ", column 2 is"))));
  }
}

TEST(CalibrationFiles, AnErrorThatNothingTellsIsNull) {
  const std::vector<ultrasound::Landmark> line_and_one{
      {"a", {0, 0, 0}}, {"b", {50, 0, 0}}, {"c", {100, 0, 0}}, {"d", {50, 60, 0}}};
  const std::string text =
      to_json(ultrasound::register_landmarks(line_and_one, line_and_one), testing::calibration_record);
  EXPECT_NO_THROW(validate_json(text, "landmark_registration", "landmark_registration"));
  EXPECT_EQ(json::parse(text)["landmarks"][3]["left_out_mm"], nullptr);
}

}  // namespace
}  // namespace genu::io
