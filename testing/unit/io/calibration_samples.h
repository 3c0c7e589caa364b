// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <genu/io/calibration_files.h>

// One of each form of a calibration.
namespace genu::testing {

inline const io::CalibrationRecord calibration_record{
    {"wires.igs.mha"}, "2026-11-22T10:00:00Z", "0.1.0", {"the DICOM region says otherwise"}};

inline std::string sample_spatial_calibration(bool validated = true) {
  ultrasound::SpatialCalibration c;
  c.probe_from_image =
      AffineTransform(Matrix3{{{{0, 0.074, 0}, {-0.08, 0, 0}, {0, 0, 0.077}}}}, {11, 48, -0.5});
  c.pixel = {0.08, 0.074};
  c.fitted = ultrasound::calibration_error({0.5, 0.6, 0.2});
  c.left_out = ultrasound::calibration_error({0.7});
  c.wires = {{"7:G1_g1", {4.1, 0.9}, {4.2, 2.4}}};
  c.views = 188;
  c.outliers = 2;
  c.rotation_deg = 8.4;
  c.translation_mm = 28.6;
  return io::to_json(c, {820, 616, "MF", 45.0},
                     validated ? std::optional(ultrasound::calibration_error({0.6, 0.5})) : std::nullopt,
                     calibration_record);
}

inline std::string sample_temporal_calibration() {
  return io::to_json(ultrasound::TemporalCalibration{-0.0648, 0.007, 0.98, 0.97, 201}, calibration_record);
}

inline std::string sample_pivot_calibration() {
  ultrasound::PivotCalibration c;
  c.tip_in_stylus = {109.6, 6.7, 2.8};
  c.pivots = {{1, 2, 3}};
  c.fitted = c.left_out = ultrasound::calibration_error({0.4, 0.5});
  return io::to_json(c, calibration_record);
}

inline std::string sample_landmark_registration() {
  const std::vector<ultrasound::Landmark> box{
      {"#1", {104, 5, 20}}, {"#2", {104, 45, 20}}, {"#3", {104, 45, 0}}, {"#4", {104, -5, 1}}};
  return io::to_json(ultrasound::register_landmarks(box, box), calibration_record);
}

}  // namespace genu::testing
