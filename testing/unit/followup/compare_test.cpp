// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/followup/compare.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>

namespace genu::followup {
namespace {

using cartilage::CartilageReport;
using cartilage::Region;
using ::testing::Contains;
using ::testing::HasSubstr;

/// A phantom on a grid of its own, measured.
struct Measured {
  std::string name;
  LabelMap labels;
  CartilageReport report;
  Visit visit() const { return {name, report, labels}; }
};

struct Shot {
  double in_plane_mm = 0.45, slice_mm = 0.7;
  RigidTransform tilt = {};  ///< Of the grid against the knee.
  RigidTransform pose = {};  ///< Of both in the scanner.
  Vector3 extent_mm{104.0, 96.0, 92.0};
  Vector3 offset_mm{0.0, 4.0, 0.0};
};

Measured take(const std::string& name, phantom::KneeOptions knee, const Shot& shot) {
  knee.patient_from_knee = shot.pose;
  const phantom::Knee model(knee);
  const ImageGeometry grid =
      moved(phantom::sagittal_grid(model, shot.in_plane_mm, shot.slice_mm,
                                   {.extent_mm = shot.extent_mm, .offset_mm = shot.offset_mm}),
            shot.tilt);
  LabelMap labels = testing::label(grid, [&](const Point3& p) { return model.tissue_at(p); });
  CartilageReport report = cartilage::measure_knee(labels, {.side = knee.side});
  return {name, std::move(labels), std::move(report)};
}

RigidTransform tilted(double angle_deg, const Vector3& axis, const Vector3& shift) {
  return RigidTransform::translation_by(shift) *
         RigidTransform::rotation_about({-70.0, 0.0, 0.0}, axis, angle_deg);
}

Shot repeated() {
  return {.tilt = tilted(5.0, {0.4, 1.0, -0.3}, {0.21, -0.13, 0.32}),
          .pose = RigidTransform::translation_by({12.0, -7.0, 15.0}) *
                  RigidTransform::rotation_about({}, {0.2, -0.5, 1.0}, 9.0)};
}

class Comparing : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    baseline_ = std::make_unique<Measured>(take("baseline", {}, {}));
    again_ = std::make_unique<Measured>(take("again", {}, repeated()));
    thinner_ = std::make_unique<Measured>(take("24m", {.medial_tibial_change_mm = -0.10}, repeated()));
  }
  static void TearDownTestSuite() {
    baseline_.reset();
    again_.reset();
    thinner_.reset();
  }
  static std::unique_ptr<Measured> baseline_, again_, thinner_;
};
std::unique_ptr<Measured> Comparing::baseline_, Comparing::again_, Comparing::thinner_;

TEST_F(Comparing, AnUnchangedKneeInAnotherPoseAndOnAnotherGridHasNotChanged) {
  const VisitChange change = compare(baseline_->visit(), again_->visit());
  double sum = 0.0, squares = 0.0;
  ASSERT_EQ(change.regions.size(), 8U);
  for (const RegionChange& row : change.regions) {
    EXPECT_NEAR(row.ThCtAB_mm.difference(), 0.0, 0.04) << name(row.region);
    EXPECT_NEAR(row.dABp_percent.difference(), 0.0, 0.5) << name(row.region);
    EXPECT_GT(row.seen_percent, 96.0) << name(row.region) << ": a rim of each is not measured";
    EXPECT_LT(std::abs(row.VC_mm3.percent()), 2.0) << name(row.region);
    sum += row.ThCtAB_mm.difference();
    squares += row.ThCtAB_mm.difference() * row.ThCtAB_mm.difference();
  }
  EXPECT_LT(std::abs(sum / 8.0), 0.01);
  EXPECT_LT(std::sqrt(squares / 8.0), 0.03);
  for (const BoneChange& bone : change.bones) {
    EXPECT_LT(bone.alignment.rms_mm, 0.15) << name(bone.bone);
    EXPECT_LT(std::abs(bone.volume_mm3.percent()), 0.5) << name(bone.bone);
  }
  for (const std::string& flag : change.flags)
    EXPECT_THAT(flag, HasSubstr("cut by the border")) << "these images end beside the joint";
}

TEST_F(Comparing, ALossOfATenthOfAMillimetreIsFoundWhereItIs) {
  const VisitChange change = compare(baseline_->visit(), thinner_->visit());
  for (const RegionChange& row : change.regions)
    // Towards a plate's outline thickness falls to 0, and what is lost with it.
    EXPECT_NEAR(row.ThCtAB_mm.difference(), row.region == Region::MT ? -0.095 : 0.0,
                row.region == Region::MT ? 0.02 : 0.04)
        << name(row.region);
  const auto largest = std::min_element(
      change.regions.begin(), change.regions.end(),
      [](const auto& a, const auto& b) { return a.ThCtAB_mm.difference() < b.ThCtAB_mm.difference(); });
  EXPECT_EQ(largest->region, Region::MT);
  double lost = 0.0, less = 0.0;
  for (const RegionChange& row : change.parts) {
    const double difference = row.ThCtAB_mm.difference();
    if (parent_of(row.region) == Region::MT) lost += difference;
    if (parent_of(row.region) != row.region && bone_of(row.region) != Bone::patella)
      less += std::min(0.0, difference);
  }
  EXPECT_NEAR(lost, -0.5, 0.1) << "five sub-regions, up to 0.1 mm each";
  EXPECT_NEAR(change.thinning_score_mm, less, 1e-12);
  ASSERT_EQ(change.ordered_mm.size(), 16U);
  EXPECT_TRUE(std::is_sorted(change.ordered_mm.begin(), change.ordered_mm.end()));
}

TEST_F(Comparing, ExchangingTheVisitsChangesSignsAndNothingElse) {
  const VisitChange there = compare(baseline_->visit(), thinner_->visit()),
                    back = compare(thinner_->visit(), baseline_->visit());
  ASSERT_EQ(there.regions.size(), back.regions.size());
  for (const auto list : {&VisitChange::regions, &VisitChange::parts})
    for (std::size_t r = 0; r < (there.*list).size(); ++r) {
      const RegionChange &a = (there.*list)[r], &b = (back.*list)[r];
      EXPECT_EQ(a.region, b.region);
      EXPECT_NEAR(a.ThCtAB_mm.difference(), -b.ThCtAB_mm.difference(), 1e-12) << name(a.region);
      EXPECT_NEAR(a.ThCtAB_mm.baseline, b.ThCtAB_mm.followup, 1e-12) << name(a.region);
      if (a.region < Region::MFTC) {
        EXPECT_NEAR(a.dABp_percent.difference(), -b.dABp_percent.difference(), 1e-9) << name(a.region);
        EXPECT_EQ(a.VC_mm3.difference(), -b.VC_mm3.difference()) << name(a.region);
        EXPECT_NEAR(a.seen_percent, b.seen_percent, 1e-9) << name(a.region);
      }
    }
  for (std::size_t n = 0; n < there.bones.size(); ++n) {
    EXPECT_EQ(there.bones[n].volume_mm3.baseline, back.bones[n].volume_mm3.followup);
    EXPECT_EQ(there.bones[n].volume_mm3.followup, back.bones[n].volume_mm3.baseline);
  }
  EXPECT_EQ(there.flags.size(), back.flags.size());
  EXPECT_NEAR(there.thinning_score_mm, -back.thickening_score_mm, 1e-12);
  for (std::size_t n = 0; n < there.bones.size(); ++n)
    EXPECT_EQ(there.bones[n].alignment.b_from_a.translation(),
              back.bones[n].alignment.a_from_b.translation());
}

TEST_F(Comparing, WhatOneImageDoesNotShowIsSaidAndDoesNotCount) {
  // The second image ends within the medial plates.
  Shot narrow = repeated();
  narrow.extent_mm.z = 60.0;
  narrow.offset_mm.x = 16.0;
  const Measured cut = take("cut", {}, narrow);
  const VisitChange change = compare(baseline_->visit(), cut.visit());
  const RegionChange* medial = find(change, Region::MT);
  ASSERT_NE(medial, nullptr);
  EXPECT_LT(medial->seen_percent, 95.0);
  EXPECT_TRUE(std::isnan(medial->VC_mm3.difference()));
  EXPECT_NEAR(medial->ThCtAB_mm.difference(), 0.0, 0.05);
  EXPECT_THAT(change.flags, Contains(HasSubstr("MT: only")));
  for (const BoneChange& bone : change.bones)
    EXPECT_LT(std::abs(bone.volume_mm3.percent()), 1.0)
        << name(bone.bone) << ": the same part of it is counted";
}

// A plate that one visit's labels do not hold was lost or not labelled: nobody knows, so it did not become 0.
TEST_F(Comparing, APlateThatOneVisitLacksIsNotALoss) {
  LabelMap labels = again_->labels;
  std::replace(labels.voxels().begin(), labels.voxels().end(), Tissue::lateral_tibial_cartilage,
               Tissue::background);
  CartilageReport report = cartilage::measure_knee(labels, {.side = Side::right});
  const Measured lacking{"lacking", std::move(labels), std::move(report)};
  const VisitChange change = compare(baseline_->visit(), lacking.visit());
  EXPECT_TRUE(std::isnan(find(change, Region::LT)->ThCtAB_mm.difference()));
  EXPECT_NEAR(find(change, Region::MT)->ThCtAB_mm.difference(), 0.0, 0.04);
  for (const BoneChange& bone : change.bones) {
    if (bone.bone != Bone::tibia) continue;
    const auto& map = *std::find_if(baseline_->report.bones.begin(), baseline_->report.bones.end(),
                                    [](const auto& m) { return m.bone == Bone::tibia; });
    for (std::size_t v = 0; v < map.region.size(); ++v)
      EXPECT_TRUE(map.region[v] != Region::LT || std::isnan(bone.thickness_change_mm[v]));
  }
}

TEST_F(Comparing, OtherVoxelsAreFlagged) {
  Shot coarse = repeated();
  coarse.slice_mm = 2.0;
  const Measured other = take("coarse", {}, coarse);
  EXPECT_THAT(compare(baseline_->visit(), other.visit()).flags, Contains(HasSubstr("voxels differ")));
}

TEST_F(Comparing, RefusesWhatIsNotTheSame) {
  const auto message = [](const auto& work) {
    try {
      work();
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  Measured left = *again_;
  left.report.side = Side::left;
  EXPECT_THAT(message([&] { compare(baseline_->visit(), left.visit()); }), HasSubstr("left knee"));
  Measured other_way = *again_;
  other_way.report.thickness_options.max_gap_mm = 2.0;
  EXPECT_THAT(message([&] { compare(baseline_->visit(), other_way.visit()); }), HasSubstr("gap 2 mm"));
  const Measured stranger = take("stranger", {.scale = 1.1}, {.in_plane_mm = 0.9, .slice_mm = 1.0});
  EXPECT_THAT(message([&] { compare(baseline_->visit(), stranger.visit()); }), HasSubstr("another knee"));
  Measured boneless = *again_;
  boneless.report.bones.clear();
  EXPECT_THAT(message([&] { compare(baseline_->visit(), boneless.visit()); }), HasSubstr("no bone"));
}

}  // namespace
}  // namespace genu::followup
