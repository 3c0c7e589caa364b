// SPDX-License-Identifier: Apache-2.0
// How calibrations stand in JSON.
#include <genu/io/calibration_files.h>

#include "json_fields.h"

namespace genu::io {
namespace {

OrderedJson json_of(const ultrasound::CalibrationError& e) {
  return {{"count", e.count},   {"mean_mm", e.mean_mm}, {"sd_mm", e.sd_mm},
          {"rms_mm", e.rms_mm}, {"p95_mm", e.p95_mm},   {"max_mm", e.max_mm}};
}

OrderedJson matrix_of(const AffineTransform& t) {
  OrderedJson rows = OrderedJson::array();
  const std::array<double, 3> shift{t.translation().x, t.translation().y, t.translation().z};
  for (std::size_t r = 0; r < 3; ++r) {
    OrderedJson row = t.linear().rows[r];
    row.push_back(shift[r]);
    rows.push_back(row);
  }
  rows.push_back({0.0, 0.0, 0.0, 1.0});
  return rows;
}

OrderedJson begun(const char* schema, const CalibrationRecord& record) {
  return {{"schema", schema},
          {"inputs", record.inputs},
          {"created", record.created},
          {"genu_version", record.genu_version},
          {"warnings", record.warnings}};
}

}  // namespace

std::string to_json(const ultrasound::SpatialCalibration& c, const ultrasound::ImageSetup& pictures,
                    const std::optional<ultrasound::CalibrationError>& validation,
                    const CalibrationRecord& record) {
  OrderedJson document = begun("genu/spatial_calibration/1", record);
  document["pictures"] = {{"width", pictures.width},
                          {"height", pictures.height},
                          {"orientation", pictures.orientation},
                          {"depth_mm", pictures.depth_mm ? OrderedJson(*pictures.depth_mm) : OrderedJson()}};
  document["probe_from_image"] = matrix_of(c.probe_from_image);
  document["pixel_mm"] = {c.pixel.x_mm, c.pixel.y_mm};
  document["views"] = c.views;
  document["outliers"] = c.outliers;
  document["unread"] = c.unread;
  document["rotation_deg"] = c.rotation_deg;
  document["translation_mm"] = c.translation_mm;
  document["corner_sd_mm"] = c.corner_sd_mm;
  document["fitted"] = json_of(c.fitted);
  document["left_out"] = json_of(c.left_out);
  document["validation"] = validation ? json_of(*validation) : OrderedJson();
  document["wires"] = OrderedJson::array();
  for (const ultrasound::WireError& w : c.wires)
    document["wires"].push_back(
        {{"name", w.name}, {"mean_px", {w.mean.x, w.mean.y}}, {"sd_px", {w.sd.x, w.sd.y}}});
  return text_of(document);
}

std::string to_json(const ultrasound::TemporalCalibration& c, const CalibrationRecord& record) {
  OrderedJson document = begun("genu/temporal_calibration/1", record);
  document["lag_s"] = c.lag_s;
  document["lag_sd_s"] = c.lag_sd_s;
  document["correlation"] = c.correlation;
  document["left_out_correlation"] = c.left_out_correlation;
  document["samples"] = c.samples;
  document["skipped"] = c.skipped;
  return text_of(document);
}

std::string to_json(const ultrasound::PivotCalibration& c, const CalibrationRecord& record) {
  OrderedJson document = begun("genu/pivot_calibration/1", record);
  document["tip_in_stylus_mm"] = json_of(c.tip_in_stylus);
  document["tip_sd_mm"] = c.tip_sd_mm;
  document["pivots_mm"] = OrderedJson::array();
  for (const Point3& p : c.pivots) document["pivots_mm"].push_back(json_of(p));
  document["poses"] = c.poses;
  document["others"] = c.others;
  document["rotation_deg"] = c.rotation_deg;
  document["fitted"] = json_of(c.fitted);
  document["left_out"] = json_of(c.left_out);
  return text_of(document);
}

std::string to_json(const ultrasound::LandmarkRegistration& r, const CalibrationRecord& record) {
  OrderedJson document = begun("genu/landmark_registration/1", record);
  document["fixed_from_moving"] = matrix_of(r.fixed_from_moving);
  document["landmark_sd_mm"] = r.landmark_sd_mm;
  document["fitted"] = json_of(r.fitted);
  document["left_out"] = json_of(r.left_out);
  document["landmarks"] = OrderedJson::array();
  for (std::size_t n = 0; n < r.names.size(); ++n)
    document["landmarks"].push_back(
        {{"name", r.names[n]},
         {"fixed_mm", json_of(r.fixed_points[n])},
         {"residual_mm", r.residual_mm[n]},
         {"left_out_mm", r.left_out_mm.empty() ? OrderedJson() : OrderedJson(r.left_out_mm[n])},
         {"predicted_error_mm", r.predicted_error_mm(r.fixed_points[n])}});
  return text_of(document);
}

std::string to_json(const ultrasound::BoneRegistration& r, const std::vector<NamedPlace>& targets,
                    const CalibrationRecord& record) {
  OrderedJson document = begun("genu/bone_registration/1", record);
  document["mri_from_tracker"] = matrix_of(r.mri_from_tracker);
  document["pictures"] = r.pictures;
  document["points"] = r.points;
  document["rms_mm"] = r.rms_mm;
  document["median_mm"] = r.median_mm;
  document["matched_part"] = r.matched_part;
  document["error_at_points_mm"] = r.error_at_points_mm;
  document["size_error"] = r.size_error;
  document["size_error_sd"] = r.size_error_sd;
  document["centre_mm"] = json_of(r.centre);
  document["covariance"] = r.covariance;
  document["targets"] = OrderedJson::array();
  for (const NamedPlace& t : targets)
    document["targets"].push_back({{"name", t.name},
                                   {"place_mm", json_of(t.place)},
                                   {"predicted_error_mm", r.predicted_error_mm(t.place)}});
  return text_of(document);
}

ultrasound::BoneRegistration bone_registration_from_json(std::string_view text, const std::string& source) {
  const nlohmann::json document = parse_valid(text, "bone_registration", source);
  ultrasound::BoneRegistration r;
  Matrix3 rotation;
  std::array<double, 3> shift{};
  for (std::size_t row = 0; row < 3; ++row) {
    const nlohmann::json& from = document.at("mri_from_tracker").at(row);
    for (std::size_t column = 0; column < 3; ++column) rotation.rows[row][column] = from.at(column);
    shift[row] = from.at(3);
  }
  try {
    r.mri_from_tracker = RigidTransform(rotation, {shift[0], shift[1], shift[2]});
  } catch (const InvalidInput& problem) {
    throw IoError("cannot read '" + source + "': mri_from_tracker is no motion: " + problem.what());
  }
  r.pictures = document.at("pictures");
  r.points = document.at("points");
  r.rms_mm = document.at("rms_mm");
  r.median_mm = document.at("median_mm");
  r.matched_part = document.at("matched_part");
  r.error_at_points_mm = document.at("error_at_points_mm");
  if (document.at("size_error").is_number()) r.size_error = document.at("size_error");
  if (document.at("size_error_sd").is_number()) r.size_error_sd = document.at("size_error_sd");
  r.centre = point_in(document.at("centre_mm"));
  r.covariance = document.at("covariance");
  for (std::size_t a = 0; a < r.covariance.size(); ++a)
    for (std::size_t b = a + 1; b-- > 0;) {  // the variance first
      const double most = std::sqrt(r.covariance[a][a] * r.covariance[b][b]) * (1.0 + 1e-6);
      if (!(std::abs(r.covariance[a][b]) <= most) || !(r.covariance[b][b] >= 0.0))
        throw IoError("cannot read '" + source + "': covariance is none: row " + std::to_string(a + 1) +
                      ", column " + std::to_string(b + 1) + " is " +
                      document.at("covariance").at(a).at(b).dump());
    }
  return r;
}

}  // namespace genu::io
