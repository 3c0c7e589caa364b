// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/phantom/scan.h>
#include <genu/surface/query.h>
#include <genu/testing/bodies.h>
#include <genu/ultrasound/bone_registration.h>
#include <genu/ultrasound/simulated_sweep.h>

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

constexpr double radians = 3.14159265358979323846 / 180.0;

/// A body without symmetry, as bone that a probe looks at from all around.
const TriangleMesh& bone() {
  static const TriangleMesh mesh = [] {
    const TriangleMesh ball = testing::icosphere({}, 1.0, 4);
    std::vector<Point3> vertices;
    for (const Point3& p : ball.vertices()) {
      const Vector3 v = p - Point3{};
      const double knobs = 1.0 + 0.25 * std::exp(-squared_length(v - Vector3{0.8, 0.5, 0.33}) / 0.1) +
                           0.2 * std::exp(-squared_length(v - Vector3{-0.4, 0.9, 0.1}) / 0.1);
      vertices.push_back({40.0 * knobs * p.x, 26.0 * knobs * p.y, 33.0 * knobs * p.z});
    }
    return TriangleMesh(std::move(vertices), ball.triangles());
  }();
  return mesh;
}

/// How a sweep went wrong.
struct Wrong {
  Vector3 calibration_shift{};
  Vector3 calibration_turn{};  ///< Radians.
  double depth_mm = 0.0;
  double noise_mm = 0.0;
  unsigned seed = 1;
};

RigidTransform turned(const Vector3& turn) {
  return length(turn) > 0.0 ? RigidTransform::rotation_about({}, turn, length(turn) / radians)
                            : RigidTransform();
}

/// A sweep about the bone in its own coordinates: the tracker is where `tracker` says.
BoneSweep sweep_about(const RigidTransform& mri_from_tracker, double around_deg, int pictures,
                      const Wrong& wrong = {}) {
  std::mt19937 random(wrong.seed);
  std::normal_distribution<double> normal(0.0, 1.0);
  const surface::MeshQuery query(bone());
  BoneSweep sweep;
  sweep.beam_in_probe = {0, 1, 0};
  for (int f = 0; f < pictures; ++f) {
    const double a = around_deg * radians * (f / (pictures - 1.0) - 0.5), tilt = 0.5 * std::sin(0.7 * f);
    const Vector3 out{std::cos(a) * std::cos(tilt), std::sin(a) * std::cos(tilt), std::sin(tilt)};
    const RigidTransform probe = probe_pose(Point3{} + 70.0 * out, -1.0 * out, {0, 0, 1});
    const double miss = wrong.depth_mm;
    const double shared = wrong.noise_mm * normal(random);  // of one picture
    for (double x = -18.0; x <= 18.0; x += 0.75) {
      const Point3 from = probe(Point3{x, 0, 0}), to = probe(Point3{x, 70, 0});
      const auto hit = query.first_crossing(from, to);
      if (!hit || dot(query.triangle_normal(hit->triangle), -1.0 * out) > -0.4) continue;
      const Point3 seen{x, hit->distance_mm + miss + shared + 0.3 * wrong.noise_mm * normal(random), 0};
      // What the wrong calibration says the place is.
      const Point3 about{0, 35, 0};
      const Point3 said = about + turned(wrong.calibration_turn)(seen - about) + wrong.calibration_shift;
      sweep.points.push_back({said, 0.9, static_cast<std::size_t>(f)});
    }
    sweep.tracker_from_probe.push_back(mri_from_tracker.inverse() * probe);
  }
  return sweep;
}

const std::array<Point3, 3> targets{Point3{55, 10, 5}, Point3{-10, 30, -30}, Point3{}};

std::string refusal(const BoneSweep& sweep, const RigidTransform& start,
                    const BoneRegistrationOptions& options = {}) {
  try {
    register_bone(sweep, bone(), start, options);
  } catch (const Error& e) {
    return e.what();
  }
  return "not refused";
}

TEST(BoneRegistration, FindsTheTrackerExactlyWhereNothingIsWrong) {
  const RigidTransform truth = testing::random_pose(4);
  const RigidTransform start = RigidTransform::translation_by({5, -6, 4}) *
                               RigidTransform::rotation_about({}, {1, 1, -1}, 9.0) * truth;
  const BoneRegistration r = register_bone(sweep_about(truth, 200.0, 24), bone(), start);
  for (const Point3& t : targets) EXPECT_LT(distance(r.mri_from_tracker(truth.inverse()(t)), t), 0.05);
  EXPECT_LT(r.rms_mm, 0.05);
  EXPECT_EQ(r.pictures, 24U);
}

TEST(BoneRegistration, ThePredictedErrorIsTheTrueOne) {
  double squares = 0.0, said = 0.0;
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0.0, 1.0);
  const BoneRegistrationOptions options{.uncertainty = {.calibration_scale = 0.0, .mesh_mm = 0.0},
                                        .fit = {.random_starts = 0}};
  constexpr int runs = 30;
  for (unsigned run = 0; run < runs; ++run) {
    const RigidTransform truth = testing::random_pose(run);
    const SweepUncertainty& u = options.uncertainty;
    const auto axis = [&](double sd) {
      return Vector3{sd * normal(random), sd * normal(random), sd * normal(random)};
    };
    const Wrong wrong{.calibration_shift = axis(u.calibration_position_mm),
                      .calibration_turn = axis(u.calibration_rotation_deg * radians),
                      .depth_mm = u.bone_depth_mm * normal(random),
                      .noise_mm = 0.4,
                      .seed = run};
    const BoneRegistration r = register_bone(sweep_about(truth, 160.0, 20, wrong), bone(), truth, options);
    for (const Point3& t : targets) {
      const double miss = distance(r.mri_from_tracker(truth.inverse()(t)), t), p = r.predicted_error_mm(t);
      squares += miss * miss;
      said += p * p;
    }
  }
  EXPECT_NEAR(std::sqrt(said / squares), 1.0, 0.2);
  EXPECT_GT(std::sqrt(squares / (3 * runs)), 0.3);
}

TEST(BoneRegistration, RefusesWhatTheSweepCannotTell) {
  const RigidTransform truth = testing::random_pose(4);
  EXPECT_THAT(refusal(sweep_about(truth, 10.0, 4), truth), HasSubstr("4 pictures show bone"));
  BoneSweep other = sweep_about(truth, 200.0, 20);
  for (BonePoint& p : other.points) p.in_probe.y = 30.0 + 8.0 * std::sin(0.5 * p.in_probe.x);
  EXPECT_THAT(refusal(other, truth), AnyOf(HasSubstr("at best"), HasSubstr("% of the bone")));
  EXPECT_THAT(refusal(sweep_about(truth, 200.0, 20), truth, {.max_error_mm = 0.05}),
              HasSubstr("leaves the place open by"));
  EXPECT_THAT(refusal(sweep_about(truth, 200.0, 20), RigidTransform::translation_by({400, 0, 0}) * truth),
              HasSubstr("no start"));
}

TriangleMesh scaled(const TriangleMesh& mesh, double factor) {
  std::vector<Point3> vertices = mesh.vertices();
  for (Point3& v : vertices) v = Point3{} + factor * (v - Point3{});
  return {std::move(vertices), mesh.triangles()};
}

// A turn and a shift make up for much of a wrong size: the bone fits well, in the wrong place.
TEST(BoneRegistration, OfSomebodyElsesBoneIsRefused) {
  const RigidTransform truth = testing::random_pose(4);
  const BoneSweep sweep = sweep_about(truth, 160.0, 20, {.noise_mm = 0.3});
  const SweepUncertainty sure{.calibration_position_mm = 0.15,
                              .calibration_rotation_deg = 0.15,
                              .calibration_scale = 0.003,
                              .bone_depth_mm = 0.1,
                              .mesh_mm = 0.1,
                              .patch_mm = 0.1};
  const BoneRegistration own = register_bone(sweep, bone(), truth, {.uncertainty = sure});
  EXPECT_LT(std::abs(own.size_error), 0.01);
  EXPECT_GT(own.size_error_sd, 0.002);
  EXPECT_LT(own.size_error_sd, 0.01);
  for (const double factor : {0.92, 1.08}) {
    const BoneRegistrationOptions lax{.uncertainty = sure, .max_rms_mm = 5.0, .max_size_error = 1.0};
    const BoneRegistration other = register_bone(sweep, scaled(bone(), factor), truth, lax);
    EXPECT_GT(other.size_error / (1.0 / factor - 1.0), 0.5) << factor;
    try {
      register_bone(sweep, scaled(bone(), factor), truth, {.uncertainty = sure, .max_rms_mm = 5.0});
      ADD_FAILURE() << factor;
    } catch (const InvalidInput& e) {
      EXPECT_THAT(e.what(), HasSubstr(factor > 1.0 ? "% smaller" : "% larger"));
    }
  }
}

TEST(BoneRegistration, OptionsThatMakeNoSenseAreRefusedByName) {
  const RigidTransform truth = testing::random_pose(4);
  const BoneSweep sweep = sweep_about(truth, 200.0, 8);
  const double nan = std::nan("");
  EXPECT_THAT(refusal(sweep, truth, {.uncertainty = {.calibration_position_mm = nan}}),
              HasSubstr("calibration_position_mm = nan"));
  EXPECT_THAT(refusal(sweep, truth, {.uncertainty = {.patch_mm = -1.0}}), HasSubstr("patch_mm = -1"));
  EXPECT_THAT(refusal(sweep, truth, {.max_error_mm = nan}), HasSubstr("max_error_mm"));
  EXPECT_THAT(refusal(sweep, truth, {.fit = {.reach_mm = 0.0}}), HasSubstr("reach_mm"));
  EXPECT_TRUE(std::isnan(BoneRegistration{}.predicted_error_mm({0.0, nan, 0.0})));
}

TEST(BoneRegistration, OfABallIsRefused) {
  const TriangleMesh ball = testing::icosphere({}, 30.0, 4);
  BoneSweep sweep = sweep_about({}, 200.0, 20);
  for (BonePoint& p : sweep.points) p.in_probe.y = 70.0 - std::sqrt(900.0 - p.in_probe.x * p.in_probe.x);
  try {
    register_bone(sweep, ball, {});
    ADD_FAILURE() << "a ball can be turned as one likes";
  } catch (const InvalidInput& e) {
    EXPECT_THAT(e.what(), AnyOf(HasSubstr("any distance"), HasSubstr("open by"), HasSubstr("fits as well")));
  }
}

TEST(BoneRegistration, BoneComesFromPicturesWithSoundPoses) {
  const phantom::Knee knee({});
  const LabelMap labels = phantom::scan(knee, phantom::sagittal_grid(knee, 1.0, 1.5),
                                        {.bias_field = 0, .noise_sd = 0, .samples_per_mm = 1})
                              .labels;
  const EchoBody body(labels);
  const KneeFrame& f = knee.frame();
  Point3 skin = f.origin + 110.0 * f.anterior + 50.0 * f.proximal;
  while (knee.tissue_at(skin) == Tissue::background) skin += -0.25 * f.anterior;
  const RigidTransform first = probe_pose(skin, -1.0 * f.anterior, f.lateral);
  const std::vector<RigidTransform> poses =
      poses_between(first, RigidTransform::translation_by(6.0 * f.proximal) * first, 3);
  constexpr PixelSize pixel{0.2, 0.2};
  SimulatedSweep sweep = simulate_sweep(body, {}, linear_probe_from_image(pixel, 190), poses, 190, 220);
  sweep.recording.frames[1].poses.begin()->second.status = "MISSING";
  CoordinateFrames always;
  always.set({"Image", "Probe"}, sweep.probe_from_image);
  const BoneSweep seen = bone_in_sweep(sweep.recording, always, "Tracker");
  ASSERT_EQ(seen.tracker_from_probe.size(), 2U);
  ASSERT_GT(seen.points.size(), 40U);
  std::size_t near = 0;
  for (const BonePoint& p : seen.points) {
    const Point3 place = seen.tracker_from_probe[p.picture](p.in_probe);
    double away = 1e9;
    for (const Bone b : all_bones) away = std::min(away, std::abs(knee.bone_distance_mm(b, place)));
    near += away < 1.0 ? 1 : 0;
  }
  EXPECT_GT(near, seen.points.size() * 8 / 10);
  EXPECT_THROW(bone_in_sweep(sweep.recording, {}, "Tracker"), InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
