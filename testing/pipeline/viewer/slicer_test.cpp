// SPDX-License-Identifier: Apache-2.0
#include "slicer.h"

#include <cmath>

#include <gtest/gtest.h>

#include <genu/testing/bodies.h>

namespace genu::viewer {
namespace {

// Linear interpolation of a linear function is exact, so every pixel tells whether it was taken from its own
// place in the patient.
double ramp(const Point3& p) {
  return 100.0 + 2.0 * p.x - 3.0 * p.y + 5.0 * p.z;
}

Volume<float> ramp_on(const ImageGeometry& grid) {
  Volume<float> image(grid);
  for (std::size_t v = 0; v < image.voxels().size(); ++v)
    image.voxels()[v] = static_cast<float>(ramp(grid.to_patient(grid.index_of(v))));
  return image;
}

class SlicerTest : public ::testing::TestWithParam<bool> {
 protected:
  const ImageGeometry grid_ = testing::oblique_grid({.extent_mm = {30, 26, 24}, .left_handed = GetParam()});
};
INSTANTIATE_TEST_SUITE_P(Handedness, SlicerTest, ::testing::Bool());

TEST_P(SlicerTest, EveryPixelShowsItsOwnPlaceInThePatient) {
  const Volume<float> image = ramp_on(grid_);
  const Point3 centre = box_around(grid_).centre() + Vector3{1.3, -0.7, 2.1};
  ImageSlicer slicer(image);
  for (const Plane plane : all_planes) {
    const PlaneAxes axes = axes_of(plane);
    const render::SlicePlane pixels{
        centre - 18.0 * axes.right - 18.0 * axes.down, axes.right, axes.down, 0.3, 121, 120};
    const std::vector<float> seen = slicer.sample(pixels);
    int inside = 0, outside = 0;
    for (int row = 0; row < pixels.height; ++row)
      for (int column = 0; column < pixels.width; ++column) {
        const Point3 p = pixels.to_patient(column, row);
        const float value = seen[static_cast<std::size_t>(row * pixels.width + column)];
        const ContinuousIndex c = grid_.to_index(p);
        // Between the outermost voxel centres there is something to interpolate.
        const auto within = [&](double margin) {
          const auto fits = [&](double at, std::size_t axis) {
            return at >= -margin && at <= static_cast<double>(grid_.size()[axis]) - 1.0 + margin;
          };
          return fits(c.i, 0) && fits(c.j, 1) && fits(c.k, 2);
        };
        if (within(-1e-6)) {
          ++inside;
          ASSERT_NEAR(value, ramp(p), 2e-3) << title_of(plane).toStdString() << " at " << p;
        } else if (!within(1.0)) {
          ++outside;
          ASSERT_TRUE(std::isnan(value)) << title_of(plane).toStdString() << " at " << p;
        }
      }
    EXPECT_GT(inside, 1500);
    EXPECT_GT(outside, 500);
  }
}

TEST_P(SlicerTest, OutlinesOfASphereAreItsCircles) {
  const Point3 centre = box_around(grid_).centre();
  const double radius = 8.0;
  const LabelMap labels = testing::label(grid_, [&](const Point3& p) {
    return distance(p, centre) < radius ? Tissue::femur : Tissue::background;
  });
  Volume<std::uint8_t> numbers(grid_);
  for (std::size_t v = 0; v < labels.voxels().size(); ++v)
    numbers.voxels()[v] = static_cast<std::uint8_t>(labels.voxels()[v]);
  for (const Plane plane : all_planes) {
    LabelSlicer slicer(numbers, plane);
    const Point3 through = centre + 4.0 * axes_of(plane).normal;
    const auto outlines = slicer.outlines(through);
    ASSERT_EQ(outlines.size(), 1U);
    EXPECT_EQ(outlines[0].tissue, Tissue::femur);
    const QPointF middle = to_plane(axes_of(plane), centre);
    const double expected = std::sqrt(radius * radius - 16.0);
    ASSERT_GT(outlines[0].path.elementCount(), 50);
    for (int e = 0; e < outlines[0].path.elementCount(); ++e) {
      const QPointF offset = QPointF(outlines[0].path.elementAt(e)) - middle;
      // Half the diagonal of a voxel of 0.36 x 0.36 x 0.7 mm, and half a pixel of the slice.
      EXPECT_NEAR(std::hypot(offset.x(), offset.y()), expected, 0.62) << title_of(plane).toStdString();
    }
    EXPECT_TRUE(slicer.outlines(centre + 9.0 * axes_of(plane).normal).empty());
  }
}

TEST(PatientPlane, FollowsTheRadiologicalConvention) {
  const Point3 left_of{10, 0, 0}, behind{0, 10, 0}, above{0, 0, 10};
  const auto place = [](Plane plane, const Point3& p) { return to_plane(axes_of(plane), p); };
  EXPECT_EQ(place(Plane::axial, left_of), QPointF(10, 0));
  EXPECT_EQ(place(Plane::axial, behind), QPointF(0, 10));
  EXPECT_EQ(place(Plane::coronal, left_of), QPointF(10, 0));
  EXPECT_EQ(place(Plane::coronal, above), QPointF(0, -10));
  EXPECT_EQ(place(Plane::sagittal, behind), QPointF(10, 0));
  EXPECT_EQ(place(Plane::sagittal, above), QPointF(0, -10));
}

TEST(PatientPlane, CoordinatesNameTheSide) {
  EXPECT_EQ(position_text({-12.34, 4.56, 33.0}).toStdString(), "R 12.3  P 4.6  S 33.0");
  EXPECT_EQ(position_text({0.01, -0.04, -7.0}).toStdString(), "L 0.0  P 0.0  I 7.0");
  EXPECT_EQ(slice_text(Plane::coronal, {0.0, -8.0, 0.0}).toStdString(), "A 8.0 mm");
}

}  // namespace
}  // namespace genu::viewer
