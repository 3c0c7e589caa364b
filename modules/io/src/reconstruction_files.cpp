// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <genu/io/reconstruction_files.h>

#include "json_fields.h"

namespace genu::io {

std::string to_json(const ultrasound::Reconstruction& made, const std::string& frame,
                    const ultrasound::ReconstructionOptions& options, const CalibrationRecord& record) {
  constexpr std::array ways{"mean", "maximum", "latest"};
  const ImageGeometry& grid = made.volume.geometry();
  const auto& coverage = made.coverage.voxels();
  const OrderedJson document{{"schema", "genu/reconstruction/1"},
                             {"inputs", record.inputs},
                             {"created", record.created},
                             {"genu_version", record.genu_version},
                             {"frame", frame},
                             {"size", grid.size()},
                             {"origin_mm", json_of(grid.origin())},
                             {"spacing_mm", json_of(grid.spacing_mm())},
                             {"compounding", ways[static_cast<std::size_t>(options.compounding)]},
                             {"max_gap_mm", options.max_gap_mm},
                             {"clip", options.clip ? OrderedJson(*options.clip) : OrderedJson()},
                             {"pictures", made.frames_used},
                             {"without_pose", made.without_pose},
                             {"without_image", made.without_image},
                             {"voxels_seen", std::count(coverage.begin(), coverage.end(), std::uint8_t{1})},
                             {"voxels_filled", std::count(coverage.begin(), coverage.end(), std::uint8_t{2})},
                             {"warnings", record.warnings}};
  return text_of(document);
}

}  // namespace genu::io
