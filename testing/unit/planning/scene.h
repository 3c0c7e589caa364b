// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <genu/planning/plan.h>
#include <genu/testing/bodies.h>
#include <genu/testing/distances.h>

// Anatomies of spheres in a tube of skin, and the check that a plan keeps what it promises.
namespace genu::testing {

using planning::Anatomy;
using planning::Approach;
using planning::Rejection;
using planning::StructureKind;
using planning::Target;

inline Point3 in_frame(const KneeFrame& frame, const Vector3& v) {
  return frame.at(v.x, v.y, v.z);
}

/// An open tube around the frame's proximal axis, moved by `shift` in the frame; normals point outward.
inline TriangleMesh tube(const KneeFrame& frame, double radius_mm, double half_length_mm,
                         Vector3 shift = {}) {
  constexpr std::uint32_t around = 180, along = 19;
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (std::uint32_t z = 0; z < along; ++z)
    for (std::uint32_t a = 0; a < around; ++a) {
      const double angle = 2.0 * std::numbers::pi * a / around;
      vertices.push_back(
          in_frame(frame, shift + Vector3{radius_mm * std::cos(angle), radius_mm * std::sin(angle),
                                          half_length_mm * (2.0 * z / (along - 1.0) - 1.0)}));
    }
  const bool mirrored = dot(cross(frame.lateral, frame.anterior), frame.proximal) < 0.0;
  const auto add = [&](std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    triangles.push_back(mirrored ? Triangle{a, c, b} : Triangle{a, b, c});
  };
  for (std::uint32_t z = 0; z + 1 < along; ++z)
    for (std::uint32_t a = 0; a < around; ++a) {
      const std::uint32_t b = (a + 1) % around;
      const std::uint32_t v = z * around + a, w = z * around + b;
      add(v, w, w + around);
      add(v, w + around, v + around);
    }
  return {std::move(vertices), std::move(triangles)};
}

constexpr double limb_radius_mm = 50.0;

/// A limb without anything in it; add structures to it.
inline Anatomy empty_limb(const KneeFrame& frame) {
  Anatomy anatomy;
  anatomy.frame = frame;
  anatomy.skin = tube(frame, limb_radius_mm, 90.0);
  anatomy.skin_source = "labels";
  return anatomy;
}

inline void add_sphere(Anatomy& anatomy, const std::string& name, StructureKind kind, const Vector3& centre,
                       double radius_mm, int subdivisions = 4) {
  anatomy.structures.push_back(
      {name, kind, icosphere(in_frame(anatomy.frame, centre), radius_mm, subdivisions), "segmented"});
}

/// Returns all of an anatomy elsewhere, but for the gaps of its tendons.
inline Anatomy moved(const Anatomy& anatomy, const RigidTransform& motion) {
  Anatomy result = anatomy;
  result.frame.origin = motion(anatomy.frame.origin);
  result.frame.lateral = motion(anatomy.frame.lateral);
  result.frame.anterior = motion(anatomy.frame.anterior);
  result.frame.proximal = motion(anatomy.frame.proximal);
  result.skin = genu::moved(anatomy.skin, motion);
  if (!anatomy.recess.empty()) result.recess = genu::moved(anatomy.recess, motion);
  for (auto& s : result.structures) s.surface = genu::moved(s.surface, motion);
  return result;
}

inline Point3 mirrored(const Point3& p) {
  return {-p.x, p.y, p.z};
}
inline Vector3 mirrored(const Vector3& v) {
  return {-v.x, v.y, v.z};
}
inline TriangleMesh mirrored(const TriangleMesh& mesh) {
  auto vertices = mesh.vertices();
  auto triangles = mesh.triangles();
  for (Point3& p : vertices) p = mirrored(p);
  for (Triangle& t : triangles) std::swap(t[1], t[2]);
  return {std::move(vertices), std::move(triangles)};
}

/// Returns the knee of the other side that looks like this one in a mirror, but for the gaps of its tendons.
inline Anatomy mirrored(const Anatomy& anatomy) {
  Anatomy result = anatomy;
  const KneeFrame& f = anatomy.frame;
  result.frame = {f.side == Side::right ? Side::left : Side::right, mirrored(f.origin), mirrored(f.lateral),
                  mirrored(f.anterior), mirrored(f.proximal)};
  result.skin = mirrored(anatomy.skin);
  if (!anatomy.recess.empty()) result.recess = mirrored(anatomy.recess);
  for (auto& s : result.structures) s.surface = mirrored(s.surface);
  return result;
}

inline Approach lateral_approach() {
  Approach approach;
  approach.name = "superolateral";
  approach.targets = {planning::TargetKind::recess};
  approach.entry = {planning::EntryWindow::From::target, {10.3, -40.7, -50.2}, {79.1, 40.6, 50.9}};
  approach.probe.guidance = planning::Guidance::none;  // What a probe sees is another test's.
  approach.needles = {
      {"25 G, 1.5 in", 25, 0.51, 38.1}, {"21 G, 2 in", 21, 0.82, 50.8}, {"22 G, 3 in", 22, 0.72, 76.2}};
  return approach;
}

inline Target target_at(const Anatomy& anatomy, const Vector3& at) {
  Target target;
  target.name = "suprapatellar_recess";
  target.kind = planning::TargetKind::recess;
  target.point = in_frame(anatomy.frame, at);
  return target;
}

/// Returns the angle between a path and the inward normal of the skin, by the oracle.
inline double oracle_skin_angle_deg(const Anatomy& anatomy, const Trajectory& path) {
  return angle_deg(path.target - path.entry, -oracle_normal(anatomy.skin, path.entry));
}

/// Returns the shortest needle that reaches so deep, or null.
inline const planning::Needle* needle_for(const Approach& approach, double depth_mm) {
  const planning::Needle* best = nullptr;
  for (const auto& needle : approach.needles)
    if (needle.length_mm >= depth_mm + approach.hub_reserve_mm &&
        (!best || needle.length_mm < best->length_mm))
      best = &needle;
  return best;
}

/// Checks everything a plan says of its returned trajectories against the oracle.
inline void expect_oracle_agrees(const planning::NeedlePlan& plan, const Anatomy& anatomy,
                                 const Approach& approach) {
  for (const auto& ranked : plan.ranked) {
    const auto& [entry, target] = ranked.path;
    EXPECT_THAT(planning::places_of(plan.target), ::testing::Contains(target));
    EXPECT_LT(oracle_distance_mm(anatomy.skin, entry, entry), 1e-6) << "the entry is not on the skin";
    ASSERT_TRUE(ranked.card.needle);
    EXPECT_NEAR(ranked.card.depth_mm, distance(entry, target), 1e-9);
    EXPECT_LE(ranked.card.depth_mm + approach.hub_reserve_mm, ranked.card.needle->length_mm);
    for (const auto& shorter : approach.needles)
      EXPECT_TRUE(shorter.length_mm >= ranked.card.needle->length_mm ||
                  ranked.card.depth_mm + approach.hub_reserve_mm > shorter.length_mm);
    EXPECT_NEAR(ranked.card.skin_angle_deg, oracle_skin_angle_deg(anatomy, ranked.path), 1e-5);
    EXPECT_LE(ranked.card.skin_angle_deg, approach.max_skin_angle_deg);
    EXPECT_FALSE(oracle_crosses(anatomy.skin, lerp(entry, target, 1.0 / ranked.card.depth_mm), target));
    ASSERT_EQ(ranked.card.clearances.size(), anatomy.structures.size());
    for (std::size_t c = 1; c < ranked.card.clearances.size(); ++c)
      EXPECT_LE(ranked.card.clearances[c - 1].distance_mm, ranked.card.clearances[c].distance_mm);
    for (const auto& structure : anatomy.structures) {
      const auto row = std::find_if(ranked.card.clearances.begin(), ranked.card.clearances.end(),
                                    [&](const auto& c) { return c.structure == structure.name; });
      ASSERT_NE(row, ranked.card.clearances.end()) << structure.name;
      const bool among = plan.target.kind == planning::TargetKind::cartilage_lesion;
      const bool upto_tolerance =
          among && (structure.kind == StructureKind::cartilage || structure.kind == StructureKind::bone ||
                    structure.kind == StructureKind::meniscus);
      const double part = upto_tolerance ? 1.0 - plan.target.tolerance_mm / ranked.card.depth_mm : 1.0;
      const Point3 end = lerp(entry, target, part);
      const double truth =
          oracle_distance_mm(structure.surface, entry, end) - 0.5 * ranked.card.needle->diameter_mm;
      EXPECT_NEAR(row->distance_mm, truth, 1e-6) << structure.name;
      EXPECT_GE(truth, approach.asked_of(structure) - 1e-6) << structure.name;
      const bool other_cartilage = upto_tolerance && structure.kind == StructureKind::cartilage &&
                                   !plan.target.surface.empty() && structure.name != plan.target.surface;
      if (structure.kind == StructureKind::bone || other_cartilage) {
        EXPECT_FALSE(oracle_crosses(structure.surface, entry, target)) << structure.name;
      }
    }
  }
}

/// Checks that the reason given for every rejected trajectory is true by the oracle.
inline void expect_rejections_are_true(const planning::NeedlePlan& plan, const Anatomy& anatomy,
                                       const Approach& approach) {
  for (const auto& [path, reason, detail, in_the_way] : plan.rejected) {
    const auto structure = std::find_if(anatomy.structures.begin(), anatomy.structures.end(),
                                        [&, name = in_the_way](const auto& s) { return s.name == name; });
    const Point3 begin = lerp(path.entry, path.target, 1.0 / path.length_mm());
    EXPECT_FALSE(detail.empty());
    switch (reason) {
      case Rejection::skin_angle:
        EXPECT_THAT(detail, ::testing::HasSubstr("degrees"));
        EXPECT_GT(oracle_skin_angle_deg(anatomy, path), approach.max_skin_angle_deg - 1e-5);
        EXPECT_NEAR(std::stod(detail), oracle_skin_angle_deg(anatomy, path), 0.006);
        break;
      case Rejection::needle_too_short:
        EXPECT_EQ(needle_for(approach, path.length_mm()), nullptr);
        break;
      case Rejection::leaves_body:
        EXPECT_TRUE(oracle_crosses(anatomy.skin, begin, path.target)) << detail;
        break;
      case Rejection::crosses_bone:
        ASSERT_NE(structure, anatomy.structures.end());
        EXPECT_EQ(structure->kind, StructureKind::bone);
        EXPECT_TRUE(oracle_crosses(structure->surface, path.entry, path.target)) << detail;
        break;
      default: {
        const planning::Needle* needle = needle_for(approach, path.length_mm());
        ASSERT_NE(structure, anatomy.structures.end());
        ASSERT_NE(needle, nullptr);
        const double apart =
            oracle_distance_mm(structure->surface, path.entry, path.target) - 0.5 * needle->diameter_mm;
        EXPECT_LT(apart, approach.asked_of(*structure)) << detail;
        if (apart >= 0.0) {
          EXPECT_NEAR(std::stod(detail.substr(detail.find(':') + 1)), apart, 0.006) << detail;
        }
      }
    }
  }
}

inline std::size_t count_of(const planning::NeedlePlan& plan, Rejection reason) {
  return static_cast<std::size_t>(std::count_if(plan.rejected.begin(), plan.rejected.end(),
                                                [&](const auto& r) { return r.reason == reason; }));
}

}  // namespace genu::testing
