// SPDX-License-Identifier: Apache-2.0
#include "tissue_acoustics.h"

#include <algorithm>
#include <cmath>

#include "lattice_noise.h"

namespace genu::ultrasound {
namespace {

// Attenuation and impedance: Duck 1990, Physical Properties of Tissue; Szabo 2014, Diagnostic Ultrasound
// Imaging, appendix B; of cartilage, tendon and skin rounded from their ranges. Echo levels are working
// values, set by eye beside real images of the knee.
constexpr Acoustics fluid{-95.0F, 0.02F, 1.52F, EchoTexture::none};
constexpr Acoustics blood{-72.0F, 0.18F, 1.61F, EchoTexture::none};
constexpr Acoustics skin{-27.0F, 1.2F, 1.65F, EchoTexture::fine};
constexpr Acoustics fat{-44.0F, 0.5F, 1.40F, EchoTexture::lobular};
constexpr Acoustics fat_pad{-37.0F, 0.6F, 1.45F, EchoTexture::lobular};
constexpr Acoustics muscle{-45.0F, 0.7F, 1.68F, EchoTexture::fascicular};
constexpr Acoustics tendon{-31.0F, 1.0F, 1.80F, EchoTexture::fibrillar};
constexpr Acoustics ligament{-35.0F, 1.0F, 1.78F, EchoTexture::fibrillar};
constexpr Acoustics nerve{-38.0F, 0.9F, 1.70F, EchoTexture::fibrillar};
constexpr Acoustics cartilage{-62.0F, 1.0F, 1.78F, EchoTexture::none};
constexpr Acoustics meniscus{-34.0F, 1.2F, 1.80F, EchoTexture::fine};
// Sound does not come back from inside: compact bone takes 7 dB/cm/MHz and more, and its surface most of the
// rest.
constexpr Acoustics bone{-80.0F, 20.0F, 7.0F, EchoTexture::none};

}  // namespace

Acoustics acoustics_of_gel() {
  return fluid;
}

bool is_bone(Tissue tissue) {
  return is_part_of(tissue, Bone::femur) || is_part_of(tissue, Bone::tibia) ||
         is_part_of(tissue, Bone::patella) || tissue == Tissue::fibula;
}

bool is_cartilage(Tissue tissue) {
  return is_cartilage_of(tissue, Bone::femur) || is_cartilage_of(tissue, Bone::tibia) ||
         is_cartilage_of(tissue, Bone::patella);
}

Acoustics acoustics_of(Tissue tissue) {
  if (is_bone(tissue)) return bone;
  if (is_cartilage(tissue)) return cartilage;
  switch (tissue) {
    case Tissue::medial_meniscus:
    case Tissue::lateral_meniscus:
      return meniscus;
    case Tissue::patellar_tendon:
    case Tissue::quadriceps_tendon:
    case Tissue::iliotibial_tract:
    case Tissue::popliteus_tendon:
    case Tissue::biceps_femoris_tendon:
    case Tissue::pes_anserinus_tendon:
      return tendon;
    case Tissue::anterior_cruciate_ligament:
    case Tissue::posterior_cruciate_ligament:
    case Tissue::medial_collateral_ligament:
    case Tissue::lateral_collateral_ligament:
      return ligament;
    case Tissue::tibial_nerve:
    case Tissue::common_peroneal_nerve:
    case Tissue::saphenous_nerve:
      return nerve;
    case Tissue::popliteal_artery:
    case Tissue::popliteal_vein:
    case Tissue::great_saphenous_vein:
    case Tissue::small_saphenous_vein:
    case Tissue::superior_medial_genicular_artery:
    case Tissue::superior_lateral_genicular_artery:
    case Tissue::middle_genicular_artery:
      return blood;
    case Tissue::suprapatellar_recess:
    case Tissue::joint_fluid:
      return fluid;
    case Tissue::fat:
      return fat;
    case Tissue::infrapatellar_fat_pad:
      return fat_pad;
    case Tissue::skin:
      return skin;
    default:
      return muscle;  // Also what is not labelled: most of a limb.
  }
}

float texture_db(EchoTexture texture, const Vector3& q, std::uint64_t seed) {
  // Lengths in mm: fibrils of tendon 0.3 to 0.4 apart, fascicles of muscle 2 to 3, lobules of fat some mm
  // flat; those and the contrast by eye beside real images.
  const auto noise = [&](double x, double y, double z, std::uint64_t n) {
    return smooth_noise({q.x / x, q.y / y, q.z / z}, seed + n);
  };
  // Septa are sheets that come and go: noise of its own says where.
  const auto septa = [&](double x, double y, double z, double sharpness, std::uint64_t n) {
    const double there = std::clamp(0.45 + 1.6 * noise(0.6 * x, 1.5 * y, 1.5 * z, n + 1), 0.0, 1.0);
    return there > 0.0 ? there * sheets({q.x / x, q.y / y, q.z / z}, sharpness, seed + n) : 0.0;
  };
  double db = 0.0;
  switch (texture) {
    case EchoTexture::none:
      break;
    case EchoTexture::fine:
      db = 2.0 * noise(1.5, 1.5, 0.6, 0);
      break;
    case EchoTexture::lobular:
      db = 2.0 * noise(6.0, 6.0, 2.0, 0) + 17.0 * septa(14.0, 11.0, 2.0, 10.0, 1) - 2.0;
      break;
    case EchoTexture::fascicular:
      db = 3.0 * noise(8.0, 3.0, 1.5, 0) + 17.0 * septa(30.0, 4.5, 2.2, 11.0, 1) +
           11.0 * septa(15.0, 1.6, 0.9, 7.0, 3) - 3.0;
      break;
    case EchoTexture::fibrillar:
      db = 5.0 * noise(14.0, 0.8, 0.35, 0) + 3.0 * noise(20.0, 2.0, 0.8, 1);
      break;
  }
  return static_cast<float>(db);
}

float anisotropy_db(EchoTexture texture, double off_perpendicular_deg) {
  // Tendons look empty once they lie some 10 to 20 degrees off; muscle changes less (Connolly et al. 2001,
  // Br J Radiol 74:183; amounts by eye).
  const double most = texture == EchoTexture::fibrillar    ? 16.0
                      : texture == EchoTexture::fascicular ? 5.0
                                                           : 0.0;
  if (most == 0.0) return 0.0F;
  const double width_deg = 11.0;
  const double ratio = off_perpendicular_deg / width_deg;
  return static_cast<float>(-most * (1.0 - std::exp(-0.5 * ratio * ratio)));
}

}  // namespace genu::ultrasound
