// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <vtkActor.h>
#include <vtkActorCollection.h>
#include <vtkNew.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>

#include <genu/render/native.h>
#include <genu/testing/bodies.h>

namespace genu::render {
namespace {

const Point3 middle{11.0, -7.0, 5.0};

TEST(Native, AddsOneActorForEachBoneThatIsThere) {
  cartilage::CartilageReport report;
  report.bones.resize(3);
  for (std::size_t b : {0u, 2u}) {
    report.bones[b].surface = testing::icosphere(middle, 10.0, 2);
    report.bones[b].thickness_mm.assign(report.bones[b].surface.vertices().size(), 2.0);
    report.bones[b].region.assign(report.bones[b].surface.vertices().size(), cartilage::Region::cMF);
  }
  vtkNew<vtkRenderer> renderer;
  add_thickness_map(renderer, report);
  EXPECT_EQ(renderer->GetActors()->GetNumberOfItems(), 2);
}

// Patient space goes into VTK as it is: a scene must line up with image slices in the same renderer.
TEST(Native, ActorsStandInPatientSpace) {
  planning::Anatomy anatomy;
  anatomy.structures.push_back(
      {"femur", planning::StructureKind::bone, testing::icosphere(middle, 10.0, 4), ""});
  vtkNew<vtkRenderer> renderer;
  add_anatomy(renderer, anatomy);
  double bounds[6];
  renderer->ComputeVisiblePropBounds(bounds);
  EXPECT_NEAR(bounds[0], middle.x - 10.0, 0.05);
  EXPECT_NEAR(bounds[3], middle.y + 10.0, 0.05);
  EXPECT_NEAR(bounds[5], middle.z + 10.0, 0.05);
}

TEST(Native, SkinAndRecessAreTransparentAndBoneIsNot) {
  planning::Anatomy anatomy;
  anatomy.structures.push_back(
      {"femur", planning::StructureKind::bone, testing::icosphere(middle, 10.0, 2), ""});
  anatomy.recess = testing::icosphere(middle, 3.0, 2);
  anatomy.skin = testing::icosphere(middle, 30.0, 2);
  vtkNew<vtkRenderer> renderer;
  add_anatomy(renderer, anatomy);
  vtkActorCollection& actors = *renderer->GetActors();
  ASSERT_EQ(actors.GetNumberOfItems(), 3);
  actors.InitTraversal();
  EXPECT_EQ(actors.GetNextActor()->GetProperty()->GetOpacity(), 1.0);
  EXPECT_LT(actors.GetNextActor()->GetProperty()->GetOpacity(), 0.6);
  EXPECT_LT(actors.GetNextActor()->GetProperty()->GetOpacity(), 0.3);
}

TEST(Native, PlanHasATargetAndEveryTrajectory) {
  planning::NeedlePlan plan;
  plan.target.point = middle;
  vtkNew<vtkRenderer> renderer;
  add_plan(renderer, plan, 0);
  EXPECT_EQ(renderer->GetActors()->GetNumberOfItems(), 1) << "the target alone";
  for (int t = 0; t < 3; ++t)
    plan.ranked.push_back({{middle + Vector3{-30.0 + t, 0, 0}, middle}, {}, true, 0.5});
  vtkNew<vtkRenderer> other;
  add_plan(other, plan, 1);
  EXPECT_EQ(other->GetActors()->GetNumberOfItems(), 1 + 2 * 3);
}

}  // namespace
}  // namespace genu::render
