// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>

namespace genu::io::dicom {

/// The colours of a PALETTE COLOR image, 8 bits each.
struct Palette {
  std::int64_t first_value = 0;  ///< The stored value of the first colour; lower ones get it too.
  std::array<std::vector<std::uint8_t>, 3> colours;  ///< Red, green, blue, all equally many.

  /// Returns the place of a stored value's colour; values past the end get the last one.
  std::size_t place_of(std::int64_t value) const;
};

/// Reads the tables of a palette (PS3.3 C.7.6.3.1.5 and .6), plain or in segments (C.7.9.2).
/// \param warnings gets what is odd about them
/// \throws SeriesRefused if a table is missing, damaged or short
Palette read_palette(DcmDataset& dataset, const std::filesystem::path& path,
                     std::vector<std::string>& warnings);

}  // namespace genu::io::dicom
