// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include <genu/core/knee.h>

namespace genu {

std::string_view name(Side side) {
  return side == Side::left ? "left" : "right";
}

std::optional<Side> side_named(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "left" || lower == "l") return Side::left;
  if (lower == "right" || lower == "r") return Side::right;
  return std::nullopt;
}

std::ostream& operator<<(std::ostream& out, Side side) {
  return out << name(side);
}

std::optional<Side> side_by_position(const Point3& of_the_knee) {
  constexpr double decisive_mm = 25.0;
  if (!(std::abs(of_the_knee.x) >= decisive_mm)) return std::nullopt;
  return of_the_knee.x < 0.0 ? Side::right : Side::left;
}

Vector3 KneeFrame::coordinates(const Point3& p) const {
  const Vector3 d = p - origin;
  return {dot(lateral, d), dot(anterior, d), dot(proximal, d)};
}

Point3 KneeFrame::at(double lateral_mm, double anterior_mm, double proximal_mm) const {
  return origin + lateral_mm * lateral + anterior_mm * anterior + proximal_mm * proximal;
}

KneeFrame patient_aligned_frame(Side side, const Point3& origin) {
  KneeFrame frame;
  frame.side = side;
  frame.origin = origin;
  frame.lateral = {side == Side::left ? 1.0 : -1.0, 0.0, 0.0};
  return frame;
}

}  // namespace genu
