// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include <genu/cartilage/report.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>

// Theorems about measuring a labelled knee: it commutes with moving and mirroring the patient, and no result
// depends on the number of threads.
namespace genu {
namespace {

using cartilage::CartilageReport;
using cartilage::measure_knee;

class Measuring : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    phantom::KneeOptions& options = options_;
    options = {};
    options.defects = {{"femur", phantom::Plate::femur, -22.0, 0.0, 10.0, 1.0},
                       {"tibia", phantom::Plate::lateral_tibia, 0.0, 0.0, 9.0, 1.0}};
    options.patient_from_knee = RigidTransform::translation_by({-70.0, 10.0, 20.0}) *
                                RigidTransform::rotation_about({}, {0.3, 1.0, -0.2}, 12.0);
    const phantom::Knee knee(options);
    labels_ = std::make_unique<LabelMap>(
        phantom::scan(knee, phantom::sagittal_grid(knee, 0.7, 1.2), {.samples_per_mm = 1}).labels);
    report_ = std::make_unique<CartilageReport>(measure_knee(*labels_, {.side = Side::right}));
  }
  static void TearDownTestSuite() {
    labels_.reset();
    report_.reset();
  }
  static phantom::KneeOptions options_;
  static std::unique_ptr<LabelMap> labels_;
  static std::unique_ptr<CartilageReport> report_;
};
phantom::KneeOptions Measuring::options_;
std::unique_ptr<LabelMap> Measuring::labels_;
std::unique_ptr<CartilageReport> Measuring::report_;

struct Tolerance {
  double thickness_mm, relative_area;
};

void expect_alike(const CartilageReport& a, const CartilageReport& b, const Tolerance& tolerance) {
  ASSERT_EQ(a.parts.size(), b.parts.size());
  for (std::size_t r = 0; r < a.parts.size(); ++r) {
    const auto &x = a.parts[r], &y = b.parts[r];
    ASSERT_EQ(x.region, y.region);
    // A vertex on the border of two parts may fall to either.
    const double area = std::max(0.01, tolerance.relative_area) * x.tAB_mm2;
    EXPECT_NEAR(x.tAB_mm2, y.tAB_mm2, area) << name(x.region);
    EXPECT_NEAR(x.ThCtAB_mean_mm, y.ThCtAB_mean_mm, std::max(0.02, tolerance.thickness_mm)) << name(x.region);
  }
  ASSERT_EQ(a.margins.size(), b.margins.size());
  for (std::size_t m = 0; m < a.margins.size(); ++m) {
    // What stands out by less than a millimetre counts as nothing: noise at that height shows in full.
    const auto height = [](const cartilage::MarginMeasures& margin) {
      return std::max(1.0, margin.highest_spur_mm);
    };
    ASSERT_EQ(a.margins[m].margin, b.margins[m].margin);
    EXPECT_NEAR(height(a.margins[m]), height(b.margins[m]), 0.3) << name(a.margins[m].margin);
  }
  ASSERT_EQ(a.regions.size(), b.regions.size());
  for (std::size_t r = 0; r < a.regions.size(); ++r) {
    const auto &x = a.regions[r], &y = b.regions[r];
    ASSERT_EQ(x.region, y.region);
    EXPECT_NEAR(x.ThCtAB_mean_mm, y.ThCtAB_mean_mm, tolerance.thickness_mm) << name(x.region);
    EXPECT_NEAR(x.ThCtAB_sd_mm, y.ThCtAB_sd_mm, tolerance.thickness_mm) << name(x.region);
    EXPECT_NEAR(x.ThCcAB_mean_mm, y.ThCcAB_mean_mm, tolerance.thickness_mm) << name(x.region);
    EXPECT_NEAR(x.tAB_mm2, y.tAB_mm2, tolerance.relative_area * x.tAB_mm2) << name(x.region);
    EXPECT_NEAR(x.dAB_mm2, y.dAB_mm2, tolerance.relative_area * x.tAB_mm2) << name(x.region);
    EXPECT_NEAR(x.VC_mm3, y.VC_mm3, tolerance.relative_area * x.VC_mm3) << name(x.region);
  }
  ASSERT_EQ(a.lesions.size(), b.lesions.size());
  for (std::size_t n = 0; n < a.lesions.size(); ++n) {
    const auto &x = a.lesions[n], &y = b.lesions[n];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.subregion, y.subregion);
    EXPECT_EQ(x.icrs_grade, y.icrs_grade);
    EXPECT_NEAR(x.area_mm2, y.area_mm2, std::max(0.02, tolerance.relative_area) * x.area_mm2);
    EXPECT_NEAR(x.mean_depth_percent, y.mean_depth_percent, 1.0);
  }
}

TEST_F(Measuring, CommutesWithMovingThePatient) {
  for (const std::uint64_t seed : {1, 2}) {
    const RigidTransform motion = testing::random_pose(seed);
    const LabelMap there(moved(labels_->geometry(), motion), labels_->voxels());
    const CartilageReport report = measure_knee(there, {.side = Side::right});
    expect_alike(*report_, report, {.thickness_mm = 0.001, .relative_area = 0.001});
    for (std::size_t b = 0; b < report.bones.size(); ++b) {
      const auto &here = report_->bones[b], &moved_there = report.bones[b];
      ASSERT_EQ(here.thickness_mm.size(), moved_there.thickness_mm.size());
      double worst = 0.0, apart = 0.0;
      for (std::size_t v = 0; v < here.thickness_mm.size(); ++v) {
        apart =
            std::max(apart, distance(motion(here.surface.vertices()[v]), moved_there.surface.vertices()[v]));
        if (!std::isnan(here.thickness_mm[v]) && !std::isnan(moved_there.thickness_mm[v]))
          worst = std::max(worst, std::abs(here.thickness_mm[v] - moved_there.thickness_mm[v]));
      }
      EXPECT_LT(apart, 1e-3);
      // Where a ray passes an edge, a nanometre decides.
      EXPECT_LT(worst, 0.01) << name(here.bone);
    }
    EXPECT_LT(angle_deg(report.frame.lateral, motion(report_->frame.lateral)), 0.01);
    EXPECT_LT(angle_deg(report.frame.proximal, motion(report_->frame.proximal)), 0.01);
    EXPECT_LT(distance(report.frame.origin, motion(report_->frame.origin)), 1e-3);
  }
}

// Origin and axes come from bone, which stays where cartilage is lost.
TEST_F(Measuring, TheFemurDoesNotChangeWithTheTibiasCartilage) {
  phantom::KneeOptions worn = options_;
  worn.defects.push_back({"margin", phantom::Plate::medial_tibia, 0.0, 12.0, 30.0, 1.0});
  phantom::KneeOptions bare = options_;
  bare.medial_tibial_change_mm = -5.0;
  for (const phantom::KneeOptions& options : {worn, bare}) {
    const phantom::Knee knee(options);
    const CartilageReport report = measure_knee(
        phantom::scan(knee, phantom::sagittal_grid(knee, 0.7, 1.2), {.samples_per_mm = 1}).labels,
        {.side = Side::right});
    EXPECT_LT(angle_deg(report.frame.lateral, report_->frame.lateral), 1e-6);
    EXPECT_LT(angle_deg(report.frame.proximal, report_->frame.proximal), 1e-6);
    EXPECT_LT(distance(report.frame.origin, report_->frame.origin), 1e-6);
    for (std::size_t r = 0; r < report.regions.size(); ++r) {
      const auto &x = report_->regions[r], &y = report.regions[r];
      ASSERT_EQ(x.region, y.region);
      if (cartilage::bone_of(x.region) != Bone::femur) continue;
      EXPECT_NEAR(x.ThCtAB_mean_mm, y.ThCtAB_mean_mm, 0.01) << name(x.region);
      EXPECT_NEAR(x.tAB_mm2, y.tAB_mm2, 0.001 * x.tAB_mm2) << name(x.region);
      EXPECT_NEAR(x.VC_mm3, y.VC_mm3, 0.001 * x.VC_mm3) << name(x.region);
    }
  }
}

/// The patient in a mirror: voxels stay, the grid becomes left-handed.
ImageGeometry mirrored(const ImageGeometry& g) {
  const auto flip = [](const Vector3& v) { return Vector3{-v.x, v.y, v.z}; };
  return {g.size(),
          {-g.origin().x, g.origin().y, g.origin().z},
          g.spacing_mm(),
          Matrix3::from_columns(flip(g.direction().column(0)), flip(g.direction().column(1)),
                                flip(g.direction().column(2)))};
}

/// The same voxels in the same places, stored from the last slice to the first.
LabelMap stored_backwards(const LabelMap& labels) {
  const ImageGeometry& g = labels.geometry();
  const GridSize& size = g.size();
  const Matrix3& d = g.direction();
  LabelMap result(ImageGeometry(size, g.to_patient(VoxelIndex{0, 0, size[2] - 1}), g.spacing_mm(),
                                Matrix3::from_columns(d.column(0), d.column(1), -d.column(2))));
  for (std::int64_t k = 0; k < size[2]; ++k)
    std::copy_n(&labels[{0, 0, k}], size[0] * size[1], &result[{0, 0, size[2] - 1 - k}]);
  return result;
}

TEST_F(Measuring, AMirroredRightKneeIsALeftKneeWithTheSameNumbers) {
  const LabelMap left(mirrored(labels_->geometry()), labels_->voxels());
  const CartilageReport report = measure_knee(left);
  EXPECT_EQ(report.side, Side::left);
  EXPECT_TRUE(report.flags.empty());
  expect_alike(*report_, report, {.thickness_mm = 0.001, .relative_area = 0.001});
}

TEST_F(Measuring, TheOrderInWhichSlicesAreStoredDoesNotMatter) {
  const CartilageReport report =
      measure_knee(stored_backwards(LabelMap(mirrored(labels_->geometry()), labels_->voxels())));
  EXPECT_EQ(report.side, Side::left);
  expect_alike(*report_, report, {.thickness_mm = 0.001, .relative_area = 0.001});
}

TEST_F(Measuring, ThicknessDoesNotDependOnTheSlices) {
  const phantom::Knee knee(options_);
  const phantom::FieldOfView joint{.extent_mm = Vector3{116.0, 92.0, 92.0}, .offset_mm = {0.0, 11.0, -12.0}};
  const auto measured = [&](double slice_mm) {
    return measure_knee(
        phantom::scan(knee, phantom::sagittal_grid(knee, 0.5, slice_mm, joint), {.samples_per_mm = 1}).labels,
        {.side = Side::right});
  };
  // Of whole plates: where a condyle is divided is found on the bone, and moves a little with its voxels.
  const auto mean_of = [](const CartilageReport& report, Bone bone, bool medial) {
    double volume = 0.0, area = 0.0;
    for (const cartilage::RegionMeasures& m : report.regions) {
      if (bone_of(m.region) != bone || (bone == Bone::tibia && (m.region == cartilage::Region::MT) != medial))
        continue;
      volume += m.ThCtAB_mean_mm * m.tAB_mm2;
      area += m.tAB_mm2;
    }
    return volume / area;
  };
  const CartilageReport coarse = measured(0.7), fine = measured(0.35);
  for (const Bone bone : all_bones)
    for (const bool medial : {true, false})
      EXPECT_NEAR(mean_of(coarse, bone, medial), mean_of(fine, bone, medial), 0.02) << name(bone) << medial;
}

TEST_F(Measuring, HasTheSameBitsForAnyNumberOfThreads) {
  cartilage::MeasureOptions one{.side = Side::right}, eight{.side = Side::right};
  one.extract.threads = one.thickness.threads = 1;
  eight.extract.threads = eight.thickness.threads = 8;
  const CartilageReport a = measure_knee(*labels_, one), b = measure_knee(*labels_, eight);
  ASSERT_EQ(a.bones.size(), b.bones.size());
  for (std::size_t n = 0; n < a.bones.size(); ++n) {
    EXPECT_EQ(a.bones[n].surface.vertices(), b.bones[n].surface.vertices());
    EXPECT_EQ(a.bones[n].cartilage.triangles(), b.bones[n].cartilage.triangles());
    EXPECT_EQ(a.bones[n].region, b.bones[n].region);
    ASSERT_EQ(a.bones[n].thickness_mm.size(), b.bones[n].thickness_mm.size());
    for (std::size_t v = 0; v < a.bones[n].thickness_mm.size(); ++v) {
      const double x = a.bones[n].thickness_mm[v], y = b.bones[n].thickness_mm[v];
      ASSERT_TRUE(x == y || (std::isnan(x) && std::isnan(y)));
    }
  }
  for (std::size_t r = 0; r < a.regions.size(); ++r) {
    EXPECT_EQ(a.regions[r].ThCtAB_mean_mm, b.regions[r].ThCtAB_mean_mm);
    EXPECT_EQ(a.regions[r].tAB_mm2, b.regions[r].tAB_mm2);
    EXPECT_EQ(a.regions[r].VC_mm3, b.regions[r].VC_mm3);
  }
}

}  // namespace
}  // namespace genu
