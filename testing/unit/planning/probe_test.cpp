// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <genu/core/error.h>
#include <genu/planning/probe.h>

#include "scene.h"

namespace genu::planning {
namespace {

using testing::add_sphere;

/// Flat skin, 120 mm square, that faces anterior; the knee lies behind it.
Anatomy behind_flat_skin(const KneeFrame& frame, double half_mm = 60.0) {
  Anatomy anatomy;
  anatomy.frame = frame;
  anatomy.skin_source = "labels";
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  constexpr std::uint32_t count = 21;
  for (std::uint32_t i = 0; i < count; ++i)
    for (std::uint32_t j = 0; j < count; ++j)
      vertices.push_back(
          frame.at(half_mm * (2.0 * i / (count - 1) - 1.0), 0.0, half_mm * (2.0 * j / (count - 1) - 1.0)));
  const bool mirrored = dot(cross(frame.lateral, frame.anterior), frame.proximal) < 0.0;
  const auto add = [&](std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    triangles.push_back(mirrored ? Triangle{a, b, c} : Triangle{a, c, b});
  };
  for (std::uint32_t i = 0; i + 1 < count; ++i)
    for (std::uint32_t j = 0; j + 1 < count; ++j) {
      const std::uint32_t v = i * count + j;
      add(v, v + count, v + count + 1);
      add(v, v + count + 1, v + 1);
    }
  anatomy.skin = TriangleMesh(std::move(vertices), std::move(triangles));
  return anatomy;
}

Trajectory needle(const KneeFrame& f, const Vector3& from, const Vector3& to) {
  return {testing::in_frame(f, from), testing::in_frame(f, to)};
}

class ProbeOn : public ::testing::TestWithParam<Side> {
 protected:
  KneeFrame frame_ = patient_aligned_frame(GetParam(), {3.0, -2.0, 5.0});
};
INSTANTIATE_TEST_SUITE_P(BothSides, ProbeOn, ::testing::Values(Side::right, Side::left),
                         [](const auto& side) { return std::string(name(side.param)); });

TEST_P(ProbeOn, FlatSkinSeesANeedleAtItsAngle) {
  Anatomy anatomy = behind_flat_skin(frame_);
  const ClearanceField field(anatomy);
  const Trajectory path = needle(frame_, {40.0, 0.0, 4.0}, {0.0, -20.0, 4.0});
  const auto placed = place_probe(field, path, Probe{});
  ASSERT_TRUE(std::holds_alternative<ProbeView>(placed));
  const ProbeView& view = std::get<ProbeView>(placed);
  EXPECT_NEAR(view.face_angle_deg, std::atan2(20.0, 40.0) * 57.29577951, 1e-6);
  EXPECT_NEAR(view.out_of_plane_mm, 0.0, 1e-9);
  EXPECT_NEAR(view.turn_deg, 0.0, 1e-6);
  EXPECT_NEAR(view.seen_mm, 20.0, 1e-9);
  EXPECT_LT(length(view.pose.beam + frame_.anterior), 1e-9);
  EXPECT_LT(length(view.pose.axis + frame_.lateral), 1e-9);  // From where the needle comes.
  const Vector3 face = frame_.coordinates(view.pose.face);
  EXPECT_NEAR(face.y, 0.0, 1e-9);
  EXPECT_NEAR(face.z, 4.0, 1e-9);
  EXPECT_LT(face.x + 19.0, 40.0 - 3.0);  // The footprint leaves the entry free,
  EXPECT_LE(std::abs(face.x), 17.0);     // and the target is in the image.
}

TEST_P(ProbeOn, SkinIsRefusedWithTheProblemItHas) {
  const auto problem = [&](const Anatomy& anatomy, const Trajectory& path, const Probe& probe = {}) {
    const auto placed = place_probe(ClearanceField(anatomy), path, probe);
    EXPECT_TRUE(std::holds_alternative<ViewProblem>(placed));
    return std::holds_alternative<ViewProblem>(placed) ? std::get<ViewProblem>(placed) : ViewProblem::no_room;
  };
  const Anatomy flat = behind_flat_skin(frame_);
  EXPECT_EQ(problem(flat, needle(frame_, {25.0, 0.0, 0.0}, {0.0, -30.0, 0.0})), ViewProblem::face_angle);
  EXPECT_EQ(problem(flat, needle(frame_, {58.0, 0.0, 0.0}, {0.0, -52.0, 0.0})), ViewProblem::out_of_image);
  EXPECT_EQ(problem(flat, needle(frame_, {0.0, 0.0, 40.0}, {0.0, -20.0, 0.0})), ViewProblem::turned);
  EXPECT_EQ(problem(behind_flat_skin(frame_, 15.0), needle(frame_, {14.0, 0.0, 0.0}, {0.0, -5.0, 0.0})),
            ViewProblem::no_room);
  // The needle goes in where the footprint would lie.
  EXPECT_EQ(problem(flat, needle(frame_, {4.5, 0.0, 0.0}, {0.0, -4.0, 0.0})), ViewProblem::no_room);
  Anatomy hidden = flat;
  add_sphere(hidden, "patella", StructureKind::bone, {5.0, -7.0, 0.0}, 5.0);
  EXPECT_EQ(problem(hidden, needle(frame_, {40.0, 0.0, 0.0}, {0.0, -20.0, 0.0})), ViewProblem::bone);
  // Beside the image plane the same bone hides nothing.
  Anatomy beside = flat;
  add_sphere(beside, "patella", StructureKind::bone, {5.0, -7.0, 8.0}, 5.0);
  EXPECT_TRUE(std::holds_alternative<ProbeView>(
      place_probe(ClearanceField(beside), needle(frame_, {40.0, 0.0, 0.0}, {0.0, -20.0, 0.0}), Probe{})));
}

TEST_P(ProbeOn, SeesAShortNeedleButForItsBegin) {
  // 12 mm along the skin and 8 mm deep: the face can't stand over all of a needle that goes in beside it.
  const Anatomy anatomy = behind_flat_skin(frame_);
  const auto placed =
      place_probe(ClearanceField(anatomy), needle(frame_, {12.0, 0.0, 0.0}, {0.0, -8.0, 0.0}), Probe{});
  ASSERT_TRUE(std::holds_alternative<ProbeView>(placed));
  const ProbeView& view = std::get<ProbeView>(placed);
  EXPECT_GT(view.seen_mm, 7.0);
  EXPECT_LT(view.seen_mm, 12.0);
  const Vector3 face = frame_.coordinates(view.pose.face);
  EXPECT_LE(face.x + 0.5 * view.length_mm, 12.0 - 3.0);  // Beyond the target, clear of the entry.
  EXPECT_GE(face.x + 0.5 * view.length_mm, 2.0);
}

TEST_P(ProbeOn, TakesACompactProbeWhereTheUsualHasNoRoom) {
  const Anatomy anatomy = behind_flat_skin(frame_);
  const ClearanceField field(anatomy);
  // The usual probe shows 50 mm deep, one of 80 mm not even 10: what is long must not be shallow too.
  const Trajectory path = needle(frame_, {26.0, 0.0, 0.0}, {0.0, -14.0, 0.0});
  Probe probe;
  EXPECT_TRUE(std::holds_alternative<ProbeView>(place_probe(field, path, probe)));
  probe.footprint = {80.0, 9.0, 10.0};
  ASSERT_TRUE(std::holds_alternative<ViewProblem>(place_probe(field, path, probe)));
  probe.others = {{30.0, 9.0, 8.0}, {25.0, 10.0, 40.0}, {38.0, 9.0, 50.0}};
  const auto placed = place_probe(field, path, probe);
  ASSERT_TRUE(std::holds_alternative<ProbeView>(placed));
  EXPECT_EQ(std::get<ProbeView>(placed).length_mm, 25.0);
  EXPECT_EQ(std::get<ProbeView>(placed).width_mm, 10.0);
  EXPECT_EQ(std::get<ProbeView>(placed).image_depth_mm, 40.0);
  // Where none serves, the problem of the one that came nearest.
  probe.others = {{30.0, 9.0, 8.0}};
  const auto none = place_probe(field, path, probe);
  ASSERT_TRUE(std::holds_alternative<ViewProblem>(none));
  EXPECT_EQ(std::get<ViewProblem>(none), ViewProblem::out_of_image);
}

TEST_P(ProbeOn, OutOfPlaneCrossesTheNeedleAtTheTarget) {
  const Anatomy anatomy = behind_flat_skin(frame_);
  Probe probe;
  probe.guidance = Guidance::out_of_plane;
  const Trajectory path = needle(frame_, {0.0, 0.0, 25.0}, {0.0, -20.0, 0.0});
  const auto placed = place_probe(ClearanceField(anatomy), path, probe);
  ASSERT_TRUE(std::holds_alternative<ProbeView>(placed));
  const ProbeView& view = std::get<ProbeView>(placed);
  EXPECT_NEAR(dot(path.target - view.pose.face, view.pose.across()), 0.0, 1e-9);
  EXPECT_NEAR(std::abs(dot(view.pose.axis, frame_.lateral)), 1.0, 1e-9);
  EXPECT_GT(view.out_of_plane_mm, 10.0);
  // Too near to the face to go in beside it.
  EXPECT_TRUE(std::holds_alternative<ViewProblem>(
      place_probe(ClearanceField(anatomy), needle(frame_, {0.0, 0.0, 6.0}, {0.0, -20.0, 0.0}), probe)));
}

TEST_P(ProbeOn, ARoundLimbLiesFlat) {
  const Anatomy anatomy = testing::empty_limb(frame_);
  // On the lateral side of a limb 100 mm thick, 20 mm deep.
  Probe probe;
  probe.axis = {0.0, 0.0, 1.0};
  const Trajectory path = needle(frame_, {50.0, 0.0, 45.0}, {35.0, 0.0, 0.0});
  const auto placed = place_probe(ClearanceField(anatomy), path, probe);
  // The approach's beam points backwards: up to 60 degrees of swing do not reach the side.
  ASSERT_TRUE(std::holds_alternative<ViewProblem>(placed));
  EXPECT_EQ(std::get<ViewProblem>(placed), ViewProblem::turned);
  probe.beam = {-0.8, -0.6, 0.0};
  const auto allowed = place_probe(ClearanceField(anatomy), path, probe);
  ASSERT_TRUE(std::holds_alternative<ProbeView>(allowed));
  const ProbeView& view = std::get<ProbeView>(allowed);
  EXPECT_LT(angle_deg(view.pose.beam, -frame_.lateral), 1.0);
  EXPECT_NEAR(view.face_angle_deg, std::atan2(15.0, 45.0) * 57.29577951, 1.0);
  EXPECT_LT(view.out_of_plane_mm, 1e-6);
}

TEST_P(ProbeOn, AGivenPlaceTellsHowFarTheNeedleStrays) {
  const Anatomy anatomy = behind_flat_skin(frame_);
  const ClearanceField field(anatomy);
  const ProbePose pose{frame_.at(0.0, 0.0, 0.0), -frame_.lateral, -frame_.anterior};
  // Turned by 10 degrees out of the image plane about the target, which lies 1 mm beside it.
  const double turn = 10.0 / 57.29577951;
  const Trajectory path =
      needle(frame_, {40.0 * std::cos(turn), 0.0, 1.0 + 40.0 * std::sin(turn)}, {0.0, -20.0, 1.0});
  const ProbeView view = view_from(pose, field, path, Probe{});
  const double along = 20.0 * 40.0 / std::hypot(40.0, 20.0);
  EXPECT_NEAR(view.out_of_plane_mm, 1.0 + along * std::sin(turn), 1e-6);
  EXPECT_NEAR(view.face_angle_deg, std::atan2(20.0, 40.0) * 57.29577951, 1e-6);
}

TEST(PlaceProbe, NeedsSkin) {
  const Anatomy anatomy;
  EXPECT_THROW(place_probe(ClearanceField(anatomy), {{0, 0, 0}, {10, 0, 0}}, Probe{}), InvalidInput);
}

}  // namespace
}  // namespace genu::planning
