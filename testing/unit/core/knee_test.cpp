// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/knee.h>

namespace genu {
namespace {

TEST(KneeFrame, LateralPointsAwayFromTheMidline) {
  // LPS: +x is the patient's left.
  EXPECT_EQ(patient_aligned_frame(Side::left, {}).lateral, (Vector3{1, 0, 0}));
  EXPECT_EQ(patient_aligned_frame(Side::right, {}).lateral, (Vector3{-1, 0, 0}));
}

TEST(KneeFrame, CoordinatesAndPointsAreInverse) {
  const KneeFrame frame = patient_aligned_frame(Side::left, {70.0, 5.0, -3.0});
  const Vector3 there = frame.coordinates(frame.at(10.0, 20.0, -30.0));
  EXPECT_LT(length(there - Vector3{10.0, 20.0, -30.0}), 1e-12);
}

TEST(Side, ReadsWhatHeadersAndPeopleWrite) {
  EXPECT_EQ(side_named("L"), Side::left);
  EXPECT_EQ(side_named("Right"), Side::right);
  EXPECT_EQ(side_named("both"), std::nullopt);
  EXPECT_EQ(side_named(""), std::nullopt);
}

TEST(Side, IsWhereThePointLiesUnlessThatIsNearTheMidline) {
  EXPECT_EQ(side_by_position({-60.0, 0.0, 0.0}), Side::right);
  EXPECT_EQ(side_by_position({25.0, 0.0, 0.0}), Side::left);
  EXPECT_EQ(side_by_position({24.9, 0.0, 0.0}), std::nullopt);
  EXPECT_EQ(side_by_position({std::numeric_limits<double>::quiet_NaN(), 0.0, 0.0}), std::nullopt);
}

TEST(Trajectory, HasLengthAndDirection) {
  const Trajectory path{{0, 0, 0}, {0, 3, 4}};
  EXPECT_DOUBLE_EQ(path.length_mm(), 5.0);
  EXPECT_EQ(path.direction(), (Vector3{0, 0.6, 0.8}));
  EXPECT_THROW((Trajectory{{1, 1, 1}, {1, 1, 1}}.direction()), InvalidInput);
}

}  // namespace
}  // namespace genu
