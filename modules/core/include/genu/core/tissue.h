// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>

#include <genu/core/volume.h>

namespace genu {

/// What a voxel is. The numbers are Genu's own label numbers, in files it writes; 0 is everything not
/// labelled.
enum class Tissue : std::uint8_t {
  background = 0,
  femur = 1,
  tibia = 2,
  patella = 3,
  fibula = 4,
  femoral_cartilage = 5,
  tibial_cartilage = 6,  ///< Both plates in one label; `cartilage` splits it into the two below.
  medial_tibial_cartilage = 7,
  lateral_tibial_cartilage = 8,
  patellar_cartilage = 9,
  medial_meniscus = 10,
  lateral_meniscus = 11,
  patellar_tendon = 12,
  quadriceps_tendon = 13,
  suprapatellar_recess = 14,  ///< The synovial recess above the patella, with or without effusion.
  popliteal_artery = 15,
  popliteal_vein = 16,
  muscle = 17,
  fat = 18,
  skin = 19,
  joint_fluid = 20,
  femoral_bone_lesion = 21,  ///< Marrow lesion; part of the bone for every measurement of shape.
  tibial_bone_lesion = 22,
  patellar_bone_lesion = 23,
  infrapatellar_fat_pad = 24,
  anterior_cruciate_ligament = 25,
  posterior_cruciate_ligament = 26,
  medial_collateral_ligament = 27,
  lateral_collateral_ligament = 28,
  iliotibial_tract = 29,
  popliteus_tendon = 30,
  biceps_femoris_tendon = 31,
  pes_anserinus_tendon = 32,  ///< Of sartorius, gracilis and semitendinosus.
  tibial_nerve = 33,
  common_peroneal_nerve = 34,
  saphenous_nerve = 35,
  great_saphenous_vein = 36,
  small_saphenous_vein = 37,
  superior_medial_genicular_artery = 38,
  superior_lateral_genicular_artery = 39,
  middle_genicular_artery = 40,
};

/// One row of the table of tissues.
struct TissueInfo {
  Tissue tissue;
  std::string_view name;               ///< snake_case, as in JSON and CSV.
  std::string_view title;              ///< For people.
  std::array<std::uint8_t, 3> colour;  ///< sRGB.
  std::string_view snomed_code;        ///< SNOMED CT concept id; empty where none was verified.
  std::string_view snomed_meaning;
};

/// Returns the table of all tissues, in order of number, without gaps.
std::span<const TissueInfo> tissues();
const TissueInfo& info(Tissue tissue);
/// Returns the tissue with this name (`femur`, `medial_meniscus`, ...), or nothing.
std::optional<Tissue> tissue_named(std::string_view name);

std::ostream& operator<<(std::ostream&, Tissue);

using LabelMap = Volume<Tissue>;

/// The bones whose cartilage Genu measures.
enum class Bone : std::uint8_t { femur, tibia, patella };
inline constexpr std::array<Bone, 3> all_bones{Bone::femur, Bone::tibia, Bone::patella};
std::string_view name(Bone bone);
/// Returns true if voxels of this tissue belong to the bone (its marrow lesions do).
bool is_part_of(Tissue tissue, Bone bone);
/// Returns true if the tissue is cartilage on that bone.
bool is_cartilage_of(Tissue tissue, Bone bone);

}  // namespace genu
