// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <genu/io/calibration_files.h>
#include <genu/io/reconstruction_files.h>

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
  c.unread = 3;
  c.corner_sd_mm = 0.2;
  c.rotation_deg = 8.4;
  c.translation_mm = 28.6;
  return io::to_json(c, {820, 616, "MF", 45.0},
                     validated ? std::optional(ultrasound::calibration_error({0.6, 0.5})) : std::nullopt,
                     calibration_record);
}

inline std::string sample_temporal_calibration() {
  return io::to_json(ultrasound::TemporalCalibration{-0.0648, 0.007, 0.98, 0.97, 201, 12},
                     calibration_record);
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

inline std::string sample_bone_registration() {
  ultrasound::BoneRegistration r;
  r.mri_from_tracker = RigidTransform::translation_by({1, 2, 3});
  r.pictures = 24;
  r.points = 1200;
  r.rms_mm = 0.4;
  r.matched_part = 0.9;
  r.size_error = 0.012;
  for (std::size_t n = 0; n < 6; ++n) r.covariance[n][n] = n < 3 ? 1e-4 : 0.09;
  return io::to_json(r, {{"suprapatellar_recess", {10, 0, 0}}}, calibration_record);
}

inline std::string sample_reconstruction() {
  ultrasound::Reconstruction made;
  const ImageGeometry grid({2, 3, 4}, {-74.5, 165.6, 29.1}, {0.5, 0.5, 0.5});
  made.volume = Volume<float>(grid);
  made.coverage = Volume<std::uint8_t>(grid);
  made.coverage.voxels()[0] = made.coverage.voxels()[7] = 1;
  made.coverage.voxels()[3] = 2;
  made.frames_used = 21;
  return io::to_json(
      made, "Reference",
      {.compounding = ultrasound::Compounding::maximum, .clip = std::array<int, 4>{1, 2, 30, 40}},
      {{"sweep.igs.mha"}, "2026-11-22T10:00:00Z", "0.1.0", {"a warning"}});
}

}  // namespace genu::testing
