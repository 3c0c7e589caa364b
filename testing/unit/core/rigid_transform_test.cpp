// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/rigid_transform.h>
#include <genu/testing/bodies.h>

namespace genu {
namespace {

TEST(RigidTransform, InverseUndoes) {
  const Point3 p{12.0, -3.0, 71.0};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const RigidTransform b_from_a = testing::random_pose(seed);
    EXPECT_LT(distance(b_from_a.inverse()(b_from_a(p)), p), 1e-9);
  }
}

TEST(RigidTransform, ProductAppliesTheRightOneFirst) {
  const RigidTransform c_from_b = testing::random_pose(1), b_from_a = testing::random_pose(2);
  const Point3 p{1.0, 2.0, 3.0};
  EXPECT_LT(distance((c_from_b * b_from_a)(p), c_from_b(b_from_a(p))), 1e-9);
}

TEST(RigidTransform, VectorsTurnButDoNotShift) {
  const RigidTransform t = testing::random_pose(5);
  const Point3 a{1, 2, 3}, b{-4, 0, 9};
  EXPECT_LT(length(t(b - a) - (t(b) - t(a))), 1e-9);
}

TEST(RigidTransform, RotationAboutAPointLeavesThatPoint) {
  const Point3 centre{-60.0, 12.0, 3.0};
  const RigidTransform t = RigidTransform::rotation_about(centre, {0, 0, 2}, 90.0);
  EXPECT_LT(distance(t(centre), centre), 1e-9);
  EXPECT_LT(distance(t(centre + Vector3{1, 0, 0}), centre + Vector3{0, 1, 0}), 1e-9);
}

TEST(RigidTransform, RefusesMirrorsScalesAndShears) {
  EXPECT_THROW(RigidTransform(Matrix3::from_columns({-1, 0, 0}, {0, 1, 0}, {0, 0, 1}), {}), InvalidInput);
  EXPECT_THROW(RigidTransform(Matrix3::from_columns({2, 0, 0}, {0, 1, 0}, {0, 0, 1}), {}), InvalidInput);
  EXPECT_THROW(RigidTransform(Matrix3::from_columns({1, 0, 0}, {0.1, 1, 0}, {0, 0, 1}), {}), InvalidInput);
}

}  // namespace
}  // namespace genu
