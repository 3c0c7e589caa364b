// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstdint>

#include <genu/core/vector.h>

// Noise that is a function of place and seed alone: the same place gives the same value in every frame, on
// any number of threads.
namespace genu::ultrasound {

/// Mixes bits (the finaliser of MurmurHash3, Appleby, public domain).
inline std::uint64_t mixed(std::uint64_t h) {
  h ^= h >> 33U;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33U;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33U);
}

/// The primes keep the three axes apart (Teschner et al. 2003, VMV, spatial hashing).
inline std::uint64_t cell_hash(std::int64_t i, std::int64_t j, std::int64_t k, std::uint64_t seed) {
  return mixed((static_cast<std::uint64_t>(i) * 73856093U) ^
               (static_cast<std::uint64_t>(j) * 19349663U << 20U) ^
               (static_cast<std::uint64_t>(k) * 83492791U << 40U) ^ seed * 0x9e3779b97f4a7c15ULL ^
               static_cast<std::uint64_t>(j) * 0xd6e8feb86659fd93ULL ^
               static_cast<std::uint64_t>(k) * 0xa0761d6478bd642fULL);
}

/// Returns a circular complex Gaussian number of unit variance for a hash.
std::complex<float> gaussian_of(std::uint64_t hash);

/// Returns smooth noise of -1 to 1 that changes over a length of 1.
double smooth_noise(const Vector3& p, std::uint64_t seed);

/// Returns 1 on random sheets through space that lie about a length of 1 apart, falling to 0 beside them.
double sheets(const Vector3& p, double sharpness, std::uint64_t seed);

}  // namespace genu::ultrasound
