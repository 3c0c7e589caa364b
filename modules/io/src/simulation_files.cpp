// SPDX-License-Identifier: Apache-2.0
// How what is true of a simulated sweep stands in JSON and CSV.
#include <cmath>
#include <string>

#include <genu/core/error.h>
#include <genu/io/simulation_files.h>

#include "csv_cell.h"
#include "json_fields.h"

namespace genu::io {
namespace {

using ultrasound::FrameTruth;
using ultrasound::SimulatedNeedle;

OrderedJson json_of(const AffineTransform& t) {
  OrderedJson rows = OrderedJson::array();
  const Vector3& shift = t.translation();
  const std::array<double, 3> last{shift.x, shift.y, shift.z};
  for (std::size_t r = 0; r < 3; ++r) {
    const auto& row = t.linear().rows[r];
    rows.push_back({row[0], row[1], row[2], last[r]});
  }
  rows.push_back({0.0, 0.0, 0.0, 1.0});
  return rows;
}

OrderedJson json_of(const SimulatedNeedle& needle) {
  return {{"entry_px", {needle.entry.x, needle.entry.y}},
          {"tip_px", {needle.tip.x, needle.tip.y}},
          {"diameter_mm", needle.diameter_mm},
          {"bend_mm", needle.bend_mm},
          {"entry_out_of_plane_mm", needle.entry_out_of_plane_mm},
          {"tip_out_of_plane_mm", needle.tip_out_of_plane_mm}};
}

OrderedJson json_of(const FrameTruth& truth) {
  OrderedJson contact = OrderedJson::array();
  for (const std::uint8_t c : truth.contact) contact.push_back(c != 0);
  OrderedJson needles = OrderedJson::array();
  for (const SimulatedNeedle& needle : truth.needles) needles.push_back(json_of(needle));
  return {{"skin_px", truth.skin_px},
          {"cartilage_px", truth.cartilage_px},
          {"bone_px", truth.bone_px},
          {"contact", std::move(contact)},
          {"needles", std::move(needles)}};
}

OrderedJson json_of(const ultrasound::SimulationOptions& o) {
  return {{"frequency_mhz", o.frequency_mhz},
          {"pulse_cycles", o.pulse_cycles},
          {"f_number", o.f_number},
          {"focus_mm", o.focus_mm},
          {"slice_mm", o.slice_mm},
          {"tgc_db_cm_mhz", o.tgc_db_cm_mhz},
          {"gain_db", o.gain_db},
          {"looks", o.looks},
          {"dynamic_range_db", o.dynamic_range_db},
          {"noise_db", o.noise_db},
          {"max_gel_mm", o.max_gel_mm},
          {"assumed_fat_mm", o.assumed_fat_mm},
          {"seed", o.seed}};
}

OrderedJson json_of(const ultrasound::SweepOptions& o) {
  return {{"frames_per_second", o.frames_per_second},
          {"tracker_position_sd_mm", o.tracker_position_sd_mm},
          {"tracker_rotation_sd_deg", o.tracker_rotation_sd_deg},
          {"calibration_position_sd_mm", o.calibration_position_sd_mm},
          {"calibration_rotation_sd_deg", o.calibration_rotation_sd_deg},
          {"calibration_scale_sd", o.calibration_scale_sd},
          {"lost_fraction", o.lost_fraction},
          {"seed", o.seed}};
}

void check(const SimulationRecord& record) {
  const ultrasound::SimulatedSweep& sweep = record.sweep;
  const std::size_t frames = sweep.recording.frames.size();
  if (frames == 0 || sweep.truth.frames.size() != frames || sweep.truth.tracker_from_probe.size() != frames)
    throw InvalidInput("a simulated sweep of " + std::to_string(frames) + " frames has the truth of " +
                       std::to_string(sweep.truth.frames.size()) + " and the poses of " +
                       std::to_string(sweep.truth.tracker_from_probe.size()));
}

}  // namespace

std::string to_json(const SimulationRecord& record) {
  check(record);
  const ultrasound::SimulatedSweep& sweep = record.sweep;
  const PixelSize& pixel = sweep.truth.frames.front().pixel;
  OrderedJson frames = OrderedJson::array();
  for (std::size_t n = 0; n < sweep.truth.frames.size(); ++n) {
    const AffineTransform tracker_from_probe = sweep.truth.tracker_from_probe[n];
    OrderedJson frame{{"time_s", sweep.recording.frames[n].time_s},
                      {"tracker_from_probe", json_of(tracker_from_probe)},
                      {"patient_from_image", json_of(sweep.truth.patient_from_tracker * tracker_from_probe *
                                                     sweep.truth.probe_from_image)}};
    frame.update(json_of(sweep.truth.frames[n]));
    frames.push_back(std::move(frame));
  }
  return text_of({{"schema", "genu/ultrasound_truth/1"},
                  {"labels", record.labels},
                  {"created", record.created},
                  {"genu_version", record.genu_version},
                  {"pixel_mm", {pixel.x_mm, pixel.y_mm}},
                  {"machine", json_of(record.machine)},
                  {"errors", json_of(record.errors)},
                  {"probe_from_image", json_of(sweep.truth.probe_from_image)},
                  {"probe_from_image_as_calibrated", json_of(sweep.probe_from_image)},
                  {"patient_from_tracker", json_of(sweep.truth.patient_from_tracker)},
                  {"frames", std::move(frames)}});
}

std::string simulation_csv(const SimulationRecord& record) {
  check(record);
  std::string text = "frame,column,skin_px,cartilage_px,bone_px,cartilage_mm\n";
  for (std::size_t n = 0; n < record.sweep.truth.frames.size(); ++n) {
    const FrameTruth& truth = record.sweep.truth.frames[n];
    for (std::size_t x = 0; x < truth.bone_px.size(); ++x) {
      const double thickness_mm = (truth.bone_px[x] - truth.cartilage_px[x]) * truth.pixel.y_mm;
      text.append(std::to_string(n)).append(",").append(std::to_string(x));
      for (const double value : {truth.skin_px[x], truth.cartilage_px[x], truth.bone_px[x], thickness_mm})
        text.append(",").append(cell(value));
      text.append("\n");
    }
  }
  return text;
}

}  // namespace genu::io
