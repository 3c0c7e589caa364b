// SPDX-License-Identifier: Apache-2.0
// Registers simulated sweeps of phantoms to their bones, and compares the predicted error at targets with the
// true one: registration_table [sweeps] [strokes a sweep, 0 = two to four] [seed] [first sweep]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include <genu/core/error.h>
#include <genu/surface/extract.h>
#include <genu/ultrasound/bone_registration.h>
#include <genu/ultrasound/simulated_sweep.h>

#include "phantom_knees.h"

namespace {

using namespace genu;

/// A way over the skin: from where it is looked at, in the knee's axes, and which way the probe's face lies.
struct Stroke {
  const char* name;
  double from_deg, to_deg;  ///< About the knee's long axis: 0 anterior, 90 lateral.
  double from_proximal_mm, to_proximal_mm;
  bool face_along_limb;
};

// What a hand reaches on a supine patient with the knee extended.
constexpr std::array<Stroke, 6> all_strokes{{{"anterior femur", 0, 0, 35, 75, false},
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
  const double a = angle_deg * 3.14159265358979323846 / 180.0;
  const Vector3 out = in_knee(f, std::sin(a), std::cos(a), 0.0);
  const Point3 axis = f.origin + in_knee(f, 0, 5, proximal_mm);
  Point3 skin = axis;
  for (double d = 110.0; d > 5.0; d -= 0.25)
    if (knee.tissue_at(axis + d * out) != Tissue::background) {
      skin = axis + d * out;
      break;
    }
  // A hand tilts the probe by some degrees.
  const auto tilt = [&] { return bench::between(random, -0.08, 0.08); };
  const Vector3 beam = normalized(-1.0 * out + in_knee(f, tilt(), tilt(), tilt()));
  const Vector3 face = along_limb ? f.proximal : normalized(cross(f.proximal, out));
  return ultrasound::probe_pose(skin, beam, face + in_knee(f, tilt(), tilt(), tilt()));
}

std::vector<RigidTransform> poses_of(const phantom::Knee& knee, const Stroke& stroke, std::mt19937& random) {
  // Strokes begin and end at random: from half of the way to the whole.
  const double scale = knee.options().scale;
  const double begin = bench::between(random, 0.0, 0.25), end = bench::between(random, 0.75, 1.0);
  constexpr int pictures = 16;
  std::vector<RigidTransform> poses;
  for (int n = 0; n < pictures; ++n) {
    const double t = std::lerp(begin, end, n / (pictures - 1.0));
    poses.push_back(pose_on_skin(knee, std::lerp(stroke.from_deg, stroke.to_deg, t),
                                 scale * std::lerp(stroke.from_proximal_mm, stroke.to_proximal_mm, t),
                                 stroke.face_along_limb, random));
  }
  return poses;
}

RigidTransform random_motion(std::mt19937& random, double shift_mm, double turn_deg, const Point3& about) {
  const auto any = [&] { return bench::between(random, -1.0, 1.0); };
  return RigidTransform::translation_by({shift_mm * any(), shift_mm * any(), shift_mm * any()}) *
         RigidTransform::rotation_about(about, {any(), any(), any() + 1e-3}, turn_deg * any());
}

struct Row {
  double true_mm, predicted_mm;
};

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * (static_cast<double>(values.size()) - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  const int sweeps = argc > 1 ? std::atoi(argv[1]) : 20;
  const int strokes_asked = argc > 2 ? std::atoi(argv[2]) : 0;
  const unsigned seed = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 1;
  const int first = argc > 4 ? std::atoi(argv[4]) : 0;
  constexpr int width = 300, height = 340;
  constexpr PixelSize pixel{0.13, 0.13};
  std::vector<double> errors, ratios;
  int refused = 0;
  std::puts("sweep,strokes,pictures,points,true TRE mm (mean of 5 targets),predicted,rms,matched,outcome");
  for (int s = first; s < first + sweeps; ++s) {
    std::mt19937 random(1000 * seed + static_cast<unsigned>(s));
    const phantom::Knee knee(bench::varied_knee(random, s % 2 ? Side::left : Side::right));
    const LabelMap labels = phantom::scan(knee, phantom::sagittal_grid(knee, 0.7, 0.8),
                                          {.bias_field = 0, .noise_sd = 0, .samples_per_mm = 1})
                                .labels;
    const TriangleMesh bones = surface::extract(labels, [](Tissue t) {
      return is_part_of(t, Bone::femur) || is_part_of(t, Bone::tibia) || is_part_of(t, Bone::patella) ||
             t == Tissue::fibula;
    });
    std::vector<std::size_t> chosen{0, 1, 2, 3, 4, 5};
    std::shuffle(chosen.begin(), chosen.end(), random);
    chosen.resize(strokes_asked > 0 ? static_cast<std::size_t>(strokes_asked) : 2 + random() % 3);
    std::vector<RigidTransform> patient_from_probe;
    std::string names;
    for (const std::size_t c : chosen) {
      const auto poses = poses_of(knee, all_strokes[c], random);
      patient_from_probe.insert(patient_from_probe.end(), poses.begin(), poses.end());
      names += (names.empty() ? "" : " + ") + std::string(all_strokes[c].name);
    }
    const Point3 centre = knee.frame().origin;
    const RigidTransform patient_from_tracker = random_motion(random, 200.0, 180.0, {});
    std::vector<RigidTransform> tracker_from_probe;
    for (const RigidTransform& p : patient_from_probe)
      tracker_from_probe.push_back(patient_from_tracker.inverse() * p);
    const ultrasound::EchoBody body(labels);
    const ultrasound::SimulatedSweep sweep = ultrasound::simulate_sweep(
        body, patient_from_tracker, ultrasound::linear_probe_from_image(pixel, width), tracker_from_probe,
        width, height, {.seed = static_cast<std::uint64_t>(s) + 1},
        {.tracker_position_sd_mm = 0.2,
         .tracker_rotation_sd_deg = 0.2,
         .calibration_position_sd_mm = 0.5,
         .calibration_rotation_sd_deg = 0.5,
         .calibration_scale_sd = 0.01,
         .seed = static_cast<std::uint64_t>(s) + 1});
    ultrasound::CoordinateFrames always;
    always.set({"Image", "Probe"}, sweep.probe_from_image);
    const RigidTransform start = random_motion(random, 8.0, 10.0, centre) * patient_from_tracker;
    std::printf("%d,%s,%zu,", s, names.c_str(), tracker_from_probe.size());
    try {
      const auto seen = ultrasound::bone_in_sweep(sweep.recording, always, "Tracker");
      std::printf("%zu,", seen.points.size());
      const auto r = ultrasound::register_bone(seen, bones, start);
      double sum = 0.0, predicted = 0.0;
      const KneeFrame& f = knee.frame();
      const double k = knee.options().scale;
      const std::array<Point3, 5> targets{
          f.origin + in_knee(f, 0, 40 * k, 45 * k), f.origin + in_knee(f, 22 * k, 5 * k, 0),
          f.origin + in_knee(f, -22 * k, 5 * k, 0), f.origin + in_knee(f, 0, 25 * k, 15 * k), f.origin};
      const RigidTransform off = r.mri_from_tracker * patient_from_tracker.inverse();
      for (const Point3& t : targets) {
        sum += distance(off(t), t) / 5.0;
        predicted += r.predicted_error_mm(off(t)) / 5.0;
      }
      errors.push_back(sum);
      ratios.push_back(sum / predicted);
      std::printf("%.2f,%.2f,%.2f,%.2f,registered\n", sum, predicted, r.rms_mm, r.matched_part);
    } catch (const Error& e) {
      ++refused;
      std::printf(",,,,\"%s\"\n", e.what());
    }
    std::fflush(stdout);
  }
  std::printf("\n%zu registered, %d refused; TRE median %.2f mm, 90th percentile %.2f, worst %.2f\n",
              errors.size(), refused, percentile(errors, 0.5), percentile(errors, 0.9),
              percentile(errors, 1.0));
  std::printf("true over predicted: median %.2f, 90th percentile %.2f, worst %.2f\n", percentile(ratios, 0.5),
              percentile(ratios, 0.9), percentile(ratios, 1.0));
}
