// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/reconstruct.h>

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

/// What the sweep looks at: smooth in space, 10 to 250.
double body(const Point3& p) {
  return 130.0 + 60.0 * std::sin(0.25 * p.x) + 60.0 * std::cos(0.2 * p.y + 0.15 * p.z);
}

RigidTransform oblique() {
  return RigidTransform::translation_by({40, -20, 15}) *
         RigidTransform::rotation_about({}, {1, 2, -0.7}, 33.0);
}

/// Parallel oblique pictures with pixels of 0.3 x 0.2 mm, `step_mm` apart.
TrackedSequence sweep(int frames, double step_mm) {
  TrackedSequence recording;
  for (int f = 0; f < frames; ++f) {
    const RigidTransform probe = oblique() * RigidTransform::translation_by({0, 0, step_mm * f});
    TrackedFrame frame;
    frame.image = {60, 80, 1, {}};
    for (int y = 0; y < 80; ++y)
      for (int x = 0; x < 60; ++x)
        frame.image.pixels.push_back(
            static_cast<std::uint8_t>(std::lround(body(probe(Point3{0.3 * x, 0.2 * y, 0})))));
    const auto& m = probe.rotation().rows;
    const Vector3& t = probe.translation();
    frame.poses[{"Probe", "Reference"}].rows = {m[0][0], m[0][1], m[0][2], t.x,     m[1][0], m[1][1],
                                                m[1][2], t.y,     m[2][0], m[2][1], m[2][2], t.z,
                                                0,       0,       0,       1};
    recording.frames.push_back(frame);
  }
  return recording;
}

CoordinateFrames calibrated() {
  CoordinateFrames always;
  always.set({"Image", "Probe"}, AffineTransform(Matrix3{{{{0.3, 0, 0}, {0, 0.2, 0}, {0, 0, 0.25}}}}, {}));
  return always;
}

/// The greatest and the mean difference from the body, over voxels with this coverage.
std::pair<double, double> misses(const Reconstruction& r, int coverage) {
  double most = 0.0, sum = 0.0, count = 0.0;
  for (std::size_t v = 0; v < r.volume.voxels().size(); ++v) {
    if (r.coverage.voxels()[v] != coverage) continue;
    const ImageGeometry& g = r.volume.geometry();
    const double d = std::abs(r.volume.voxels()[v] - body(g.to_patient(g.index_of(v))));
    most = std::max(most, d);
    sum += d;
    count += 1.0;
  }
  return {most, count > 0.0 ? sum / count : 1e9};
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const InvalidInput& e) {
    return e.what();
  }
  return "not refused";
}

TEST(Reconstruct, PutsObliquePicturesWhereTheyWere) {
  const Reconstruction r = reconstruct(sweep(24, 0.4), calibrated(), "Reference");
  EXPECT_EQ(r.frames_used, 24U);
  const auto [most, mean] = misses(r, 1);
  // At the rim all pixels lie on one side: a voxel's diagonal of 0.87 mm times a slope of 21 a millimetre.
  EXPECT_LT(mean, 1.0);
  EXPECT_LT(most, 18.0);
}

TEST(Reconstruct, FillsGapsBetweenPicturesAndNothingBeyond) {
  const TrackedSequence sparse = sweep(5, 2.5);
  const Reconstruction r = reconstruct(sparse, calibrated(), "Reference", {.max_gap_mm = 4.0});
  EXPECT_LT(misses(r, 2).second, 4.0);
  const Reconstruction open = reconstruct(sparse, calibrated(), "Reference", {.max_gap_mm = 0.0});
  std::size_t filled = 0;
  const RigidTransform probe = oblique().inverse();
  for (std::size_t v = 0; v < r.coverage.voxels().size(); ++v) {
    if (r.coverage.voxels()[v] == 0) continue;
    filled += r.coverage.voxels()[v] == 2 ? 1 : 0;
    const ImageGeometry& g = r.volume.geometry();
    const Point3 p = probe(g.to_patient(g.index_of(v)));
    EXPECT_GT(p.z, -0.9);
    EXPECT_LT(p.z, 10.9);
    EXPECT_EQ(r.coverage.voxels()[v] == 1, open.coverage.voxels()[v] == 1);
  }
  EXPECT_GT(filled, 1000U);
}

TEST(Reconstruct, DoesNotDependOnThreads) {
  const TrackedSequence recording = sweep(9, 1.0);
  const Reconstruction one = reconstruct(recording, calibrated(), "Reference", {.threads = 1});
  const Reconstruction many = reconstruct(recording, calibrated(), "Reference", {.threads = 7});
  EXPECT_EQ(one.volume.voxels(), many.volume.voxels());
  EXPECT_EQ(one.coverage.voxels(), many.coverage.voxels());
}

TEST(Reconstruct, CompoundsAsItIsTold) {
  TrackedSequence recording = sweep(3, 0.0);
  for (int f = 0; f < 3; ++f)
    std::fill(recording.frames[f].image.pixels.begin(), recording.frames[f].image.pixels.end(),
              std::array<std::uint8_t, 3>{90, 150, 60}[f]);
  const auto value = [&](Compounding compounding) {
    const Reconstruction r = reconstruct(recording, calibrated(), "Reference", {.compounding = compounding});
    float sum = 0.0F, count = 0.0F;
    for (std::size_t v = 0; v < r.volume.voxels().size(); ++v)
      if (r.coverage.voxels()[v] == 1) {
        sum += r.volume.voxels()[v];
        count += 1.0F;
      }
    return sum / count;
  };
  EXPECT_NEAR(value(Compounding::mean), 100.0F, 0.01F);
  EXPECT_NEAR(value(Compounding::maximum), 150.0F, 0.01F);
  EXPECT_NEAR(value(Compounding::latest), 60.0F, 0.01F);
}

/// Returns the distance along an axis in voxels.
double voxels_apart(double a, std::int64_t b) {
  return std::abs(a - static_cast<double>(b));
}

TEST(Reconstruct, TheGreatestAndTheLatestFallUponTheNearestVoxelAlone) {
  // Four bright pixels on black, oblique among voxels that are no cubes.
  TrackedSequence recording = sweep(1, 0.0);
  recording.frames[0].image = {2, 2, 1, {200, 200, 200, 200}};
  const ImageGeometry grid({30, 40, 20}, {34.05, -24.1, 9.15}, {0.7, 0.4, 0.9});
  CoordinateFrames always;
  always.set({"Image", "Probe"}, AffineTransform(Matrix3{{{{3.1, 0, 0}, {0, 2.7, 0}, {0, 0, 1}}}}, {}));
  std::vector<ContinuousIndex> places;
  for (const double y : {0.0, 2.7})
    for (const double x : {0.0, 3.1}) places.push_back(grid.to_index(oblique()(Point3{x, y, 0})));
  for (const Compounding compounding : {Compounding::maximum, Compounding::latest}) {
    const Reconstruction r = reconstruct(recording, always, "Reference",
                                         {.compounding = compounding, .max_gap_mm = 0.0, .grid = grid});
    std::size_t seen = 0;
    for (std::size_t v = 0; v < r.coverage.voxels().size(); ++v) {
      if (r.coverage.voxels()[v] == 0) continue;
      ++seen;
      const VoxelIndex at = grid.index_of(v);
      EXPECT_EQ(r.volume[at], 200.0F);
      EXPECT_TRUE(std::any_of(places.begin(), places.end(),
                              [&](const ContinuousIndex& p) {
                                return voxels_apart(p.i, at.i) <= 0.5 && voxels_apart(p.j, at.j) <= 0.5 &&
                                       voxels_apart(p.k, at.k) <= 0.5;
                              }))
          << at.i << " " << at.j << " " << at.k;
    }
    EXPECT_EQ(seen, places.size());
  }
}

TEST(Reconstruct, LeavesOutWhatIsNotSoundAndSaysSo) {
  TrackedSequence recording = sweep(6, 1.0);
  recording.frames[1].poses.begin()->second.status = "INVALID";
  recording.frames[4].image_status = "INVALID";
  const Reconstruction r = reconstruct(recording, calibrated(), "Reference");
  EXPECT_EQ(r.frames_used, 4U);
  EXPECT_EQ(r.without_pose, 1U);
  EXPECT_EQ(r.without_image, 1U);
}

TEST(Reconstruct, TakesAClipAndAGrid) {
  const TrackedSequence recording = sweep(2, 0.5);
  const ImageGeometry grid({30, 40, 20}, {38, -22, 12}, {0.7, 0.6, 0.8});
  const Reconstruction r = reconstruct(recording, calibrated(), "Reference",
                                       {.clip = std::array<int, 4>{10, 20, 15, 30}, .grid = grid});
  EXPECT_EQ(r.volume.geometry(), grid);
  const RigidTransform probe = oblique().inverse();
  std::size_t seen = 0;
  for (std::size_t v = 0; v < r.coverage.voxels().size(); ++v)
    if (r.coverage.voxels()[v] == 1) {
      ++seen;
      const Point3 p = probe(grid.to_patient(grid.index_of(v)));
      EXPECT_TRUE(p.x > 1.8 && p.x < 8.5 && p.y > 2.7 && p.y < 11.2) << p;
    }
  // 4.2 x 5.8 mm of each picture lie in voxels of 0.34 mm3, and reach those about them.
  EXPECT_GT(seen, 80U);
}

TEST(Reconstruct, ReadsAClipThatEndsBeyondEveryPicture) {
  const TrackedSequence recording = sweep(2, 0.5);
  const auto made = [&](int count) {
    return reconstruct(recording, calibrated(), "Reference",
                       {.clip = std::array<int, 4>{10, 20, count, count}});
  };
  EXPECT_EQ(made(100).volume.voxels(), made(std::numeric_limits<int>::max()).volume.voxels());
}

TEST(Reconstruct, LeavesPosesOutThatAreNotRigid) {
  TrackedSequence recording = sweep(6, 1.0);
  for (const std::size_t r : {0U, 1U, 2U, 4U, 5U, 6U, 8U, 9U, 10U})
    recording.frames[0].poses.begin()->second.rows[r] *= 1.3;
  for (const std::size_t r : {2U, 6U, 10U})  // mirrored
    recording.frames[3].poses.begin()->second.rows[r] *= -1.0;
  const Reconstruction r = reconstruct(recording, calibrated(), "Reference");
  EXPECT_EQ(r.frames_used, 4U);
  EXPECT_EQ(r.without_pose, 2U);
  // The same where pictures are tied to no probe: they are compared with each other.
  for (auto& frame : recording.frames) {
    const AffineTransform pose =
        *frame.poses.begin()->second.transform() * *calibrated().find("Image", "Probe");
    const auto& m = pose.linear().rows;
    const Vector3& t = pose.translation();
    frame.poses = {{{"Image", "Reference"},
                    {.rows = {m[0][0], m[0][1], m[0][2], t.x, m[1][0], m[1][1], m[1][2], t.y, m[2][0],
                              m[2][1], m[2][2], t.z, 0, 0, 0, 1}}}};
  }
  const Reconstruction untied = reconstruct(recording, {}, "Reference");
  EXPECT_EQ(untied.without_pose, 2U);
  EXPECT_EQ(untied.volume.voxels().size(), r.volume.voxels().size());
}

TEST(Reconstruct, PosesFarOffTheGridReachNothing) {
  TrackedSequence recording = sweep(2, 0.5);
  const ImageGeometry grid({30, 40, 20}, {38, -22, 12}, {0.7, 0.6, 0.8});
  const ReconstructionOptions options{.grid = grid};
  recording.frames.pop_back();
  const auto one = reconstruct(recording, calibrated(), "Reference", options).volume.voxels();
  recording.frames.push_back(recording.frames.front());
  for (const std::size_t r : {3U, 7U, 11U}) recording.frames[1].poses.begin()->second.rows[r] = 1e300;
  EXPECT_EQ(reconstruct(recording, calibrated(), "Reference", options).volume.voxels(), one);
}

TEST(Reconstruct, RefusesWhatCannotBePutTogether) {
  const auto run = [](const TrackedSequence& s, const ReconstructionOptions& o = {}) {
    return refusal([&] { reconstruct(s, calibrated(), "Reference", o); });
  };
  EXPECT_THAT(run({}), HasSubstr("of 0 pictures"));
  TrackedSequence recording = sweep(3, 1.0);
  EXPECT_THAT(refusal([&] { reconstruct(recording, {}, "Reference"); }), HasSubstr("3 have no sound chain"));
  EXPECT_THAT(run(recording, {.spacing_mm = 0.0}), HasSubstr("the spacing is 0.000"));
  EXPECT_THAT(run(recording, {.spacing_mm = 1e-4}), HasSubstr("too many"));
  EXPECT_THAT(run(recording, {.clip = std::array<int, 4>{100, 0, 10, 10}}), HasSubstr("leaves nothing"));
  EXPECT_THAT(run(recording, {.max_gap_mm = std::nan("")}), HasSubstr("the greatest gap"));
  EXPECT_THAT(run(recording, {.grid = ImageGeometry({20000, 20000, 2}, {}, {0.1, 0.1, 0.1})}),
              HasSubstr("20000 x 20000 x 2 voxels is too large"));
  recording.frames[2].poses.begin()->second.rows[3] = 1e9;
  EXPECT_THAT(run(recording), HasSubstr("a pose may be far off"));
  recording = sweep(2, 1.0);
  recording.frames[1].image = {3, 3, 1, std::vector<std::uint8_t>(9)};
  EXPECT_THAT(run(recording), HasSubstr("differ in size"));
}

}  // namespace
}  // namespace genu::ultrasound
