// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/ultrasound/acoustic_plane.h>

namespace genu::ultrasound {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(TissuePlane, WithoutTextureHasOneLevelEverywhere) {
  const AcousticPlane plane = tissue_plane(Tissue::muscle, 40, 30, {0.1, 0.1}, {.texture = 0.0});
  ASSERT_EQ(plane.backscatter_db.size(), 1200u);
  for (const float level : plane.backscatter_db) EXPECT_EQ(level, plane.backscatter_db[0]);
}

TEST(TissuePlane, TendonIsBrighterThanMuscleAndCartilageAndFluidAreDark) {
  const auto level = [](Tissue t) {
    return tissue_plane(t, 8, 8, {0.1, 0.1}, {.texture = 0.0}).backscatter_db[0];
  };
  EXPECT_GT(level(Tissue::quadriceps_tendon), level(Tissue::muscle) + 6.0F);
  EXPECT_LT(level(Tissue::femoral_cartilage), level(Tissue::muscle) - 10.0F);
  EXPECT_LT(level(Tissue::joint_fluid), level(Tissue::femoral_cartilage) - 20.0F);
}

TEST(TissuePlane, FibresRunAtTheirAngle) {
  // Along the fibres the level hardly changes; across them it does.
  const AcousticPlane plane =
      tissue_plane(Tissue::patellar_tendon, 200, 200, {0.1, 0.1}, {.fibre_angle_deg = 45.0, .seed = 3});
  double along = 0.0, across = 0.0;
  for (int y = 20; y < 180; ++y)
    for (int x = 20; x < 180; ++x) {
      const auto at = [&](int dx, int dy) {
        return plane
            .backscatter_db[static_cast<std::size_t>(y + dy) * 200 + static_cast<std::size_t>(x + dx)];
      };
      along += std::abs(at(3, 3) - at(0, 0));
      across += std::abs(at(3, -3) - at(0, 0));
    }
  EXPECT_GT(across, 5.0 * along);
}

TEST(AddLayer, LiesWhereItsEndsAndSagittaSay) {
  AcousticPlane plane = tissue_plane(Tissue::muscle, 101, 80, {0.1, 0.1}, {.texture = 0.0});
  const float muscle = plane.impedance_mrayl[0];
  add_layer(plane, {.from = {0, 20}, .to = {100, 40}, .sagitta_mm = 1.0, .thickness_mm = 0.5});
  for (const int x : {30, 50, 70}) {
    double sum = 0.0, rows = 0.0;
    for (int y = 0; y < 80; ++y) {
      const float more =
          plane.impedance_mrayl[static_cast<std::size_t>(y) * 101 + static_cast<std::size_t>(x)] - muscle;
      sum += more, rows += more * y;
    }
    // The bow is across the line, whose slope is 0.2; at x = 50 it is 10 pixels off, at 30 and 70 8.4.
    const double straight = 20.0 + 0.2 * x, bow = x == 50 ? 10.0 : 8.4;
    EXPECT_NEAR(rows / sum, straight + bow * std::hypot(1.0, 0.2), 0.7) << x;
  }
  AcousticPlane other = tissue_plane(Tissue::muscle, 101, 80, {0.1, 0.1}, {.texture = 0.0});
  add_layer(other, {.from = {100, 40}, .to = {0, 20}, .sagitta_mm = 1.0, .thickness_mm = 0.5});
  for (std::size_t i = 0; i < plane.pixel_count(); ++i)
    EXPECT_NEAR(other.impedance_mrayl[i], plane.impedance_mrayl[i], 1e-5F);
}

TEST(AddBone, FillsWhatLiesBelowItAndNothingElse) {
  AcousticPlane plane = tissue_plane(Tissue::muscle, 10, 20, {0.1, 0.1}, {.texture = 0.0});
  std::vector<double> bone(10, nan);
  bone[4] = 7.5;
  add_bone(plane, bone);
  const float soft = plane.attenuation_db_cm_mhz[0];
  for (int y = 0; y < 20; ++y) {
    EXPECT_EQ(plane.attenuation_db_cm_mhz[static_cast<std::size_t>(y) * 10 + 3], soft);
    EXPECT_EQ(plane.attenuation_db_cm_mhz[static_cast<std::size_t>(y) * 10 + 4] > soft, y >= 8) << y;
  }
}

TEST(AcousticPlane, RefusesWhatIsNoPlane) {
  EXPECT_THROW(tissue_plane(Tissue::muscle, 0, 30, {0.1, 0.1}), InvalidInput);
  EXPECT_THROW(tissue_plane(Tissue::muscle, 30, 100000, {0.1, 0.1}), InvalidInput);
  EXPECT_THROW(tissue_plane(Tissue::muscle, 30, 30, {0.0, 0.1}), InvalidInput);
  EXPECT_THROW(tissue_plane(Tissue::muscle, 30, 30, {0.1, nan}), InvalidInput);
  EXPECT_THROW(tissue_plane(Tissue::femur, 30, 30, {0.1, 0.1}), InvalidInput);
  EXPECT_THROW(tissue_plane(Tissue::muscle, 30, 30, {0.1, 0.1}, {.fibre_angle_deg = nan}), InvalidInput);
  AcousticPlane plane = tissue_plane(Tissue::muscle, 30, 30, {0.1, 0.1});
  EXPECT_THROW(add_bone(plane, std::vector<double>(29, nan)), InvalidInput);
  EXPECT_THROW(add_bone(plane, std::vector<double>(30, -1.0)), InvalidInput);
  EXPECT_THROW(add_layer(plane, {.from = {1, 1}, .to = {1, 1}}), InvalidInput);
  EXPECT_THROW(add_layer(plane, {.from = {1, nan}, .to = {9, 1}}), InvalidInput);
  plane.attenuation_db_cm_mhz[7] = -1.0F;
  EXPECT_THROW(check(plane), InvalidInput);
  plane.attenuation_db_cm_mhz.pop_back();
  EXPECT_THROW(check(plane), InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
