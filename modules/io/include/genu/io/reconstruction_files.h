// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <genu/io/calibration_files.h>
#include <genu/ultrasound/reconstruct.h>

namespace genu::io {

/// Returns what is known of a reconstructed volume beside its voxels
/// (data/schemas/reconstruction.schema.json).
std::string to_json(const ultrasound::Reconstruction& made, const std::string& frame,
                    const ultrasound::ReconstructionOptions& options, const CalibrationRecord& record);

}  // namespace genu::io
