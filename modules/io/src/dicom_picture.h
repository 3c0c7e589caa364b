// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <genu/core/frame.h>

#include "dicom_attributes.h"
#include "dicom_codestream.h"
#include "dicom_palette.h"

namespace genu::io::dicom {

/// How the stored values of an ultrasound object become pictures of 8 bits.
struct PictureFormat {
  PixelLayout layout;
  std::string photometric;
  bool planar = false;             ///< All reds, then all greens, then all blues.
  bool half_chroma = false;        ///< Two pixels share their chroma in the file itself.
  std::string grey_mapping;        ///< How grey values became 8 bits; empty where they are the stored ones.
  std::vector<std::uint8_t> grey;  ///< The grey of each pattern of a pixel's stored bits, 16 at most.
  Palette palette;
  std::vector<std::string> warnings;
};

/// Reads from a header how its pixels are to be shown.
/// \param compressed as the transfer syntax says
/// \throws SeriesRefused if they can't be
PictureFormat read_picture_format(DcmDataset& dataset, const std::filesystem::path& path, bool compressed);

/// Returns the picture of one frame's decoded values.
/// \param colour what a codestream says of its own colours, which goes before the header
Frame picture_of(std::span<const unsigned char> bytes, const PictureFormat& format, StreamColour colour);

}  // namespace genu::io::dicom
