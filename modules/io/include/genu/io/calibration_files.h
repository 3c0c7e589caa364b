// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/ultrasound/bone_registration.h>
#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/landmarks.h>
#include <genu/ultrasound/pivot_calibration.h>
#include <genu/ultrasound/spatial_calibration.h>
#include <genu/ultrasound/temporal_calibration.h>

namespace genu::io {

/// What a calibration, a registration or a volume was made of, and when.
struct CalibrationRecord {
  std::vector<std::string> inputs;  ///< File names.
  std::string created;              ///< ISO 8601, UTC.
  std::string genu_version;
  std::vector<std::string> warnings;
};

/// Return a calibration's JSON form (schemas spatial_calibration, temporal_calibration, pivot_calibration,
/// landmark_registration); distances are in mm, times in s, and null was not measured.
std::string to_json(const ultrasound::SpatialCalibration& calibration, const ultrasound::ImageSetup& pictures,
                    const std::optional<ultrasound::CalibrationError>& validation,
                    const CalibrationRecord& record);
std::string to_json(const ultrasound::TemporalCalibration& calibration, const CalibrationRecord& record);
std::string to_json(const ultrasound::PivotCalibration& calibration, const CalibrationRecord& record);
std::string to_json(const ultrasound::LandmarkRegistration& registration, const CalibrationRecord& record);

/// A place whose error is told, in MRI's coordinates.
struct NamedPlace {
  std::string name;
  Point3 place;
};
/// The same (schema bone_registration), with the error to expect at places.
std::string to_json(const ultrasound::BoneRegistration& registration, const std::vector<NamedPlace>& targets,
                    const CalibrationRecord& record);
/// Reads a registration back: where the tracker lies, and all that predicted_error_mm needs.
/// \throws IoError naming the source, and what in it breaks the schema
ultrasound::BoneRegistration bone_registration_from_json(std::string_view json, const std::string& source);

}  // namespace genu::io
