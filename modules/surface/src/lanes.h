// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

// Eight floats at a time, whatever the processor has: GCC and Clang turn these into its own vector
// instructions, several where eight floats are more than one register holds.
namespace genu::surface {

inline constexpr int lane_count = 8;
using Lanes [[gnu::vector_size(32), gnu::aligned(32)]] = float;
using LaneMask [[gnu::vector_size(32), gnu::aligned(32)]] = std::int32_t;

/// A function with a second version for processors with AVX2 and fused multiply-add; the right one is chosen
/// when the program starts.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define GENU_WIDE [[gnu::target_clones("arch=x86-64-v3", "default")]]
#else
#define GENU_WIDE
#endif
#define GENU_IN_LANES [[gnu::always_inline]] inline

GENU_IN_LANES Lanes all(float value) {
  return Lanes{value, value, value, value, value, value, value, value};
}
GENU_IN_LANES Lanes smaller(const Lanes& a, const Lanes& b) {
  return a < b ? a : b;
}
GENU_IN_LANES Lanes larger(const Lanes& a, const Lanes& b) {
  return a > b ? a : b;
}
GENU_IN_LANES Lanes magnitude(const Lanes& a) {
  return a < 0.0f ? -a : a;
}
/// Returns up to 0.2 % less than one over the square root, never more: one step of Newton's from a guess that
/// halves the exponent (as Lomont 2003 analyses it).
GENU_IN_LANES Lanes below_inverse_root(const Lanes& a) {
  const LaneMask guess = 0x5f375a86 - (std::bit_cast<LaneMask>(a) >> 1);
  const Lanes y = std::bit_cast<Lanes>(guess);
  return y * (1.5f - 0.5f * a * y * y);
}
/// Returns one bit a lane.
GENU_IN_LANES unsigned bits(const LaneMask& mask) {
  unsigned result = 0;
  for (int l = 0; l < lane_count; ++l) result |= (static_cast<unsigned>(mask[l]) & 1u) << l;
  return result;
}

/// Three coordinates of eight things.
struct Lanes3 {
  Lanes x, y, z;
};
GENU_IN_LANES Lanes3 operator-(const Lanes3& a, const Lanes3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
GENU_IN_LANES Lanes3 operator+(const Lanes3& a, const Lanes3& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
GENU_IN_LANES Lanes3 operator*(const Lanes& s, const Lanes3& a) {
  return {s * a.x, s * a.y, s * a.z};
}
GENU_IN_LANES Lanes dot(const Lanes3& a, const Lanes3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
GENU_IN_LANES Lanes3 cross(const Lanes3& a, const Lanes3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/// Three coordinates of eight things in whole numbers of ten bits, -511 to 511, x lowest.
using PackedLanes3 = LaneMask;
inline constexpr int most_packed = 511;
GENU_IN_LANES Lanes3 unpacked(const PackedLanes3& a) {
  return {__builtin_convertvector((a << 22) >> 22, Lanes), __builtin_convertvector((a << 12) >> 22, Lanes),
          __builtin_convertvector((a << 2) >> 22, Lanes)};
}

}  // namespace genu::surface
