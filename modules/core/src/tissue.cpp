// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <genu/core/error.h>
#include <genu/core/tissue.h>

namespace genu {
namespace {

// SNOMED CT concepts from DICOM PS3.16 (CID 4 and the anatomy tables) and the SNOMED CT browser; a code that
// was not verified is left empty rather than guessed.
constexpr std::array<TissueInfo, 41> table{{
    {Tissue::background, "background", "Not labelled", {0, 0, 0}, "", ""},
    {Tissue::femur, "femur", "Femur", {227, 216, 182}, "71341001", "Femur"},
    {Tissue::tibia, "tibia", "Tibia", {204, 190, 150}, "12611008", "Tibia"},
    {Tissue::patella, "patella", "Patella", {236, 226, 200}, "64234005", "Patella"},
    {Tissue::fibula, "fibula", "Fibula", {178, 165, 128}, "87342007", "Fibula"},
    {Tissue::femoral_cartilage, "femoral_cartilage", "Femoral cartilage", {64, 160, 255}, "", ""},
    {Tissue::tibial_cartilage, "tibial_cartilage", "Tibial cartilage", {0, 200, 160}, "", ""},
    {Tissue::medial_tibial_cartilage,
     "medial_tibial_cartilage",
     "Medial tibial cartilage",
     {0, 200, 120},
     "",
     ""},
    {Tissue::lateral_tibial_cartilage,
     "lateral_tibial_cartilage",
     "Lateral tibial cartilage",
     {150, 215, 60},
     "",
     ""},
    {Tissue::patellar_cartilage, "patellar_cartilage", "Patellar cartilage", {255, 130, 200}, "", ""},
    {Tissue::medial_meniscus, "medial_meniscus", "Medial meniscus", {190, 90, 240}, "", ""},
    {Tissue::lateral_meniscus, "lateral_meniscus", "Lateral meniscus", {130, 70, 210}, "", ""},
    {Tissue::patellar_tendon, "patellar_tendon", "Patellar tendon", {250, 250, 225}, "", ""},
    {Tissue::quadriceps_tendon, "quadriceps_tendon", "Quadriceps tendon", {235, 235, 200}, "", ""},
    {Tissue::suprapatellar_recess, "suprapatellar_recess", "Suprapatellar recess", {90, 220, 250}, "", ""},
    {Tissue::popliteal_artery,
     "popliteal_artery",
     "Popliteal artery",
     {230, 40, 40},
     "43899006",
     "Popliteal artery"},
    {Tissue::popliteal_vein, "popliteal_vein", "Popliteal vein", {50, 70, 220}, "56849005", "Popliteal vein"},
    {Tissue::muscle, "muscle", "Muscle", {170, 70, 60}, "", ""},
    {Tissue::fat, "fat", "Fat", {240, 205, 100}, "", ""},
    {Tissue::skin, "skin", "Skin", {225, 170, 140}, "", ""},
    {Tissue::joint_fluid, "joint_fluid", "Joint fluid", {120, 230, 255}, "", ""},
    {Tissue::femoral_bone_lesion, "femoral_bone_lesion", "Femoral bone lesion", {200, 120, 40}, "", ""},
    {Tissue::tibial_bone_lesion, "tibial_bone_lesion", "Tibial bone lesion", {190, 105, 30}, "", ""},
    {Tissue::patellar_bone_lesion, "patellar_bone_lesion", "Patellar bone lesion", {210, 135, 55}, "", ""},
    {Tissue::infrapatellar_fat_pad,
     "infrapatellar_fat_pad",
     "Infrapatellar fat pad",
     {250, 225, 130},
     "",
     ""},
    {Tissue::anterior_cruciate_ligament,
     "anterior_cruciate_ligament",
     "Anterior cruciate ligament",
     {215, 235, 215},
     "",
     ""},
    {Tissue::posterior_cruciate_ligament,
     "posterior_cruciate_ligament",
     "Posterior cruciate ligament",
     {195, 220, 200},
     "",
     ""},
    {Tissue::medial_collateral_ligament,
     "medial_collateral_ligament",
     "Medial collateral ligament",
     {205, 230, 235},
     "",
     ""},
    {Tissue::lateral_collateral_ligament,
     "lateral_collateral_ligament",
     "Lateral collateral ligament",
     {185, 215, 225},
     "",
     ""},
    {Tissue::iliotibial_tract, "iliotibial_tract", "Iliotibial tract", {225, 225, 190}, "", ""},
    {Tissue::popliteus_tendon, "popliteus_tendon", "Popliteus tendon", {220, 220, 180}, "", ""},
    {Tissue::biceps_femoris_tendon,
     "biceps_femoris_tendon",
     "Biceps femoris tendon",
     {215, 215, 170},
     "",
     ""},
    {Tissue::pes_anserinus_tendon, "pes_anserinus_tendon", "Pes anserinus tendon", {210, 210, 165}, "", ""},
    {Tissue::tibial_nerve, "tibial_nerve", "Tibial nerve", {255, 235, 40}, "", ""},
    {Tissue::common_peroneal_nerve, "common_peroneal_nerve", "Common peroneal nerve", {255, 210, 20}, "", ""},
    {Tissue::saphenous_nerve, "saphenous_nerve", "Saphenous nerve", {245, 225, 90}, "", ""},
    {Tissue::great_saphenous_vein, "great_saphenous_vein", "Great saphenous vein", {80, 110, 235}, "", ""},
    {Tissue::small_saphenous_vein, "small_saphenous_vein", "Small saphenous vein", {100, 130, 240}, "", ""},
    {Tissue::superior_medial_genicular_artery,
     "superior_medial_genicular_artery",
     "Superior medial genicular artery",
     {240, 80, 70},
     "",
     ""},
    {Tissue::superior_lateral_genicular_artery,
     "superior_lateral_genicular_artery",
     "Superior lateral genicular artery",
     {245, 100, 80},
     "",
     ""},
    {Tissue::middle_genicular_artery,
     "middle_genicular_artery",
     "Middle genicular artery",
     {235, 60, 60},
     "",
     ""},
}};

}  // namespace

std::span<const TissueInfo> tissues() {
  return table;
}

const TissueInfo& info(Tissue tissue) {
  const auto number = static_cast<std::size_t>(tissue);
  if (number >= table.size()) throw InvalidInput("no tissue has the number " + std::to_string(number));
  return table[number];
}

std::optional<Tissue> tissue_named(std::string_view name) {
  for (const auto& row : table)
    if (row.name == name) return row.tissue;
  return std::nullopt;
}

std::ostream& operator<<(std::ostream& out, Tissue tissue) {
  return out << info(tissue).name;
}

std::string_view name(Bone bone) {
  switch (bone) {
    case Bone::femur:
      return "femur";
    case Bone::tibia:
      return "tibia";
    case Bone::patella:
      return "patella";
  }
  throw InvalidInput("no bone has the number " + std::to_string(static_cast<int>(bone)));
}

bool is_part_of(Tissue tissue, Bone bone) {
  switch (bone) {
    case Bone::femur:
      return tissue == Tissue::femur || tissue == Tissue::femoral_bone_lesion;
    case Bone::tibia:
      return tissue == Tissue::tibia || tissue == Tissue::tibial_bone_lesion;
    case Bone::patella:
      return tissue == Tissue::patella || tissue == Tissue::patellar_bone_lesion;
  }
  return false;
}

bool is_cartilage_of(Tissue tissue, Bone bone) {
  switch (bone) {
    case Bone::femur:
      return tissue == Tissue::femoral_cartilage;
    case Bone::tibia:
      return tissue == Tissue::tibial_cartilage || tissue == Tissue::medial_tibial_cartilage ||
             tissue == Tissue::lateral_tibial_cartilage;
    case Bone::patella:
      return tissue == Tissue::patellar_cartilage;
  }
  return false;
}

}  // namespace genu
