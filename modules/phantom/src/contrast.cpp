// SPDX-License-Identifier: Apache-2.0
#include "contrast.h"

#include <array>

namespace genu::phantom {
namespace {

/// Relative signals at 3 T, set by hand after the look of clinical images, not calibrated: DESS with water
/// excitation (fluid brightest, cartilage bright, marrow and fat dark), proton density with TE about 30 ms,
/// the same with fat saturation, and T1.
struct Row {
  Tissue tissue;
  double dess, proton_density, fat_saturated, t1;
};
constexpr std::array rows{
    Row{Tissue::background, 0.0, 0.0, 0.0, 0.0},
    Row{Tissue::femur, 0.20, 0.75, 0.12, 0.85},
    Row{Tissue::tibia, 0.20, 0.75, 0.12, 0.85},
    Row{Tissue::patella, 0.20, 0.75, 0.12, 0.85},
    Row{Tissue::fibula, 0.20, 0.75, 0.12, 0.85},
    Row{Tissue::femoral_cartilage, 0.66, 0.58, 0.62, 0.42},
    Row{Tissue::tibial_cartilage, 0.66, 0.58, 0.62, 0.42},
    Row{Tissue::medial_tibial_cartilage, 0.66, 0.58, 0.62, 0.42},
    Row{Tissue::lateral_tibial_cartilage, 0.66, 0.58, 0.62, 0.42},
    Row{Tissue::patellar_cartilage, 0.66, 0.58, 0.62, 0.42},
    Row{Tissue::medial_meniscus, 0.16, 0.10, 0.12, 0.10},
    Row{Tissue::lateral_meniscus, 0.16, 0.10, 0.12, 0.10},
    Row{Tissue::patellar_tendon, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::quadriceps_tendon, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::suprapatellar_recess, 1.0, 1.0, 1.0, 0.25},
    Row{Tissue::popliteal_artery, 0.45, 0.06, 0.06, 0.06},
    Row{Tissue::popliteal_vein, 0.72, 0.25, 0.35, 0.15},
    Row{Tissue::muscle, 0.36, 0.36, 0.42, 0.34},
    Row{Tissue::fat, 0.26, 0.85, 0.14, 1.0},
    Row{Tissue::skin, 0.32, 0.36, 0.34, 0.34},
    Row{Tissue::joint_fluid, 1.0, 1.0, 1.0, 0.25},
    Row{Tissue::femoral_bone_lesion, 0.45, 0.60, 0.80, 0.40},
    Row{Tissue::tibial_bone_lesion, 0.45, 0.60, 0.80, 0.40},
    Row{Tissue::patellar_bone_lesion, 0.45, 0.60, 0.80, 0.40},
    Row{Tissue::infrapatellar_fat_pad, 0.26, 0.85, 0.14, 1.0},
    Row{Tissue::anterior_cruciate_ligament, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::posterior_cruciate_ligament, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::medial_collateral_ligament, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::lateral_collateral_ligament, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::iliotibial_tract, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::popliteus_tendon, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::biceps_femoris_tendon, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::pes_anserinus_tendon, 0.10, 0.07, 0.08, 0.08},
    Row{Tissue::tibial_nerve, 0.36, 0.36, 0.42, 0.34},
    Row{Tissue::common_peroneal_nerve, 0.36, 0.36, 0.42, 0.34},
    Row{Tissue::saphenous_nerve, 0.36, 0.36, 0.42, 0.34},
    Row{Tissue::great_saphenous_vein, 0.72, 0.25, 0.35, 0.15},
    Row{Tissue::small_saphenous_vein, 0.72, 0.25, 0.35, 0.15},
    Row{Tissue::superior_medial_genicular_artery, 0.45, 0.06, 0.06, 0.06},
    Row{Tissue::superior_lateral_genicular_artery, 0.45, 0.06, 0.06, 0.06},
    Row{Tissue::middle_genicular_artery, 0.45, 0.06, 0.06, 0.06},
};
constexpr Row cortex{Tissue::background, 0.05, 0.05, 0.04, 0.05};
static_assert(rows.size() == cortical_bone && material_count == cortical_bone + 1);

}  // namespace

double signal(Contrast contrast, int material) {
  const Row& row = material == cortical_bone ? cortex : rows[static_cast<std::size_t>(material)];
  switch (contrast) {
    case Contrast::dess:
      return row.dess;
    case Contrast::proton_density:
      return row.proton_density;
    case Contrast::proton_density_fat_saturated:
      return row.fat_saturated;
    case Contrast::t1:
      return row.t1;
  }
  return 0.0;
}

}  // namespace genu::phantom
