// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <genu/core/parallel.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>
#include <genu/planning/plan.h>

#include "scene.h"

// What a radiologist would expect of plans on a whole knee.
namespace genu::planning {
namespace {

struct PlannedKnee {
  Anatomy anatomy;
  std::vector<Target> targets;
  std::map<std::string, NeedlePlan> plans;
};

cartilage::CartilageReport report_of(const phantom::Knee& knee) {
  cartilage::CartilageReport report;
  for (const auto& truth : phantom::truth_of(knee).lesions) {
    cartilage::Lesion lesion;
    lesion.name = truth.defect.name;
    lesion.region =
        truth.defect.plate == phantom::Plate::patella ? cartilage::Region::P : cartilage::Region::cMF;
    lesion.centre = truth.centre;
    lesion.normal = truth.normal;
    lesion.articular_point = truth.centre + 2.2 * truth.normal;
    report.lesions.push_back(std::move(lesion));
  }
  return report;
}

Approach superolateral() {
  Approach approach = testing::lateral_approach();
  approach.entry = {EntryWindow::From::target, {15.0, -30.0, -40.0}, {80.0, 40.0, 50.0}};
  return approach;
}

const PlannedKnee& planned(Side side) {
  static std::map<Side, PlannedKnee> made;
  const auto [place, is_new] = made.try_emplace(side);
  if (!is_new) return place->second;
  phantom::KneeOptions options;
  options.side = side;
  options.patient_from_knee =
      RigidTransform::rotation_about({}, {0.2, 0.3, 1.0}, side == Side::right ? 6.0 : -6.0);
  options.defects = {{"weight-bearing femur", phantom::Plate::femur, -20.0, 0.0, 10.0, 1.0},
                     {"trochlea", phantom::Plate::femur, 0.0, 45.0, 10.0, 1.0}};
  const phantom::Knee knee(options);
  LabelMap labels(phantom::sagittal_grid(knee, 1.0, 1.3));
  parallel_for(labels.voxels().size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t v = begin; v < end; ++v)
      labels.voxels()[v] = knee.tissue_at(labels.geometry().to_patient(labels.geometry().index_of(v)));
  });
  PlannedKnee& result = place->second;
  result.anatomy = build_anatomy(labels, knee.frame());
  result.targets = find_targets(result.anatomy, report_of(knee));
  const ClearanceField field(result.anatomy);
  for (const Target& target : result.targets)
    result.plans[target.name] = plan_needle(field, target, superolateral());
  return result;
}

class PhantomPlan : public ::testing::TestWithParam<Side> {};
INSTANTIATE_TEST_SUITE_P(BothSides, PhantomPlan, ::testing::Values(Side::right, Side::left),
                         [](const auto& side) { return std::string(name(side.param)); });

TEST_P(PhantomPlan, GoesFromTheSuperolateralSkinIntoTheRecess) {
  const PlannedKnee& knee = planned(GetParam());
  const NeedlePlan& plan = knee.plans.at("suprapatellar_recess");
  ASSERT_EQ(plan.ranked.size(), PlanOptions{}.max_ranked);
  EXPECT_GT(plan.safe, plan.ranked.size());
  const KneeFrame& frame = knee.anatomy.frame;
  double patella_top = -1e9;
  for (const auto& s : knee.anatomy.structures)
    if (s.name == "patella")
      for (const Point3& p : s.surface.vertices())
        patella_top = std::max(patella_top, frame.coordinates(p).z);
  const Vector3 target = frame.coordinates(plan.target.point);
  EXPECT_GT(target.z, patella_top);
  for (const auto& r : plan.ranked) {
    const Vector3 entry = frame.coordinates(r.path.entry);
    EXPECT_GT(entry.x, target.x + 15.0);
    EXPECT_GT(entry.z, patella_top - 10.0);
    EXPECT_GT(r.card.depth_mm, 15.0);
    EXPECT_LT(r.card.depth_mm, 60.0);
  }
  for (const char* there : {"femur", "patella", "quadriceps_tendon", "popliteal_artery", "skin"})
    EXPECT_THAT(knee.anatomy.missing, ::testing::Not(::testing::Contains(there)));
  testing::expect_oracle_agrees(plan, knee.anatomy, superolateral());
}

TEST_P(PhantomPlan, ReachesALesionOfTheTrochleaBetweenPatellaAndFemur) {
  const PlannedKnee& knee = planned(GetParam());
  const NeedlePlan& plan = knee.plans.at("trochlea");
  EXPECT_FALSE(plan.ranked.empty());
  testing::expect_oracle_agrees(plan, knee.anatomy, superolateral());
}

TEST_P(PhantomPlan, SaysThatTheWeightBearingFemurIsOutOfReach) {
  const NeedlePlan& plan = planned(GetParam()).plans.at("weight-bearing femur");
  EXPECT_THAT(plan.ranked, ::testing::IsEmpty());
  EXPECT_GT(testing::count_of(plan, Rejection::crosses_bone), 0u);
  EXPECT_THAT(plan.reasons, ::testing::Contains(::testing::HasSubstr("cross bone (")));
  EXPECT_THAT(plan.reasons, ::testing::Contains(::testing::HasSubstr("Another approach")));
}

TEST(PhantomPlan, IsTheSameOnBothSides) {
  const NeedlePlan& right = planned(Side::right).plans.at("suprapatellar_recess");
  const NeedlePlan& left = planned(Side::left).plans.at("suprapatellar_recess");
  const Vector3 a = planned(Side::right).anatomy.frame.coordinates(right.ranked[0].path.entry);
  const Vector3 b = planned(Side::left).anatomy.frame.coordinates(left.ranked[0].path.entry);
  // The voxels are not mirrored, so the surfaces differ by parts of a voxel and the entries by up to a cube.
  EXPECT_LT(length(a - b), 4.0);
  EXPECT_NEAR(right.ranked[0].score, left.ranked[0].score, 0.03);
}

}  // namespace
}  // namespace genu::planning
