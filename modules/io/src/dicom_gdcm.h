// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace genu::io::dicom {

/// Returns the values that GDCM decodes from an image file.
/// \throws std::exception with what GDCM says
std::vector<double> read_with_gdcm(const std::string& file);

}  // namespace genu::io::dicom
