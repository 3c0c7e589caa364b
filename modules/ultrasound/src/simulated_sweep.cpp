// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/simulated_sweep.h>

#include "lattice_noise.h"

namespace genu::ultrasound {
namespace {

/// Numbers drawn in turn from a seed.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}
  double normal() { return std::sqrt(2.0) * gaussian_of(next()).real(); }
  double uniform() { return static_cast<double>(next() >> 11U) / 9007199254740992.0; }
  Vector3 normals(double sd) {
    const double x = normal(), y = normal(), z = normal();
    return {sd * x, sd * y, sd * z};
  }

 private:
  std::uint64_t next() { return cell_hash(++drawn_, 0, 7, seed_); }
  std::uint64_t seed_;
  std::int64_t drawn_ = 0;
};

RigidTransform error_of(Draws& draws, double position_sd_mm, double rotation_sd_deg) {
  const Vector3 turn_deg = draws.normals(rotation_sd_deg);
  const Vector3 shift = draws.normals(position_sd_mm);
  const double angle = length(turn_deg);
  const RigidTransform turn =
      angle > 0.0 ? RigidTransform::rotation_about({}, turn_deg, angle) : RigidTransform{};
  return RigidTransform::translation_by(shift) * turn;
}

TrackedPose written(const RigidTransform& t) {
  TrackedPose pose;
  const Vector3& shift = t.translation();
  const std::array<double, 3> last{shift.x, shift.y, shift.z};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) pose.rows[4 * r + c] = t.rotation().rows[r][c];
    pose.rows[4 * r + 3] = last[r];
  }
  return pose;
}

void check(const SweepOptions& o) {
  struct Range {
    const char* name;
    double value, high;
  };
  for (const Range& r : {Range{"tracker_position_sd_mm", o.tracker_position_sd_mm, 100.0},
                         {"tracker_rotation_sd_deg", o.tracker_rotation_sd_deg, 45.0},
                         {"calibration_position_sd_mm", o.calibration_position_sd_mm, 100.0},
                         {"calibration_rotation_sd_deg", o.calibration_rotation_sd_deg, 45.0},
                         {"calibration_scale_sd", o.calibration_scale_sd, 0.2},
                         {"lost_fraction", o.lost_fraction, 1.0},
                         {"frames_per_second", o.frames_per_second, 10000.0}})
    if (!(r.value >= 0.0 && r.value <= r.high)) {
      std::ostringstream text;
      text << "can't simulate a sweep with " << r.name << " = " << r.value << "; 0 to " << r.high
           << " are allowed";
      throw InvalidInput(text.str());
    }
  if (!(o.frames_per_second > 0.0)) throw InvalidInput("can't simulate a sweep with frames_per_second = 0");
}

/// Returns the axis and the angle (rad) of a rotation.
std::pair<Vector3, double> axis_and_angle(const Matrix3& r) {
  const auto& m = r.rows;
  const Vector3 twice{m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]};
  const double angle = std::atan2(length(twice), m[0][0] + m[1][1] + m[2][2] - 1.0);
  if (length(twice) > 1e-9) return {normalized(twice), angle};
  if (angle < 1.0) return {{1.0, 0.0, 0.0}, 0.0};
  // Half a turn: R + 1 = 2 u u', and its longest column is along u.
  Vector3 longest;
  for (int c = 0; c < 3; ++c) {
    Vector3 column = r.column(c);
    (c == 0 ? column.x : c == 1 ? column.y : column.z) += 1.0;
    if (length(column) > length(longest)) longest = column;
  }
  return {normalized(longest), angle};
}

/// Returns the needles at a part of a sweep, 0 its first frame and 1 its last.
std::vector<PlacedNeedle> needles_at(double part, std::span<const PlacedNeedle> needles) {
  std::vector<PlacedNeedle> now(needles.begin(), needles.end());
  for (PlacedNeedle& needle : now)
    if (needle.first_tip) needle.tip = lerp(*needle.first_tip, needle.tip, part);
  return now;
}

}  // namespace

RigidTransform probe_pose(const Point3& contact, const Vector3& into_body, const Vector3& along_face) {
  const Vector3 y = normalized(into_body), along = normalized(along_face);
  const Vector3 x = along - dot(along, y) * y;
  if (!(length(x) > 1e-3)) {
    std::ostringstream text;
    text << "a probe's beams can't run along its face: " << into_body << " and " << along_face;
    throw InvalidInput(text.str());
  }
  const Vector3 right = normalized(x);
  return {Matrix3::from_columns(right, y, cross(right, y)), contact - Point3{}};
}

AffineTransform linear_probe_from_image(const PixelSize& pixel, int width) {
  if (!(pixel.x_mm > 0.0 && pixel.y_mm > 0.0 && width > 0)) {
    std::ostringstream text;
    text << "no image has " << width << " columns of " << pixel.x_mm << " x " << pixel.y_mm << " mm";
    throw InvalidInput(text.str());
  }
  return {Matrix3::from_columns({pixel.x_mm, 0.0, 0.0}, {0.0, pixel.y_mm, 0.0}, {0.0, 0.0, pixel.x_mm}),
          {-0.5 * (width - 1) * pixel.x_mm, 0.0, 0.0}};
}

AffineTransform image_pose(const Point3& contact, const Vector3& into_body, const Vector3& along_face,
                           const PixelSize& pixel, int width) {
  return AffineTransform(probe_pose(contact, into_body, along_face)) * linear_probe_from_image(pixel, width);
}

std::vector<RigidTransform> poses_between(const RigidTransform& first, const RigidTransform& last,
                                          int count) {
  if (count < 2) throw InvalidInput("a sweep has 2 poses at least, not " + std::to_string(count));
  const auto turn = axis_and_angle(first.rotation().transposed() * last.rotation());
  std::vector<RigidTransform> poses;
  poses.reserve(static_cast<std::size_t>(count));
  for (int n = 0; n < count; ++n) {
    const double t = static_cast<double>(n) / (count - 1);
    const RigidTransform turned =
        RigidTransform::rotation_about({}, turn.first, t * turn.second * 180.0 / std::numbers::pi);
    poses.emplace_back(first.rotation() * turned.rotation(),
                       first.translation() + t * (last.translation() - first.translation()));
  }
  return poses;
}

SimulatedSweep simulate_sweep(const EchoBody& body, const RigidTransform& patient_from_tracker,
                              const AffineTransform& probe_from_image,
                              std::span<const RigidTransform> tracker_from_probe, int width, int height,
                              const SimulationOptions& options, const SweepOptions& sweep,
                              std::span<const PlacedNeedle> needles, const Progress& progress) {
  check(sweep);
  if (tracker_from_probe.empty()) throw InvalidInput("a sweep without a pose");
  Draws draws(sweep.seed);
  SimulatedSweep result;
  result.truth.probe_from_image = probe_from_image;
  result.truth.patient_from_tracker = patient_from_tracker;
  const double scale = 1.0 + sweep.calibration_scale_sd * draws.normal();
  const AffineTransform scaled(Matrix3::from_columns({scale, 0.0, 0.0}, {0.0, scale, 0.0}, {0.0, 0.0, scale}),
                               {});
  result.probe_from_image =
      AffineTransform(error_of(draws, sweep.calibration_position_sd_mm, sweep.calibration_rotation_sd_deg)) *
      probe_from_image * scaled;
  const std::string depth_mm = fixed(height * pixel_size_of(probe_from_image).y_mm, 1);  // as PLUS writes it
  for (std::size_t n = 0; n < tracker_from_probe.size(); ++n) {
    const RigidTransform& pose = tracker_from_probe[n];
    const double part =
        static_cast<double>(n) / std::max(1.0, static_cast<double>(tracker_from_probe.size()) - 1.0);
    SimulatedFrame seen = body.frame(AffineTransform(patient_from_tracker * pose) * probe_from_image, width,
                                     height, options, needles_at(part, needles));
    TrackedFrame frame;
    frame.image = std::move(seen.image);
    frame.time_s = static_cast<double>(n) / sweep.frames_per_second;
    // The error is about the probe, where its marker is held.
    const RigidTransform error = error_of(draws, sweep.tracker_position_sd_mm, sweep.tracker_rotation_sd_deg);
    TrackedPose sent = written(pose * error);
    if (draws.uniform() < sweep.lost_fraction) sent = {.status = "MISSING"};
    frame.poses[{"Probe", "Tracker"}] = sent;
    frame.fields.emplace_back("DepthMm", depth_mm);
    result.recording.frames.push_back(std::move(frame));
    result.truth.tracker_from_probe.push_back(pose);
    result.truth.frames.push_back(std::move(seen.truth));
    progress.report("simulating frames",
                    static_cast<double>(n + 1) / static_cast<double>(tracker_from_probe.size()));
  }
  return result;
}

}  // namespace genu::ultrasound
