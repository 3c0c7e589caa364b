// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <map>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>
#include <genu/planning/target.h>
#include <genu/surface/query.h>

#include "scene.h"

namespace genu::planning {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// A whole labelled knee, not along the patient's axes.
struct LabelledKnee {
  explicit LabelledKnee(Side side)
      : knee({.side = side,
              .patient_from_knee =
                  RigidTransform::rotation_about({}, {0.2, 0.3, 1.0}, side == Side::right ? 6.0 : -6.0)}),
        labels(phantom::sagittal_grid(knee, 0.8, 1.0)) {
    parallel_for(labels.voxels().size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t v = begin; v < end; ++v)
        labels.voxels()[v] = knee.tissue_at(labels.geometry().to_patient(labels.geometry().index_of(v)));
    });
  }
  phantom::Knee knee;
  LabelMap labels;
};

const LabelledKnee& labelled(Side side) {
  static std::map<Side, LabelledKnee> made;
  return made.try_emplace(side, side).first->second;
}

std::map<std::string, Target> by_name(const std::vector<Target>& targets) {
  std::map<std::string, Target> result;
  for (const Target& t : targets) result[t.name] = t;
  return result;
}

surface::MeshQuery query_of(const Anatomy& anatomy, const std::string& name) {
  for (const Structure& s : anatomy.structures)
    if (s.name == name) return surface::MeshQuery(s.surface);
  throw InvalidInput("no " + name);
}

class TargetsOf : public ::testing::TestWithParam<Side> {};
INSTANTIATE_TEST_SUITE_P(BothSides, TargetsOf, ::testing::Values(Side::right, Side::left),
                         [](const auto& side) { return std::string(name(side.param)); });

TEST_P(TargetsOf, AWholeKneeAreAllThere) {
  const LabelledKnee& knee = labelled(GetParam());
  const KneeFrame frame = knee.knee.frame();
  const Anatomy anatomy = build_anatomy(knee.labels, frame);
  const auto targets = by_name(find_targets(anatomy, {}));
  for (const char* name :
       {"suprapatellar_recess", "medial_joint_space", "lateral_joint_space", "patellofemoral_joint_space",
        "medial_meniscus_anterior_horn", "medial_meniscus_body", "medial_meniscus_posterior_horn",
        "lateral_meniscus_anterior_horn", "lateral_meniscus_body", "lateral_meniscus_posterior_horn"})
    EXPECT_TRUE(targets.contains(name)) << name;
  EXPECT_EQ(targets.size(), 10u);

  const surface::MeshQuery recess(anatomy.recess);
  for (const Point3& p : places_of(targets.at("suprapatellar_recess"))) EXPECT_TRUE(recess.contains(p));
  EXPECT_GT(places_of(targets.at("suprapatellar_recess")).size(), 2u);
  for (const char* side : {"medial", "lateral"}) {
    const std::string meniscus = std::string(side) + "_meniscus";
    const surface::MeshQuery query = query_of(anatomy, meniscus);
    const double sign = std::string(side) == "medial" ? -1.0 : 1.0;
    std::vector<double> anterior;
    for (const char* part : {"_anterior_horn", "_body", "_posterior_horn"}) {
      const Target& target = targets.at(meniscus + part);
      EXPECT_TRUE(query.contains(target.point)) << target.name;
      EXPECT_EQ(target.surface, meniscus);
      EXPECT_GT(sign * frame.coordinates(target.point).x, 5.0) << target.name;
      anterior.push_back(frame.coordinates(target.point).y);
    }
    EXPECT_GT(anterior[0], anterior[1] + 5.0);
    EXPECT_GT(anterior[1], anterior[2] + 5.0);
  }
}

TEST_P(TargetsOf, AJointSpaceLieBetweenItsSurfacesAndClearOfMenisci) {
  const LabelledKnee& knee = labelled(GetParam());
  const KneeFrame frame = knee.knee.frame();
  const Anatomy anatomy = build_anatomy(knee.labels, frame);
  const auto targets = by_name(find_targets(anatomy, {}));
  for (const auto& [name, other, sign] :
       {std::tuple("medial_joint_space", "tibial_cartilage", -1.0),
        std::tuple("lateral_joint_space", "tibial_cartilage", 1.0),
        std::tuple("patellofemoral_joint_space", "patellar_cartilage", 0.0)}) {
    const surface::MeshQuery femoral = query_of(anatomy, "femoral_cartilage"),
                             facing = query_of(anatomy, other);
    for (const Point3& p : places_of(targets.at(name))) {
      EXPECT_LT(femoral.closest(p).distance_mm, 12.0) << name;
      EXPECT_LT(facing.closest(p).distance_mm, 12.0) << name;
      for (const Structure& s : anatomy.structures) {
        const surface::MeshQuery query(s.surface);
        EXPECT_FALSE(query.contains(p)) << name << " in " << s.name;
        if (s.kind == StructureKind::bone || s.kind == StructureKind::cartilage ||
            s.kind == StructureKind::meniscus) {
          EXPECT_GT(query.closest(p).distance_mm, 0.99) << name << " near " << s.name;
        }
      }
      if (sign != 0.0) {
        EXPECT_GT(sign * frame.coordinates(p).x, 5.0);
      }
    }
  }
}

TEST(Targets, OfALeftKneeMirrorThoseOfTheRight) {
  const auto of = [](Side side) {
    const LabelledKnee& knee = labelled(side);
    return by_name(find_targets(build_anatomy(knee.labels, knee.knee.frame()), {}));
  };
  const auto right = of(Side::right), left = of(Side::left);
  for (const auto& [name, target] : right) {
    const Vector3 a = labelled(Side::right).knee.frame().coordinates(target.point);
    const Vector3 b = labelled(Side::left).knee.frame().coordinates(left.at(name).point);
    // The voxels are not mirrored; in a sheet many places are about as deep.
    if (target.kind == TargetKind::meniscus) {
      EXPECT_LT(length(a - b), 3.0) << name;
    }
  }
}

TEST(Targets, AreGapsOfTheTendonOverThreeMillimetres) {
  const LabelledKnee& knee = labelled(Side::right);
  const KneeFrame frame = knee.knee.frame();
  const Anatomy whole = build_anatomy(knee.labels, frame);
  EXPECT_TRUE(whole.tendon_gaps.empty());
  Vector3 low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};
  for (std::size_t v = 0; v < knee.labels.voxels().size(); ++v)
    if (knee.labels.voxels()[v] == Tissue::patellar_tendon) {
      const Vector3 at =
          frame.coordinates(knee.labels.geometry().to_patient(knee.labels.geometry().index_of(v)));
      low = {std::min(low.x, at.x), std::min(low.y, at.y), std::min(low.z, at.z)};
      high = {std::max(high.x, at.x), std::max(high.y, at.y), std::max(high.z, at.z)};
    }
  const Vector3 middle = 0.5 * (low + high);
  for (const double gap_mm : {2.0, 6.0}) {
    LabelMap torn = knee.labels;
    for (std::size_t v = 0; v < torn.voxels().size(); ++v) {
      const Vector3 at = frame.coordinates(torn.geometry().to_patient(torn.geometry().index_of(v))) - middle;
      if (torn.voxels()[v] == Tissue::patellar_tendon && std::abs(at.z) < 0.5 * gap_mm &&
          std::abs(at.x) < 6.0)
        torn.voxels()[v] = Tissue::joint_fluid;
    }
    const Anatomy anatomy = build_anatomy(torn, frame);
    const auto targets = by_name(find_targets(anatomy, {}));
    EXPECT_EQ(targets.contains("patellar_tendon_gap_1"), gap_mm > 3.0) << gap_mm;
    if (gap_mm < 3.0) continue;
    ASSERT_EQ(anatomy.tendon_gaps.size(), 1u);
    EXPECT_NEAR(anatomy.tendon_gaps[0].length_mm, gap_mm, 1.0);
    const Target& target = targets.at("patellar_tendon_gap_1");
    EXPECT_EQ(target.kind, TargetKind::tendon_defect);
    EXPECT_EQ(target.surface, "patellar_tendon");
    const Vector3 at = frame.coordinates(target.point) - middle;
    EXPECT_LT(std::abs(at.z), 1.5);
    EXPECT_LT(std::abs(at.x), 3.0);
  }
}

TEST(PickedTarget, IsAPointWithATolerance) {
  const Target target = picked_target({1.0, 2.0, 3.0}, 2.5);
  EXPECT_EQ(target.kind, TargetKind::point);
  EXPECT_EQ(target.tolerance_mm, 2.5);
  EXPECT_EQ(places_of(target), std::vector<Point3>{target.point});
  EXPECT_FALSE(lies_among_surfaces(target));
  EXPECT_THROW(picked_target({1.0, std::numeric_limits<double>::quiet_NaN(), 3.0}), InvalidInput);
  EXPECT_THROW(picked_target({1.0, 2.0, 3.0}, 0.0), InvalidInput);
}

}  // namespace
}  // namespace genu::planning
