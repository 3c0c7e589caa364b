// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcxfer.h>

namespace genu::io::dicom {

/// A DICOM file, read up to its pixels, which stay in the file.
struct OpenFile {
  std::filesystem::path path;
  std::shared_ptr<DcmFileFormat> format;
  OFCondition status;  ///< Of parsing it: damage is not thrown, as some of it may be known all the same.
  std::string class_uid;
  bool has_preamble = false;
  std::size_t stray_bytes = 0;  ///< In front of its first element.
};

/// Returns nothing if the file is not DICOM (or is a DICOMDIR). Safe to call on several threads once
/// set_up_dcmtk() was called.
/// \throws SeriesRefused if it can't be opened
std::optional<OpenFile> open_file(const std::filesystem::path& path);

/// \throws SeriesRefused if the file is cut off or damaged before or within its pixels' element
void refuse_if_damaged(const OpenFile& file);

struct TransferSyntax {
  DcmXfer xfer = DcmXfer(EXS_Unknown);
  std::string name;  ///< Its identifier where it is not known here.
};
TransferSyntax transfer_syntax_of(const OpenFile& file);
/// \throws SeriesRefused naming the transfer syntax, if nothing here decodes it
void refuse_unless_decodable(const OpenFile& file, const TransferSyntax& syntax);

struct PixelFormat {
  int bits_allocated = 16;
  int bits_stored = 16;
  int high_bit = 15;
  bool is_signed = false;
};

/// How an object's pixels lie in its file.
struct PixelLayout {
  std::filesystem::path path;
  std::string transfer_syntax;
  std::int64_t rows = 0, columns = 0, frames = 1;
  int samples = 1;  ///< Values a pixel.
  PixelFormat format;
  /// The bytes of one frame before compression; where chroma is halved fewer than rows x columns x samples.
  std::int64_t frame_bytes = 0;
};

/// Returns the element that holds the pixels, if there is one.
DcmPixelData* pixels_of(DcmDataset& dataset);
/// \throws SeriesRefused if there are fewer pixels than the layout says, or so few compressed ones that its
/// sizes can't be right
void refuse_short_pixels(DcmDataset& dataset, const DcmXfer& syntax, const PixelLayout& layout);

}  // namespace genu::io::dicom
