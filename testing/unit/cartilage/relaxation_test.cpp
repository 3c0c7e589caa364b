// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/cartilage/relaxation.h>
#include <genu/core/error.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>

namespace genu::cartilage {
namespace {

const Point3 centre{11.3, -7.2, 5.1};
constexpr double bone_mm = 20.0, outer_mm = 22.5;

/// A ball of bone with a shell of cartilage, measured once.
class Shell : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    labels_ = new LabelMap(testing::concentric_spheres(
        testing::oblique_grid({.spacing_mm = {0.45, 0.45, 0.9}}), centre, bone_mm, outer_mm));
    report_ = new CartilageReport(measure_knee(*labels_, {.side = Side::left}));
  }
  static void TearDownTestSuite() {
    delete labels_;
    delete report_;
  }

  /// A map that holds a function of the distance from the centre.
  static Volume<float> map_of(const std::function<double(double radius_mm)>& time) {
    Volume<float> map(labels_->geometry());
    for (std::size_t v = 0; v < map.voxels().size(); ++v)
      map.voxels()[v] =
          static_cast<float>(time(distance(map.geometry().to_patient(map.geometry().index_of(v)), centre)));
    return map;
  }
  static std::size_t cartilage_voxels() {
    return static_cast<std::size_t>(
        std::count(labels_->voxels().begin(), labels_->voxels().end(), Tissue::femoral_cartilage));
  }

  inline static const LabelMap* labels_ = nullptr;
  inline static const CartilageReport* report_ = nullptr;
};

bool is_region(Region region) {
  return parent_of(region) == region;
}

TEST_F(Shell, EachVoxelCountsOnceInARegionAndOnceInALayer) {
  const auto rows = relaxation_of_regions(map_of([](double) { return 40.0; }), *labels_, *report_);
  std::size_t whole = 0, halves = 0;
  for (const RegionRelaxation& row : rows) {
    EXPECT_EQ(bone_of(row.region), Bone::femur) << "the report has no other bone";
    EXPECT_EQ(row.fitted, row.voxels);
    if (row.voxels > 0) {
      EXPECT_EQ(row.fitted_percent, 100.0);
      EXPECT_FLOAT_EQ(row.mean_ms, 40.0);
      EXPECT_FLOAT_EQ(row.median_ms, 40.0);
      EXPECT_NEAR(row.sd_ms, 0.0, 1e-5);
    }
    if (is_region(row.region)) (row.layer == Layer::whole ? whole : halves) += row.voxels;
  }
  EXPECT_EQ(whole, cartilage_voxels());
  EXPECT_EQ(halves, whole);
}

TEST_F(Shell, LayersMeetHalfWay) {
  // The time tells the radius: 20 ms on the bone, 45 ms on the articular surface.
  const auto rows =
      relaxation_of_regions(map_of([](double r) { return 20.0 + 10.0 * (r - bone_mm); }), *labels_, *report_);
  const double half_mm = 0.5 * (bone_mm + outer_mm);
  const auto volume = [](double from, double to) { return std::pow(to, 3.0) - std::pow(from, 3.0); };
  std::size_t deep = 0, superficial = 0;
  for (const RegionRelaxation& row : rows) {
    if (row.layer == Layer::whole || row.voxels < 500) continue;
    EXPECT_NEAR(row.mean_ms, row.layer == Layer::deep ? 26.4 : 38.9, 0.6) << name(row.region);
    // A quarter of the way and three quarters, to the tilt of a shell's volume and of voxels on the border.
    EXPECT_NEAR(row.median_ms, row.mean_ms, 0.6);
    EXPECT_NEAR(row.sd_ms, 12.5 / std::sqrt(12.0), 0.3);
    if (is_region(row.region)) (row.layer == Layer::deep ? deep : superficial) += row.voxels;
  }
  EXPECT_NEAR(static_cast<double>(deep) / static_cast<double>(deep + superficial),
              volume(bone_mm, half_mm) / volume(bone_mm, outer_mm), 0.01);
}

TEST_F(Shell, VoxelsWithoutATimeOrWithFluidsAreCountedAndLeftOut) {
  Volume<float> map = map_of([](double r) {
    return r < 20.8 ? std::numeric_limits<double>::quiet_NaN() : r > 22.0 ? 400.0 : 40.0;
  });
  for (const RegionRelaxation& row : relaxation_of_regions(map, *labels_, *report_)) {
    if (row.voxels < 500) continue;
    EXPECT_LT(row.fitted, row.voxels);
    EXPECT_NEAR(row.fitted_percent, 100.0 * double(row.fitted) / double(row.voxels), 1e-9);
    EXPECT_FLOAT_EQ(row.mean_ms, 40.0);
  }
  const auto none = relaxation_of_regions(map_of([](double) { return 500.0; }), *labels_, *report_);
  for (const RegionRelaxation& row : none) {
    EXPECT_EQ(row.fitted, 0U);
    EXPECT_TRUE(std::isnan(row.mean_ms) && std::isnan(row.sd_ms) && std::isnan(row.median_ms));
  }
}

TEST_F(Shell, HasTheSameBitsForAnyNumberOfThreads) {
  const Volume<float> map = map_of([](double r) { return 2.0 * r; });
  const auto one = relaxation_of_regions(map, *labels_, *report_, {.threads = 1});
  const auto eight = relaxation_of_regions(map, *labels_, *report_, {.threads = 8});
  ASSERT_EQ(one.size(), eight.size());
  for (std::size_t n = 0; n < one.size(); ++n) {
    EXPECT_EQ(one[n].fitted, eight[n].fitted);
    EXPECT_TRUE(one[n].fitted == 0 ||
                (one[n].mean_ms == eight[n].mean_ms && one[n].median_ms == eight[n].median_ms));
  }
}

TEST_F(Shell, RefusesOtherGridsAndOptions) {
  EXPECT_THROW(relaxation_of_regions(Volume<float>(), *labels_, *report_), GeometryMismatch);
  const Volume<float> map(labels_->geometry(), 40.0F);
  EXPECT_THROW(relaxation_of_regions(map, *labels_, *report_, {.layer_border = 1.0}), InvalidInput);
  EXPECT_THROW(relaxation_of_regions(map, *labels_, *report_, {.max_time_ms = 0.0}), InvalidInput);
}

// Regions of a whole knee: each holds what its volume says, up to voxels over a border between two. Borders
// of regions are planes, and a voxel lies over the bone below it: where bone is steep, as at the notch, they
// part.
TEST(RelaxationOfRegions, FollowsTheRegionsOfTheReport) {
  const phantom::Knee knee{phantom::KneeOptions{}};
  const LabelMap labels =
      phantom::scan(knee, phantom::sagittal_grid(knee, 0.7, 2.0), {.samples_per_mm = 1}).labels;
  const CartilageReport report = measure_knee(labels);
  const auto rows = relaxation_of_regions(Volume<float>(labels.geometry(), 35.0F), labels, report);
  ASSERT_EQ(rows.size(), 3 * (measured_regions.size() + subregions.size()));
  for (const auto* list : {&report.regions, &report.parts})
    for (const RegionMeasures& m : *list) {
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const RegionRelaxation& r) {
        return r.region == m.region && r.layer == Layer::whole;
      });
      if (row == rows.end()) continue;  // a compartment
      EXPECT_NEAR(static_cast<double>(row->voxels) * labels.geometry().voxel_volume_mm3(), m.VC_mm3,
                  (is_region(m.region) ? 0.1 : 0.2) * m.VC_mm3)
          << name(m.region);
      EXPECT_NEAR(static_cast<double>((row + 1)->voxels) / static_cast<double>(row->voxels), 0.5, 0.1)
          << name(m.region) << ": half of it is deep";
    }
}

TEST(Layer, HasAName) {
  EXPECT_EQ(name(Layer::whole), "whole");
  EXPECT_EQ(name(Layer::deep), "deep");
  EXPECT_EQ(name(Layer::superficial), "superficial");
}

}  // namespace
}  // namespace genu::cartilage
