// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <genu/core/tissue.h>
#include <genu/core/vector.h>

namespace genu::ultrasound {

/// The pattern of a tissue's echoes.
enum class EchoTexture : std::uint8_t { none, fine, lobular, fascicular, fibrillar };

/// How a tissue returns sound.
struct Acoustics {
  float backscatter_db = 0.0F;  ///< Below the brightest that is shown.
  float attenuation_db_cm_mhz = 0.0F;
  float impedance_mrayl = 1.5F;
  EchoTexture texture = EchoTexture::none;
};

Acoustics acoustics_of(Tissue tissue);
Acoustics acoustics_of_gel();
bool is_bone(Tissue tissue);
bool is_cartilage(Tissue tissue);

/// Returns what septa and fibrils add to the echo, in dB.
/// \param q place in mm: x along the fibres, y across them, z across the layers
float texture_db(EchoTexture texture, const Vector3& q, std::uint64_t seed);

/// Returns what fibres lose because they do not lie across the beam, in dB (0 or less).
float anisotropy_db(EchoTexture texture, double off_perpendicular_deg);

}  // namespace genu::ultrasound
