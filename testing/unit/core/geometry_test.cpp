// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/geometry.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class Grids : public ::testing::TestWithParam<bool> {
 protected:
  ImageGeometry grid = testing::oblique_grid({.left_handed = GetParam()});
};

TEST_P(Grids, PatientAndIndexAreInverse) {
  for (const ContinuousIndex& at : {ContinuousIndex{0, 0, 0}, {3.25, -7.5, 40.125}, {1000.0, 1e-3, -12.0}}) {
    const ContinuousIndex back = grid.to_index(grid.to_patient(at));
    EXPECT_NEAR(back.i, at.i, 1e-9);
    EXPECT_NEAR(back.j, at.j, 1e-9);
    EXPECT_NEAR(back.k, at.k, 1e-9);
  }
}

TEST_P(Grids, CentreOfTheFirstVoxelIsTheOrigin) {
  EXPECT_EQ(grid.to_patient(VoxelIndex{}), grid.origin());
}

TEST_P(Grids, OffsetAndIndexAreInverse) {
  for (const std::size_t offset :
       {std::size_t{0}, std::size_t{1}, grid.voxel_count() / 3, grid.voxel_count() - 1})
    EXPECT_EQ(grid.offset(grid.index_of(offset)), offset);
  EXPECT_EQ(grid.index_of(1), (VoxelIndex{1, 0, 0})) << "i runs fastest";
}

TEST_P(Grids, CroppingKeepsVoxelsWhereTheyAre) {
  const ImageGeometry part = cropped(grid, {3, 5, 7}, {10, 9, 8});
  EXPECT_LT(distance(part.to_patient(VoxelIndex{2, 1, 4}), grid.to_patient(VoxelIndex{5, 6, 11})), 1e-9);
  EXPECT_THROW(cropped(grid, {-1, 0, 0}, {2, 2, 2}), InvalidInput);
  EXPECT_THROW(cropped(grid, {0, 0, 0}, {100000, 2, 2}), InvalidInput);
}

TEST_P(Grids, MovingThePatientMovesEveryVoxel) {
  const RigidTransform motion = testing::random_pose(7);
  const VoxelIndex at{11, 3, 29};
  EXPECT_LT(distance(moved(grid, motion).to_patient(at), motion(grid.to_patient(at))), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Handedness, Grids, ::testing::Bool(),
                         [](const auto& handed) { return handed.param ? "left" : "right"; });

TEST(ImageGeometry, RefusesWhatIsNoGridAndNamesTheValue) {
  const GridSize size{4, 4, 4};
  const auto message = [](auto&& make) -> std::string {
    try {
      make();
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(message([&] { return ImageGeometry(size, {}, {1, 0, 1}); }), HasSubstr("(1, 0, 1) mm"));
  EXPECT_THAT(message([&] { return ImageGeometry(size, {}, {1, -1, 1}); }), HasSubstr("spacing"));
  EXPECT_THAT(message([&] { return ImageGeometry(size, {}, {1, nan, 1}); }), HasSubstr("spacing"));
  EXPECT_THAT(message([&] { return ImageGeometry(size, {nan, 0, 0}, {1, 1, 1}); }), HasSubstr("origin"));
  EXPECT_THAT(message([&] { return ImageGeometry({4, 0, 4}, {}, {1, 1, 1}); }), HasSubstr("4 x 0 x 4"));
  EXPECT_THAT(message([&] {
                return ImageGeometry({1 << 20, 1 << 20, 1 << 20}, {}, {1, 1, 1});
              }),
              HasSubstr("size"));
  EXPECT_THAT(
      message([&] {
        return ImageGeometry(size, {}, {1, 1, 1}, Matrix3::from_columns({1, 0, 0}, {0.1, 1, 0}, {0, 0, 1}));
      }),
      HasSubstr("orthonormal"));
}

TEST(ImageGeometry, NearlyEqualLooksAtEveryCorner) {
  const ImageGeometry a = testing::oblique_grid();
  const RigidTransform slight = RigidTransform::rotation_about(a.origin(), {0, 0, 1}, 0.1);
  EXPECT_TRUE(nearly_equal(a, a));
  EXPECT_FALSE(nearly_equal(a, moved(a, slight))) << "equal at the origin, 0.1 mm apart at the far corner";
}

}  // namespace
}  // namespace genu
