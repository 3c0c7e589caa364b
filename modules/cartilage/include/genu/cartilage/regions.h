// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
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
  // Parts of the tibial plates and of the weight-bearing condyles (Wirth and Eckstein 2008, IEEE Transactions
  // on Medical Imaging 27:737): central, external, internal, anterior, posterior.
  cMT,
  eMT,
  iMT,
  aMT,
  pMT,
  cLT,
  eLT,
  iLT,
  aLT,
  pLT,
  ccMF,
  ecMF,
  icMF,
  ccLF,
  ecLF,
  icLF,
  mP,  ///< Medial facet of the patella
  lP,  ///< Lateral facet
  // Compartments: a tibial and a femoral region together.
  MFTC,   ///< Medial femorotibial: MT and cMF
  LFTC,   ///< Lateral femorotibial: LT and cLF
  cMFTC,  ///< Central medial femorotibial: cMT and ccMF
  cLFTC,  ///< Central lateral femorotibial: cLT and ccLF
};
inline constexpr std::size_t region_count = static_cast<std::size_t>(Region::cLFTC) + 1;
inline constexpr std::array measured_regions{Region::MT,  Region::LT,  Region::cMF, Region::cLF,
                                             Region::pMF, Region::pLF, Region::TrF, Region::P};
inline constexpr std::array subregions{Region::cMT,  Region::eMT,  Region::iMT,  Region::aMT,  Region::pMT,
                                       Region::cLT,  Region::eLT,  Region::iLT,  Region::aLT,  Region::pLT,
                                       Region::ccMF, Region::ecMF, Region::icMF, Region::ccLF, Region::ecLF,
                                       Region::icLF, Region::mP,   Region::lP};

/// A tibial and the femoral region that it bears.
struct Compartment {
  Region region, tibial, femoral;
};
inline constexpr std::array compartments{Compartment{Region::MFTC, Region::MT, Region::cMF},
                                         Compartment{Region::LFTC, Region::LT, Region::cLF},
                                         Compartment{Region::cMFTC, Region::cMT, Region::ccMF},
                                         Compartment{Region::cLFTC, Region::cLT, Region::ccLF}};

std::string_view name(Region region);   ///< "MT", "LT", "cMF", ...
std::string_view title(Region region);  ///< "Medial tibia", ...
std::optional<Region> region_named(std::string_view name);
Bone bone_of(Region region);  ///< \throws InvalidInput for `outside` and compartments.
/// Returns the region that a sub-region is part of; any other region itself.
Region parent_of(Region region);

}  // namespace genu::cartilage
