// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include "dicom_file.h"

namespace genu::io::dicom {

using Bytes = std::vector<unsigned char>;

/// Returns the compressed bytes of each frame. Fragments are put together where there is one frame, or where
/// each that begins a codestream can be told from those that go on with one.
/// \throws SeriesRefused if fragments can't be read or assigned to frames
std::vector<Bytes> codestreams(DcmDataset& dataset, const PixelLayout& layout);

/// What colours the values of a codestream are, as far as it says so itself.
enum class StreamColour { not_told, rgb, ybr };

/// What the header of a codestream says.
struct StreamHeader {
  std::int64_t width = 0, height = 0, components = 0, bits = 0;
  StreamColour colour = StreamColour::not_told;
  bool lossy = true;  ///< Values were lost when it was made.
};

/// Reads the frame header of a JPEG or JPEG-LS codestream (ITU-T T.81 B.2.2, T.87 C.2.2); nothing if it has
/// none.
std::optional<StreamHeader> jpeg_header(const Bytes& stream);

bool is_jpeg2000(E_TransferSyntax syntax);

/// Refuses a JPEG 2000 codestream whose SIZ segment (ISO/IEC 15444-1 A.5.1) is not that of the image: GDCM
/// ends the program on some such files. Returns what its header says.
StreamHeader checked_jpeg2000_header(const Bytes& stream, const PixelLayout& layout);

[[noreturn]] void refuse_pixels(const PixelLayout& layout, const std::string& why);

}  // namespace genu::io::dicom
