// SPDX-License-Identifier: Apache-2.0
#include "lattice_noise.h"

#include <cmath>
#include <numbers>
#include <vector>

namespace genu::ultrasound {
namespace {

constexpr std::size_t table_bits = 14;  // 16384 numbers: 128 kB, within the second-level cache.

/// Box and Muller (1958) over hashed pairs, scaled to a mean square of exactly 1.
std::vector<std::complex<float>> gaussian_table() {
  std::vector<std::complex<float>> table(std::size_t{1} << table_bits);
  double power = 0.0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::uint64_t h = mixed(0x5eedULL + i * 0x9e3779b97f4a7c15ULL);
    const double u = (static_cast<double>(h >> 32U) + 0.5) / 4294967296.0;
    const double turn = 2.0 * std::numbers::pi * static_cast<double>(h & 0xffffffffU) / 4294967296.0;
    const double radius = std::sqrt(-std::log(u));
    table[i] = {static_cast<float>(radius * std::cos(turn)), static_cast<float>(radius * std::sin(turn))};
    power += std::norm(table[i]);
  }
  const auto scale = static_cast<float>(1.0 / std::sqrt(power / static_cast<double>(table.size())));
  for (auto& g : table) g *= scale;
  return table;
}

double eased(double t) {
  return t * t * (3.0 - 2.0 * t);
}

}  // namespace

std::complex<float> gaussian_of(std::uint64_t hash) {
  static const std::vector<std::complex<float>> table = gaussian_table();
  return table[hash >> (64U - table_bits)];
}

double smooth_noise(const Vector3& p, std::uint64_t seed) {
  const double fi = std::floor(p.x), fj = std::floor(p.y), fk = std::floor(p.z);
  const auto i = static_cast<std::int64_t>(fi), j = static_cast<std::int64_t>(fj),
             k = static_cast<std::int64_t>(fk);
  const double u = eased(p.x - fi), v = eased(p.y - fj), w = eased(p.z - fk);
  const auto at = [&](std::int64_t di, std::int64_t dj, std::int64_t dk) {
    return static_cast<double>(cell_hash(i + di, j + dj, k + dk, seed) >> 40U) / 8388608.0 - 1.0;
  };
  const auto along = [&](std::int64_t dj, std::int64_t dk) {
    const double a = at(0, dj, dk);
    return a + u * (at(1, dj, dk) - a);
  };
  const double low = along(0, 0) + v * (along(1, 0) - along(0, 0));
  const double high = along(0, 1) + v * (along(1, 1) - along(0, 1));
  return low + w * (high - low);
}

double sheets(const Vector3& p, double sharpness, std::uint64_t seed) {
  return std::pow(1.0 - std::abs(smooth_noise(p, seed)), sharpness);
}

}  // namespace genu::ultrasound
