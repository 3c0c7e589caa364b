// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/affine_transform.h>
#include <genu/core/error.h>

namespace genu {
namespace {

Matrix3 rows(const Vector3& a, const Vector3& b, const Vector3& c) {
  return Matrix3::from_columns(a, b, c).transposed();
}

const AffineTransform probe_from_image(rows({-0.0016, 0.0786, -0.0080}, {-0.0839, 0.0037, 0.0154},
                                            {0.0159, 0.0071, 0.0804}),
                                       {15.4, 49.6, -8.6});

TEST(AffineTransform, ItsInverseUndoesIt) {
  const Point3 pixel{410.0, 300.0, 0.0};
  EXPECT_LT(distance(probe_from_image.inverse()(probe_from_image(pixel)), pixel), 1e-9);
  EXPECT_LT(distance((probe_from_image * probe_from_image.inverse())(pixel), pixel), 1e-9);
}

TEST(AffineTransform, AProductAppliesTheRightOneFirst) {
  const RigidTransform tracker_from_probe = RigidTransform::rotation_about({1, 2, 3}, {0.3, -1, 0.2}, 50.0) *
                                            RigidTransform::translation_by({5, 6, 7});
  const Point3 pixel{100.0, 20.0, 0.0};
  EXPECT_LT(distance((AffineTransform(tracker_from_probe) * probe_from_image)(pixel),
                     tracker_from_probe(probe_from_image(pixel))),
            1e-9);
}

TEST(AffineTransform, VectorsAreNotMoved) {
  EXPECT_EQ(probe_from_image(Vector3{}), Vector3{});
  EXPECT_EQ(AffineTransform(RigidTransform::translation_by({1, 2, 3}))(Vector3{4, 5, 6}), (Vector3{4, 5, 6}));
}

TEST(AffineTransform, RefusesWhatCanNotBeInverted) {
  EXPECT_THROW(AffineTransform(rows({1, 0, 0}, {0, 1, 0}, {1, 1, 0}), {}), InvalidInput);
  EXPECT_THROW(AffineTransform(rows({0, 0, 0}, {0, 0, 0}, {0, 0, 0}), {}), InvalidInput);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(AffineTransform(rows({nan, 0, 0}, {0, 1, 0}, {0, 0, 1}), {}), InvalidInput);
  EXPECT_THROW(AffineTransform(Matrix3{}, {0, nan, 0}), InvalidInput);
  // Small pixels are no flat ones; mirrors are allowed.
  EXPECT_NO_THROW(AffineTransform(rows({1e-4, 0, 0}, {0, -1e-4, 0}, {0, 0, 1e-4}), {}));
}

}  // namespace
}  // namespace genu
