// SPDX-License-Identifier: Apache-2.0
// How agreement between label maps stands in JSON and CSV.
#include <array>
#include <string>
#include <string_view>

#include <genu/io/results.h>

#include "csv_cell.h"
#include "json.h"

namespace genu::io {
namespace {

using segmentation::Agreement;

struct AgreementField {
  std::string_view name;
  double Agreement::*value;
};

constexpr std::array fields{
    AgreementField{"dice", &Agreement::dice},
    AgreementField{"assd_mm", &Agreement::assd_mm},
    AgreementField{"hausdorff_mm", &Agreement::hausdorff_mm},
    AgreementField{"hausdorff_95_mm", &Agreement::hausdorff_95_mm},
    AgreementField{"volume_difference_percent", &Agreement::volume_difference_percent},
};

}  // namespace

std::string to_json(const std::vector<Agreement>& agreements, std::string_view name_a,
                    std::string_view name_b) {
  OrderedJson document{
      {"schema", "genu/agreement/1"}, {"a", name_a}, {"b", name_b}, {"structures", OrderedJson::array()}};
  for (const Agreement& agreement : agreements) {
    OrderedJson structure{{"structure", info(agreement.tissue).name},
                          {"voxels_a", agreement.voxels_a},
                          {"voxels_b", agreement.voxels_b}};
    for (const AgreementField& field : fields) structure[std::string(field.name)] = agreement.*field.value;
    document["structures"].push_back(structure);
  }
  return text_of(document);
}

std::string agreement_csv(const std::vector<Agreement>& agreements, std::string_view name_a,
                          std::string_view name_b) {
  std::string text = "a,b,structure,voxels_a,voxels_b";
  for (const AgreementField& field : fields) text += "," + std::string(field.name);
  text += "\n";
  for (const Agreement& agreement : agreements) {
    text += csv_cell(name_a) + "," + csv_cell(name_b) + "," + std::string(info(agreement.tissue).name) + "," +
            std::to_string(agreement.voxels_a) + "," + std::to_string(agreement.voxels_b);
    for (const AgreementField& field : fields) text += "," + cell(agreement.*field.value);
    text += "\n";
  }
  return text;
}

}  // namespace genu::io
