// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <genu/core/affine_transform.h>
#include <genu/core/error.h>

namespace genu {

AffineTransform::AffineTransform(const Matrix3& linear, const Vector3& translation)
    : linear_(linear), translation_(translation) {
  std::ostringstream problem;
  double size = 1.0;
  for (int c = 0; c < 3; ++c) {
    const Vector3 column = linear.column(c);
    if (!is_finite(column)) problem << "its column " << c << " is " << column;
    size *= length(column);
  }
  constexpr double flat = 1e-9;  // Of the volume that columns of these lengths could span.
  if (problem.str().empty() && !(std::abs(linear.determinant()) > flat * size))
    problem << "it flattens space (determinant " << linear.determinant() << ")";
  if (problem.str().empty() && !is_finite(translation)) problem << "its translation is " << translation;
  if (!problem.str().empty()) throw InvalidInput("not an affine transform: " + problem.str());
}

AffineTransform AffineTransform::inverse() const {
  const Matrix3 back = linear_.inverted();
  return {back, -(back * translation_)};
}

AffineTransform operator*(const AffineTransform& a, const AffineTransform& b) {
  return {a.linear() * b.linear(), a.linear() * b.translation() + a.translation()};
}

std::ostream& operator<<(std::ostream& out, const AffineTransform& t) {
  for (const auto& row : t.linear().rows) out << '[' << row[0] << ' ' << row[1] << ' ' << row[2] << "] ";
  return out << t.translation();
}

}  // namespace genu
