// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <type_traits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/vector.h>

namespace genu {
namespace {

template <typename A, typename B>
concept Addable = requires(A a, B b) {
  a + b;
};
static_assert(Addable<Point3, Vector3>);
static_assert(!Addable<Point3, Point3>, "the sum of two points has no meaning");
static_assert(std::is_same_v<decltype(Point3{} - Point3{}), Vector3>);

TEST(Vector, CrossProductIsPerpendicularAndRightHanded) {
  const Vector3 a{1.0, 2.0, -0.5}, b{0.3, -1.0, 4.0};
  EXPECT_NEAR(dot(cross(a, b), a), 0.0, 1e-12);
  EXPECT_NEAR(dot(cross(a, b), b), 0.0, 1e-12);
  EXPECT_EQ(cross(Vector3{1, 0, 0}, Vector3{0, 1, 0}), (Vector3{0, 0, 1}));
}

TEST(Vector, ZeroAndNotANumberHaveNoDirection) {
  EXPECT_THROW(normalized({0, 0, 0}), InvalidInput);
  EXPECT_THROW(normalized({std::numeric_limits<double>::quiet_NaN(), 0, 1}), InvalidInput);
  EXPECT_THROW(normalized({std::numeric_limits<double>::infinity(), 0, 1}), InvalidInput);
}

// acos of a dot product loses half of its digits near 0 and 180 degrees.
TEST(Vector, SmallAnglesKeepTheirPrecision) {
  EXPECT_NEAR(angle_deg({1, 0, 0}, {1, 1e-9, 0}), 1e-9 * 180.0 / 3.14159265358979, 1e-18);
  EXPECT_DOUBLE_EQ(angle_deg({1, 0, 0}, {-2, 0, 0}), 180.0);
  EXPECT_DOUBLE_EQ(angle_deg({0, 3, 0}, {0, 0, 0.1}), 90.0);
}

TEST(Vector, AnyPerpendicularIsPerpendicular) {
  for (const Vector3& v : {Vector3{1, 0, 0}, {0, -2, 0}, {0, 0, 1e-3}, {1, 1, 1}, {-4, 2, 0.1}}) {
    EXPECT_NEAR(dot(any_perpendicular(v), v), 0.0, 1e-12);
    EXPECT_NEAR(length(any_perpendicular(v)), 1.0, 1e-12);
  }
}

TEST(Matrix, InverseTimesMatrixIsIdentity) {
  const Matrix3 m = Matrix3::from_columns({2, 0.5, -1}, {0, 3, 1}, {1, -1, 0.7});
  const Matrix3 identity = m * m.inverted();
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(identity.rows[r][c], r == c ? 1.0 : 0.0, 1e-12);
  EXPECT_THROW(Matrix3::from_columns({1, 2, 3}, {2, 4, 6}, {0, 0, 1}).inverted(), InvalidInput);
}

}  // namespace
}  // namespace genu
