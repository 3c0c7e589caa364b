// SPDX-License-Identifier: Apache-2.0
#include "registration_cases.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <genu/phantom/scan.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>
#include <genu/ultrasound/simulated_sweep.h>

#include "phantom_knees.h"

namespace genu::bench {
namespace {

constexpr double degrees = 180.0 / std::numbers::pi;

/// A way over the skin: from where it is looked at, in the knee's axes, and which way the probe's face lies.
struct Way {
  const char* name;
  double from_deg, to_deg;  ///< About the knee's long axis: 0 anterior, 90 lateral.
  double from_proximal_mm, to_proximal_mm;
  bool face_along_limb;
};

constexpr std::array<Way, 6> ways{{{"anterior femur", 0, 0, 35, 75, false},
                                   {"lateral femur", 100, 70, 10, 35, true},
                                   {"medial femur", -100, -70, 10, 35, true},
                                   {"anteromedial tibia", -40, -60, -15, -45, false},
                                   {"anterolateral tibia", 40, 70, -15, -35, false},
                                   {"patella", -20, 20, 30, 15, false}}};

Vector3 in_knee(const KneeFrame& f, double lateral, double anterior, double proximal) {
  return lateral * f.lateral + anterior * f.anterior + proximal * f.proximal;
}

/// Returns the pose of a probe on the skin, seen from an angle at a height.
RigidTransform pose_on_skin(const phantom::Knee& knee, double angle_deg, double proximal_mm, bool along_limb,
                            std::mt19937& random) {
  const KneeFrame& f = knee.frame();
  const double a = angle_deg / degrees;
  const Vector3 out = in_knee(f, std::sin(a), std::cos(a), 0.0);
  const Point3 axis = f.origin + in_knee(f, 0, 5, proximal_mm);
  Point3 skin = axis;
  for (double d = 110.0; d > 5.0; d -= 0.25)
    if (knee.tissue_at(axis + d * out) != Tissue::background) {
      skin = axis + d * out;
      break;
    }
  // A hand tilts the probe by some degrees.
  const auto tilt = [&] { return between(random, -0.08, 0.08); };
  const double t1 = tilt(), t2 = tilt(), t3 = tilt(), t4 = tilt(), t5 = tilt(), t6 = tilt();
  const Vector3 beam = normalized(-1.0 * out + in_knee(f, t1, t2, t3));
  const Vector3 face = along_limb ? f.proximal : normalized(cross(f.proximal, out));
  return ultrasound::probe_pose(skin, beam, face + in_knee(f, t4, t5, t6));
}

std::vector<RigidTransform> poses_of(const phantom::Knee& knee, const Way& way, int pictures,
                                     std::mt19937& random) {
  // Strokes begin and end at random: from half of the way to the whole.
  const double scale = knee.options().scale;
  const double begin = between(random, 0.0, 0.25), end = between(random, 0.75, 1.0);
  std::vector<RigidTransform> poses;
  for (int n = 0; n < pictures; ++n) {
    const double t = std::lerp(begin, end, n / (pictures - 1.0));
    poses.push_back(pose_on_skin(knee, std::lerp(way.from_deg, way.to_deg, t),
                                 scale * std::lerp(way.from_proximal_mm, way.to_proximal_mm, t),
                                 way.face_along_limb, random));
  }
  return poses;
}

double normal(std::mt19937& random) {
  // Not std::normal_distribution, which differs between libraries.
  const double u = between(random, 1e-12, 1.0), v = between(random, 0.0, 1.0);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

Vector3 normals(std::mt19937& random, double sd) {
  const double x = normal(random), y = normal(random), z = normal(random);
  return {sd * x, sd * y, sd * z};
}

RigidTransform error_about(const Point3& centre, std::mt19937& random, double position_mm,
                           double rotation_deg) {
  const Vector3 turn = normals(random, rotation_deg), shift = normals(random, position_mm);
  const RigidTransform move = RigidTransform::translation_by(shift);
  return length(turn) > 0.0 ? move * RigidTransform::rotation_about(centre, turn, length(turn)) : move;
}

Vector3 direction(std::mt19937& random) {
  return normalized(normals(random, 1.0));
}

/// Bends the knee: the tibia turns about the middle of the condyles.
RigidTransform bent(const SweptKnee& knee, double angle_deg) {
  const KneeFrame& f = knee.knee.frame();
  return RigidTransform::rotation_about(f.origin + 20.0 * f.proximal, f.lateral, angle_deg);
}

/// What is wrong throughout a sweep.
struct Wrong {
  RigidTransform calibration;
  double scale = 1.0, depth_mm = 0.0;
  RigidTransform tibia;  ///< In the patient.
};

/// Moves the bone that a picture shows along its beams as a line wrongly found lies.
void misplace(std::vector<ultrasound::BonePoint>& points, const Circumstances& how, double depth_mm,
              std::mt19937& random) {
  constexpr double patch_mm = 10.0, above_mm = 4.0;
  std::size_t picture = points.size();
  double patch_end = 0.0, off = 0.0, fascia = 0.0;
  for (ultrasound::BonePoint& p : points) {
    if (p.picture != picture) fascia = between(random, 0.0, 1.0) < how.fascia ? above_mm : 0.0;
    if (p.picture != picture || p.in_probe.x > patch_end) {
      off = how.patch_mm * normal(random);
      patch_end = p.in_probe.x + patch_mm;
    }
    picture = p.picture;
    p.in_probe.y += depth_mm + off - fascia;
  }
}

/// Adds part of a stroke to a sweep, with a tracker's noise and one calibration's error.
void add_stroke(ultrasound::BoneSweep& sweep, const Stroke& stroke, const Circumstances& how,
                const Wrong& wrong, const RigidTransform& tracker_from_patient, std::mt19937& random) {
  const auto count = stroke.seen.tracker_from_probe.size();
  const auto used =
      std::min(count, static_cast<std::size_t>(std::lround(how.length * static_cast<double>(count))));
  const auto begin = used < count ? random() % (count - used + 1) : 0;
  const std::size_t before = sweep.tracker_from_probe.size();
  const bool moves = stroke.name.find("tibia") != std::string::npos;
  for (std::size_t n = begin; n < begin + used; ++n)
    sweep.tracker_from_probe.push_back(tracker_from_patient * (moves ? wrong.tibia : RigidTransform()) *
                                       stroke.seen.tracker_from_probe[n] *
                                       error_about({}, random, how.tracker_mm, how.tracker_deg));
  std::vector<char> shows(used, 0);
  std::vector<ultrasound::BonePoint> points = stroke.seen.points;
  misplace(points, how, wrong.depth_mm, random);
  for (ultrasound::BonePoint p : points) {
    if (p.picture < begin || p.picture >= begin + used) continue;
    p.picture -= begin;
    shows[p.picture] = 1;
    p.picture += before;
    p.in_probe = wrong.calibration(Point3{} + wrong.scale * (p.in_probe - Point3{}));
    sweep.points.push_back(p);
  }
  sweep.without_bone += static_cast<std::size_t>(std::count(shows.begin(), shows.end(), 0));
  sweep.beam_in_probe = stroke.seen.beam_in_probe;
}

/// Returns MRI's bone as a segmentation might have it.
TriangleMesh segmented(const SweptKnee& knee, double scale, double grown_mm) {
  const Point3 centre = knee.knee.frame().origin;
  const std::vector<Vector3> normals = surface::vertex_normals(knee.bones);
  std::vector<Point3> vertices = knee.bones.vertices();
  for (std::size_t v = 0; v < vertices.size(); ++v)
    vertices[v] = centre + scale * (vertices[v] + grown_mm * normals[v] - centre);
  return {std::move(vertices), knee.bones.triangles()};
}

}  // namespace

SweptKnee swept_knee(unsigned seed, int pictures) {
  constexpr int width = 300, height = 340;
  constexpr PixelSize pixel{0.13, 0.13};
  std::mt19937 random(1000 + seed);
  phantom::Knee knee(varied_knee(random, seed % 2 ? Side::left : Side::right));
  const LabelMap labels = phantom::scan(knee, phantom::sagittal_grid(knee, 0.7, 0.8),
                                        {.bias_field = 0, .noise_sd = 0, .samples_per_mm = 1})
                              .labels;
  const KneeFrame f = knee.frame();
  const double k = knee.options().scale;
  SweptKnee swept{
      std::move(knee),
      surface::extract(labels,
                       [](Tissue t) {
                         return is_part_of(t, Bone::femur) || is_part_of(t, Bone::tibia) ||
                                is_part_of(t, Bone::patella) || t == Tissue::fibula;
                       }),
      {},
      {f.origin + in_knee(f, 0, 40 * k, 45 * k), f.origin + in_knee(f, 22 * k, 5 * k, 0),
       f.origin + in_knee(f, -22 * k, 5 * k, 0), f.origin + in_knee(f, 0, 25 * k, 15 * k), f.origin}};
  const ultrasound::EchoBody body(labels);
  for (const Way& way : ways) {
    const ultrasound::SimulatedSweep sweep = ultrasound::simulate_sweep(
        body, {}, ultrasound::linear_probe_from_image(pixel, width),
        poses_of(swept.knee, way, pictures, random), width, height, {.seed = seed + 1});
    ultrasound::CoordinateFrames always;
    always.set({"Image", "Probe"}, sweep.probe_from_image);
    swept.strokes.push_back({way.name, ultrasound::bone_in_sweep(sweep.recording, always, "Tracker")});
  }
  return swept;
}

Trial trial_of(const SweptKnee& knee, const Circumstances& how, std::mt19937& random) {
  Trial trial;
  const Point3 centre = knee.knee.frame().origin;
  trial.bones = segmented(knee, how.mri_scale, how.mesh_mm * normal(random));
  trial.patient_from_tracker =
      RigidTransform::translation_by(normals(random, 100.0)) *
      RigidTransform::rotation_about({}, direction(random), 180.0 * between(random, -1.0, 1.0));
  std::vector<std::size_t> order(knee.strokes.size());
  for (std::size_t n = 0; n < order.size(); ++n) order[n] = n;
  for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[random() % n]);
  order.resize(how.least_strokes + random() % (how.most_strokes - how.least_strokes + 1));
  const ultrasound::SweepUncertainty usual;
  Wrong wrong;
  wrong.calibration = error_about({}, random, how.calibration * usual.calibration_position_mm,
                                  how.calibration * usual.calibration_rotation_deg);
  wrong.scale = 1.0 + how.calibration * usual.calibration_scale * normal(random);
  wrong.depth_mm = how.depth_mm * normal(random);
  wrong.tibia = bent(knee, random() % 2 ? how.flexion_deg : -how.flexion_deg);
  for (const std::size_t n : order) {
    add_stroke(trial.sweep, knee.strokes[n], how, wrong, trial.patient_from_tracker.inverse(), random);
    trial.strokes += (trial.strokes.empty() ? "" : " + ") + knee.strokes[n].name;
  }
  const Vector3 shift = how.start_mm * between(random, 0.0, 1.0) * direction(random);
  trial.start =
      RigidTransform::translation_by(shift) *
      RigidTransform::rotation_about(centre, direction(random), how.start_deg * between(random, 0.0, 1.0)) *
      trial.patient_from_tracker;
  return trial;
}

double target_error_mm(const SweptKnee& knee, const Trial& trial, const RigidTransform& mri_from_tracker) {
  const RigidTransform off = mri_from_tracker * trial.patient_from_tracker.inverse();
  double sum = 0.0;
  for (const Point3& t : knee.targets) sum += distance(off(t), t);
  return sum / static_cast<double>(knee.targets.size());
}

double bone_distance_mm(const phantom::Knee& knee, const Point3& place) {
  double nearest = 1e9;
  for (const Bone bone : all_bones) {
    const double d = knee.bone_distance_mm(bone, place);
    if (std::abs(d) < std::abs(nearest)) nearest = d;
  }
  return nearest;
}

}  // namespace genu::bench
