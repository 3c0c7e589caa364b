// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/ultrasound/reconstruct.h>

namespace genu::io {

/// Returns what is known of a reconstructed volume beside its voxels
/// (data/schemas/reconstruction.schema.json).
std::string to_json(const ultrasound::Reconstruction& made, const std::string& frame,
                    const ultrasound::ReconstructionOptions& options, const std::vector<std::string>& inputs,
                    const std::string& created, const std::string& genu_version);

}  // namespace genu::io
