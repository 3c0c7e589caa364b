// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <genu/core/tissue.h>

namespace genu::cartilage {

/// Cartilage plates and parts of the femur, named as in Eckstein et al. 2006 (Osteoarthritis and Cartilage
/// 14:974).
enum class Region : std::uint8_t {
  outside,  ///< Bone that never bears cartilage.
  MT,       ///< Medial tibia
  LT,       ///< Lateral tibia
  cMF,      ///< Central (weight-bearing) medial femur
  cLF,      ///< Central (weight-bearing) lateral femur
  pMF,      ///< Posterior medial femur
  pLF,      ///< Posterior lateral femur
  TrF,      ///< Trochlea
  P,        ///< Patella
};
inline constexpr std::array measured_regions{Region::MT,  Region::LT,  Region::cMF, Region::cLF,
                                             Region::pMF, Region::pLF, Region::TrF, Region::P};
std::string_view name(Region region);   ///< "MT", "LT", "cMF", ...
std::string_view title(Region region);  ///< "Medial tibia", ...
std::optional<Region> region_named(std::string_view name);
Bone bone_of(Region region);  ///< \throws InvalidInput for `outside`.

}  // namespace genu::cartilage
