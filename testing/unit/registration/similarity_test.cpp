// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/phantom/scan.h>
#include <genu/registration/similarity.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>
#include <genu/testing/bodies.h>

namespace genu::registration {
namespace {

/// An ellipsoid that lies askew: no two of its axes are alike, so all of a similarity is felt.
TriangleMesh oblique_ellipsoid(const Vector3& half_axes_mm = {40.0, 24.0, 31.0}) {
  const TriangleMesh ball = testing::icosphere({}, 1.0, 4);
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices())
    vertices.push_back({half_axes_mm.x * p.x, half_axes_mm.y * p.y, half_axes_mm.z * p.z});
  return moved({std::move(vertices), ball.triangles()},
               RigidTransform::rotation_about({}, {0.3, 1.0, -0.4}, 25.0));
}

/// Every third vertex with its normal.
std::vector<SurfaceSample> samples_of(const TriangleMesh& mesh) {
  const std::vector<Vector3> normals = surface::vertex_normals(mesh);
  std::vector<SurfaceSample> samples;
  for (std::size_t v = 0; v < normals.size(); v += 3) samples.push_back({mesh.vertices()[v], normals[v]});
  return samples;
}

TriangleMesh mapped(const TriangleMesh& mesh, const Similarity& similarity) {
  std::vector<Point3> vertices;
  for (const Point3& p : mesh.vertices()) vertices.push_back(similarity(p));
  return {std::move(vertices), mesh.triangles()};
}

double worst_error_mm(const std::vector<SurfaceSample>& samples, const Similarity& found,
                      const Similarity& truth) {
  double worst = 0.0;
  for (const SurfaceSample& s : samples) worst = std::max(worst, distance(found(s.point), truth(s.point)));
  return worst;
}

/// A guess that is wrong by 10 degrees and 5 mm.
RigidTransform wrong(const RigidTransform& pose, std::uint64_t seed) {
  const auto s = static_cast<double>(seed);
  return pose * RigidTransform::rotation_about({}, {1.0, -0.5, s}, 10.0) *
         RigidTransform::translation_by(5.0 * normalized(Vector3{1.0, s - 2.0, 0.5}));
}

TEST(FitSimilarity, RecoversOneThatIsKnown) {
  const TriangleMesh body = oblique_ellipsoid();
  const std::vector<SurfaceSample> samples = samples_of(body);
  for (const double scale : {0.85, 1.0, 1.2})
    for (const std::uint64_t seed : {1, 2, 3}) {
      const Similarity truth{testing::random_pose(seed), scale};
      const SimilarityFit fit = fit_similarity(samples, {mapped(body, truth), wrong(truth.motion, seed)});
      EXPECT_LT(worst_error_mm(samples, fit.fixed_from_moving, truth), 1e-3) << scale << ", seed " << seed;
      EXPECT_NEAR(fit.fixed_from_moving.scale, scale, 1e-5);
      EXPECT_LT(fit.rms_mm, 1e-3);
      EXPECT_EQ(fit.matched_part, 1.0);
    }
}

/// The phantom's femur on a grid of so many mm along the leg, and which of its vertices the border did not
/// make.
struct Seen {
  TriangleMesh mesh;
  std::vector<std::uint8_t> counts;
};
Seen femur_seen(double voxel_mm, double length_mm) {
  const phantom::Knee knee({});
  const ImageGeometry grid =
      phantom::sagittal_grid(knee, voxel_mm, voxel_mm, {.extent_mm = Vector3{120.0, length_mm, 110.0}});
  const LabelMap labels = testing::label(grid, [&](const Point3& p) {
    return knee.tissue_at(p) == Tissue::femur ? Tissue::femur : Tissue::background;
  });
  Seen seen{surface::extract(labels, [](Tissue t) { return t == Tissue::femur; }), {}};
  for (const Point3& p : seen.mesh.vertices()) {
    const ContinuousIndex at = grid.to_index(p);
    const double along = std::min(at.j + 0.5, static_cast<double>(grid.size()[1]) - 0.5 - at.j);
    seen.counts.push_back(along * voxel_mm > 1.5 ? 1 : 0);
  }
  return seen;
}

TEST(FitSimilarity, PartsThatTheViewCutsOffDoNotPull) {
  const Seen whole = femur_seen(1.2, 130.0), cut = femur_seen(1.1, 85.0);
  std::vector<SurfaceSample> samples;
  const std::vector<Vector3> normals = surface::vertex_normals(whole.mesh);
  for (std::size_t v = 0; v < normals.size(); v += 20)
    if (whole.counts[v]) samples.push_back({whole.mesh.vertices()[v], normals[v]});
  const Similarity truth{testing::random_pose(7), 1.1};
  const SimilarityFit fit = fit_similarity(samples, {mapped(cut.mesh, truth), truth.motion, cut.counts});
  EXPECT_LT(fit.matched_part, 0.95) << "some of the shaft is not there";
  EXPECT_GT(fit.matched_part, 0.5);
  EXPECT_LT(worst_error_mm(samples, fit.fixed_from_moving, truth), 0.4);
  EXPECT_NEAR(fit.fixed_from_moving.scale, 1.1, 0.005);
  EXPECT_LT(fit.median_mm, 0.1);
}

TEST(FitSimilarity, WhatOnlyOneBodyHasDoesNotPull) {
  const TriangleMesh body = oblique_ellipsoid();
  const std::vector<SurfaceSample> samples = samples_of(body);
  // A spur: a sixth of the surface stands 4 mm further out.
  std::vector<Point3> vertices = body.vertices();
  const std::vector<Vector3> normals = surface::vertex_normals(body);
  for (std::size_t v = 0; v < vertices.size(); ++v)
    if (normals[v].z > 0.75) vertices[v] += 4.0 * normals[v];
  const SimilarityFit fit = fit_similarity(samples, {TriangleMesh(vertices, body.triangles())});
  EXPECT_LT(worst_error_mm(samples, fit.fixed_from_moving, {}), 0.05);
  EXPECT_LT(fit.matched_part, 0.95);
  EXPECT_GT(fit.rms_mm, 0.5) << "the residual tells of it all the same";
}

TEST(FitSimilarity, IsTheSameForAnyNumberOfThreads) {
  const TriangleMesh body = oblique_ellipsoid();
  const std::vector<SurfaceSample> samples = samples_of(body);
  const Partial fixed{mapped(body, {testing::random_pose(4), 1.05}), wrong(testing::random_pose(4), 2)};
  const SimilarityFit one = fit_similarity(samples, fixed, {.threads = 1}),
                      many = fit_similarity(samples, fixed, {.threads = 5});
  EXPECT_EQ(one.fixed_from_moving.motion.rotation(), many.fixed_from_moving.motion.rotation());
  EXPECT_EQ(one.fixed_from_moving.motion.translation(), many.fixed_from_moving.motion.translation());
  EXPECT_EQ(one.fixed_from_moving.scale, many.fixed_from_moving.scale);
}

TEST(FitSimilarity, DoesNotTurnABall) {
  const TriangleMesh ball = testing::icosphere({}, 20.0, 4);
  const Similarity truth{RigidTransform::translation_by({2.0, -1.0, 3.0}), 1.1};
  const std::vector<SurfaceSample> samples = samples_of(ball);
  const SimilarityFit fit = fit_similarity(samples, {mapped(ball, truth)});
  EXPECT_LT(worst_error_mm(samples, fit.fixed_from_moving, truth), 0.05);
}

TEST(FitSimilarity, SaysWhatItCannotFit) {
  const TriangleMesh body = oblique_ellipsoid();
  const std::vector<SurfaceSample> samples = samples_of(body);
  EXPECT_THROW(fit_similarity({}, {body}), InvalidInput);
  EXPECT_THROW(fit_similarity(samples, {TriangleMesh{}}), InvalidInput);
  EXPECT_THROW(fit_similarity(samples, {body, {}, {1, 0, 1}}), InvalidInput);
  EXPECT_THROW(fit_similarity(samples, {body, RigidTransform::translation_by({150.0, 0.0, 0.0})}),
               NotConverged);
  // A body of the same shape and 1.3 times the size, where only 1.2 times is believed.
  EXPECT_THROW(fit_similarity(samples, {mapped(body, {{}, 1.3})}, {.reach_mm = 15.0, .max_scale = 1.2}),
               NotConverged);
}

}  // namespace
}  // namespace genu::registration
