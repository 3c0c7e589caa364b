// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/phantom/scan.h>
#include <genu/registration/align.h>
#include <genu/surface/extract.h>
#include <genu/testing/bodies.h>

namespace genu::registration {
namespace {

/// The phantom's femur as a scan on a grid of its own shows it, back where the knee's axes are the patient's.
TriangleMesh femur_seen(double in_plane_mm, double slice_mm, const RigidTransform& tilt,
                        double length_mm = 120.0) {
  const phantom::Knee knee({});
  const ImageGeometry grid = moved(
      phantom::sagittal_grid(knee, in_plane_mm, slice_mm, {.extent_mm = Vector3{120.0, length_mm, 110.0}}),
      tilt);
  const LabelMap labels = testing::label(grid, [&](const Point3& p) {
    return knee.tissue_at(p) == Tissue::femur ? Tissue::femur : Tissue::background;
  });
  return surface::extract(labels, [](Tissue t) { return t == Tissue::femur; });
}

RigidTransform small_tilt() {
  return RigidTransform::translation_by({0.13, -0.21, 0.3}) *
         RigidTransform::rotation_about({-70.0, 0.0, 0.0}, {0.3, 1.0, -0.4}, 4.0);
}

/// Returns how far the transform takes points of the femur from where they belong, in mm.
double worst_error_mm(const TriangleMesh& mesh, const RigidTransform& found, const RigidTransform& truth) {
  double worst = 0.0;
  for (const Point3& p : mesh.vertices()) worst = std::max(worst, distance(found(p), truth(p)));
  return worst;
}

TEST(Align, RecoversAMotionFromTwoScansOfOneBone) {
  const TriangleMesh a = femur_seen(0.8, 0.8, {});
  const TriangleMesh still = femur_seen(0.6, 1.1, small_tilt());
  for (const std::uint64_t seed : {1, 2, 3}) {
    const RigidTransform pose = testing::random_pose(seed);
    const TriangleMesh b = moved(still, pose);
    // A guess that is wrong by 15 degrees and 10 mm.
    const RigidTransform guess =
        pose *
        RigidTransform::rotation_about({-70.0, 0.0, 0.0}, {1.0, -0.5, static_cast<double>(seed)}, 15.0) *
        RigidTransform::translation_by(10.0 * normalized(Vector3{1.0, static_cast<double>(seed) - 2.0, 0.5}));
    const Alignment fit = align({a}, {b, guess});
    EXPECT_LT(worst_error_mm(a, fit.b_from_a, pose), 0.1) << seed;
    EXPECT_LT(fit.rms_mm, 0.15);
    EXPECT_GT(fit.matched_part, 0.8);
    EXPECT_LT(worst_error_mm(a, fit.a_from_b * fit.b_from_a, {}), 1e-9);
  }
}

TEST(Align, ExchangingTheSurfacesExchangesTheTransforms) {
  const TriangleMesh a = femur_seen(0.9, 0.9, {}),
                     b = moved(femur_seen(0.8, 1.2, small_tilt()), small_tilt());
  const Alignment ab = align({a}, {b}), ba = align({b}, {a});
  EXPECT_EQ(ab.b_from_a.rotation(), ba.a_from_b.rotation());
  EXPECT_EQ(ab.b_from_a.translation(), ba.a_from_b.translation());
  EXPECT_EQ(ab.a_from_b.rotation(), ba.b_from_a.rotation());
  EXPECT_EQ(ab.rms_mm, ba.rms_mm);
}

TEST(Align, PartsThatOnlyOneSurfaceHasDoNotPull) {
  const TriangleMesh whole = femur_seen(0.8, 0.8, {}), cut = femur_seen(0.8, 0.8, small_tilt(), 80.0);
  const RigidTransform pose = testing::random_pose(9);
  const Alignment fit = align({whole, small_tilt()}, {moved(cut, pose), pose});
  EXPECT_LT(worst_error_mm(cut, fit.b_from_a, pose), 0.15);
  EXPECT_LT(fit.matched_part, 0.95);
}

TEST(Align, IsTheSameForAnyNumberOfThreads) {
  const TriangleMesh a = femur_seen(1.2, 1.2, {}), b = moved(a, small_tilt());
  const Alignment one = align({a}, {b}, {.threads = 1}), many = align({a}, {b}, {.threads = 5});
  EXPECT_EQ(one.b_from_a.rotation(), many.b_from_a.rotation());
  EXPECT_EQ(one.b_from_a.translation(), many.b_from_a.translation());
}

TEST(Align, LeavesAloneWhatNothingIsFeltOf) {
  // A ball can be turned at will: its middle is found, and it is not spun.
  const TriangleMesh a = testing::icosphere({}, 20.0, 4);
  const RigidTransform shift = RigidTransform::translation_by({2.0, -1.0, 3.0});
  const Alignment fit = align({a}, {moved(a, shift)});
  EXPECT_LT(worst_error_mm(a, fit.b_from_a, shift), 0.05);
}

TEST(Align, SaysWhatItCannotAlign) {
  const TriangleMesh ball = testing::icosphere({}, 20.0, 3);
  EXPECT_THROW(align({TriangleMesh{}}, {ball}), InvalidInput);
  EXPECT_THROW(align({ball, {}, {1, 0, 1}}, {ball}), InvalidInput);
  EXPECT_THROW(align({ball, {}, std::vector<std::uint8_t>(ball.vertices().size(), 0)}, {ball}), InvalidInput);
  EXPECT_THROW(align({ball}, {testing::icosphere({90.0, 0.0, 0.0}, 20.0, 3)}), NotConverged);
}

}  // namespace
}  // namespace genu::registration
