// SPDX-License-Identifier: Apache-2.0
#include <genu/io/results.h>

#include "json_fields.h"

namespace genu::io {

std::string to_json(const phantom::Knee& knee, const phantom::Truth& truth) {
  const phantom::KneeOptions& options = knee.options();
  const RigidTransform& pose = options.patient_from_knee;
  OrderedJson rotation = OrderedJson::array();
  for (const auto& row : pose.rotation().rows) rotation.push_back(row);
  OrderedJson document{{"schema", "genu/truth/1"},
                       {"side", name(options.side)},
                       {"scale", options.scale},
                       {"frame", json_of(knee.frame())},
                       {"patient_from_knee",
                        {{"rotation", std::move(rotation)}, {"translation_mm", json_of(pose.translation())}}},
                       {"thickness_mm",
                        {{"femur", options.femoral_thickness_mm},
                         {"medial_tibia", options.medial_tibial_thickness_mm},
                         {"lateral_tibia", options.lateral_tibial_thickness_mm},
                         {"patella", options.patellar_thickness_mm}}},
                       {"thickness_change_mm",
                        {{"femur", options.femoral_change_mm},
                         {"medial_tibia", options.medial_tibial_change_mm},
                         {"lateral_tibia", options.lateral_tibial_change_mm},
                         {"patella", options.patellar_change_mm}}},
                       {"plates", OrderedJson::array()},
                       {"lesions", OrderedJson::array()},
                       {"bone_spurs", OrderedJson::array()}};
  for (const phantom::PlateTruth& plate : truth.plates)
    document["plates"].push_back({{"plate", name(plate.plate)},
                                  {"subchondral_area_mm2", plate.subchondral_area_mm2},
                                  {"denuded_area_mm2", plate.denuded_area_mm2},
                                  {"mean_thickness_mm", plate.mean_thickness_mm},
                                  {"cartilage_volume_mm3", plate.cartilage_volume_mm3}});
  for (const phantom::LesionTruth& lesion : truth.lesions)
    document["lesions"].push_back({{"name", lesion.defect.name},
                                   {"plate", name(lesion.defect.plate)},
                                   {"u_mm", lesion.defect.u_mm},
                                   {"v_mm", lesion.defect.v_mm},
                                   {"diameter_mm", lesion.defect.diameter_mm},
                                   {"depth_fraction", lesion.defect.depth_fraction},
                                   {"centre_mm", json_of(lesion.centre)},
                                   {"normal", json_of(lesion.normal)},
                                   {"area_mm2", lesion.area_mm2}});
  for (const phantom::BoneSpur& spur : options.spurs)
    document["bone_spurs"].push_back({{"bone", name(spur.bone)},
                                      {"medial", spur.medial},
                                      {"height_mm", spur.height_mm},
                                      {"width_mm", spur.width_mm}});
  return text_of(document);
}

}  // namespace genu::io
