// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>

#include "dicom_object.h"

namespace genu::io::dicom {

/// Returns what the header says of each of `count` frames: from the data set itself for a classic object,
/// from the functional groups (PS3.3 C.7.6.16) for an enhanced one. \throws SeriesRefused if a value is
/// damaged, or if several frames have no functional groups.
std::vector<FrameHeader> read_frames(DcmDataset& dataset, const std::filesystem::path& path,
                                     std::int64_t count);

}  // namespace genu::io::dicom
