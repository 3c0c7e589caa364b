// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/render/slice_plane.h>
#include <genu/testing/bodies.h>

namespace genu::render {
namespace {

constexpr std::array all_planes{Plane::sagittal, Plane::coronal, Plane::axial};

TEST(SlicePlane, PixelsAndPatientPointsAreInverse) {
  const ImageGeometry grid = testing::oblique_grid();
  for (const Plane plane : all_planes) {
    const SlicePlane slice = slice_plane(grid, plane, {9.0, -4.0, 2.0});
    const auto [x, y] = slice.to_pixel(slice.to_patient(12.25, 101.5));
    EXPECT_NEAR(x, 12.25, 1e-9);
    EXPECT_NEAR(y, 101.5, 1e-9);
  }
}

// The reader's convention: anterior on the left of sagittal slices, the patient's right on the left of the
// others.
TEST(SlicePlane, FollowsTheRadiologicalConvention) {
  const ImageGeometry grid = testing::oblique_grid();
  const auto edges = [&](Plane plane) {
    const SlicePlane s = slice_plane(grid, plane, {11.0, -7.0, 5.0});
    return orientation_letters(-s.right) + orientation_letters(s.right) + orientation_letters(-s.down) +
           orientation_letters(s.down);
  };
  EXPECT_EQ(edges(Plane::sagittal), "APSI");
  EXPECT_EQ(edges(Plane::coronal), "RLSI");
  EXPECT_EQ(edges(Plane::axial), "RLAP");
}

TEST(SlicePlane, ContainsTheCentreAndStaysInTheImage) {
  const ImageGeometry grid = testing::oblique_grid();
  const Point3 centre{16.0, -2.0, 9.0};
  for (const Plane plane : all_planes) {
    const SlicePlane s = slice_plane(grid, plane, centre);
    const auto [x, y] = s.to_pixel(centre);
    EXPECT_LT(distance(s.to_patient(x, y), centre), 1e-9);
    EXPECT_TRUE(x > 0 && x < s.width && y > 0 && y < s.height);
    EXPECT_GE(s.height, 512);
    EXPECT_LE(s.pixel_mm, 0.35);
    // A tilted box cut by a plane is no wider than the box's diagonal.
    EXPECT_LT(s.pixel_mm * s.width, 50.0 * 1.75);
  }
}

TEST(SlicePlane, MissingTheImageIsAnError) {
  EXPECT_THROW(slice_plane(testing::oblique_grid(), Plane::axial, {11.0, -7.0, 200.0}), InvalidInput);
  EXPECT_THROW(slice_plane(testing::oblique_grid(), Plane::axial, {11.0, -7.0, 5.0}, {.pixel_mm = 0.0}),
               InvalidInput);
}

TEST(NeedlePlane, AlongContainsTheWholeNeedle) {
  const ImageGeometry grid = testing::oblique_grid();
  for (const Trajectory& path :
       {Trajectory{{-8.0, -15.0, 12.0}, {9.0, -9.0, 4.0}}, Trajectory{{11.0, -7.0, 30.0}, {11.0, -7.0, 5.0}},
        Trajectory{{12.0, -36.0, 6.0}, {11.0, -7.0, 5.0}}}) {
    const SlicePlane s = needle_plane(grid, path, false);
    for (const Point3& p : {path.entry, path.target}) {
      const auto [x, y] = s.to_pixel(p);
      EXPECT_LT(distance(s.to_patient(x, y), p), 1e-9);
      EXPECT_TRUE(x > 0 && x < s.width && y > 0 && y < s.height);
    }
    EXPECT_NEAR(dot(s.right, s.down), 0.0, 1e-12);
  }
}

TEST(NeedlePlane, AcrossIsPerpendicularAndSeenAlongTheNeedle) {
  const Trajectory path{{-8.0, -15.0, 12.0}, {9.0, -9.0, 4.0}};
  const SlicePlane s = needle_plane(testing::oblique_grid(), path, true);
  EXPECT_LT(distance({}, Point3{} + cross(s.right, s.down) - path.direction()), 1e-9);
}

TEST(NeedlePlane, EntryEqualToTargetIsAnError) {
  EXPECT_THROW(needle_plane(testing::oblique_grid(), {{1, 2, 3}, {1, 2, 3}}, false), InvalidInput);
}

TEST(OrientationLetters, NameTheLargestPartsFirst) {
  EXPECT_EQ(orientation_letters({1, 0, 0}), "L");
  EXPECT_EQ(orientation_letters({-1, 0, 0}), "R");
  EXPECT_EQ(orientation_letters({0, -3, 0}), "A");
  EXPECT_EQ(orientation_letters({0.5, -0.8, 0.1}), "AL");
  EXPECT_EQ(orientation_letters({0.6, 0.55, -0.58}), "LIP");
}

}  // namespace
}  // namespace genu::render
