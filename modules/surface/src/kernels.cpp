// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

#include <limits>

namespace genu::surface {
namespace {

// A triangle thinner than this part of its length is taken for its edges when floats look at it: they cannot
// tell what lies over it, and its face is nowhere nearer than its edges by more than they can tell.
constexpr float thinnest = 1e-3f;
constexpr float tiny = 1e-30f;
// Rounding to whole units moves each of a box's three half sides by half a unit at most along each axis.
constexpr float lost = 3.0f * 0.8661f;

GENU_IN_LANES Lanes3 all(const std::array<float, 3>& v) {
  return {surface::all(v[0]), surface::all(v[1]), surface::all(v[2])};
}

GENU_IN_LANES Lanes part(const Lanes& a) {
  return smaller(larger(a, Lanes{}), surface::all(1.0f));
}

/// The squared distance between an edge of each triangle and the stretch, as `squared_distance` of segments.
///
/// Near-parallel ones lose most: where the sine of their angle is small the place along them is wrong, by
/// about as much as the sine makes harmless.
GENU_IN_LANES Lanes edge_squared(const Lanes3& start, const Lanes3& step, const Lanes& step_squared,
                                 const Lanes3& from, const Lanes3& to) {
  const Lanes3 edge = to - from, w = start - from;
  const Lanes b = dot(step, edge), c = dot(edge, edge), d = dot(step, w), e = dot(edge, w);
  const Lanes first = part((b * e - c * d) / larger(step_squared * c - b * b, surface::all(tiny)));
  const Lanes t = part((b * first + e) / larger(c, surface::all(tiny)));
  const Lanes s = part((b * t - d) / larger(step_squared, surface::all(tiny)));
  const Lanes3 gap = (w + s * step) - t * edge;
  return dot(gap, gap);
}

}  // namespace

// The direction from the needle's point nearest to a box's centre parts the needle from that centre, and the
// box reaches this far along it. Only the part of the needle within the box's reach of that point matters,
// which bounds what an error of the direction can do.
GENU_WIDE unsigned least_distances(const BoxNode& node, const Needle& needle, float limit, Lanes& bound) {
  const Lanes3 along = all(needle.along);
  const Lanes half = surface::all(needle.half);
  const Lanes3 from_middle = node.centre - all(needle.middle);
  const Lanes at = smaller(larger(dot(from_middle, along), -half), half);
  const Lanes3 apart = from_middle - at * along;
  const Lanes squared = dot(apart, apart);
  const Lanes units = magnitude(dot(apart, unpacked(node.half[0]))) +
                      magnitude(dot(apart, unpacked(node.half[1]))) +
                      magnitude(dot(apart, unpacked(node.half[2])));
  const Lanes reach = surface::all(node.unit) * units + surface::all(needle.room * node.reach);
  bound = (squared - reach) * below_inverse_root(squared) - surface::all(needle.room + lost * node.unit);
  return bits(bound < surface::all(limit)) & node.present;
}

GENU_WIDE unsigned squared_distances(const BoxLeaf& leaf, const Stretch& stretch, float limit,
                                     Lanes& squared) {
  const Lanes3 start = all(stretch.start), step = all(stretch.step), end = start + step;
  const Lanes3 &a = leaf.corner[0], &b = leaf.corner[1], &c = leaf.corner[2];
  const Lanes step_squared = dot(step, step), zero{};
  Lanes least = edge_squared(start, step, step_squared, a, b);
  least = smaller(least, edge_squared(start, step, step_squared, b, c));
  least = smaller(least, edge_squared(start, step, step_squared, c, a));

  const Lanes3 normal = cross(b - a, c - a);
  const Lanes size = dot(normal, normal);
  const Lanes longest = larger(dot(b - a, b - a), dot(c - a, c - a));
  const LaneMask has_face = size > surface::all(thinnest * thinnest) * longest * longest;
  const Lanes3 in_a = cross(normal, b - a), in_b = cross(normal, c - b), in_c = cross(normal, a - c);
  const auto is_over = [&](const Lanes3& p) {
    return has_face & (dot(in_a, p - a) >= zero) & (dot(in_b, p - b) >= zero) & (dot(in_c, p - c) >= zero);
  };
  const Lanes far = surface::all(std::numeric_limits<float>::max());
  const Lanes height = dot(normal, start - a), height_of_end = dot(normal, end - a);
  least = smaller(least, is_over(start) ? height * height / size : far);
  least = smaller(least, is_over(end) ? height_of_end * height_of_end / size : far);
  const Lanes fall = height - height_of_end;
  const Lanes3 meeting = start + (height / (fall == zero ? surface::all(1.0f) : fall)) * step;
  squared = (height * height_of_end <= zero) & is_over(meeting) ? zero : least;
  return bits(squared <= surface::all(limit)) & ((1u << leaf.count) - 1u);
}

}  // namespace genu::surface
