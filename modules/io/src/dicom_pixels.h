// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "dicom_object.h"

namespace genu::io::dicom {

/// Returns the number that a pixel's bits mean (PS3.5 section 8.1.1).
inline double stored_value(std::uint64_t raw, const PixelFormat& format) {
  const std::uint64_t mask = (std::uint64_t{1} << format.bits_stored) - 1;
  const std::uint64_t bits = (raw >> (format.high_bit + 1 - format.bits_stored)) & mask;
  const bool negative = format.is_signed && (bits >> (format.bits_stored - 1)) != 0;
  const auto value = static_cast<double>(bits);
  return negative ? value - static_cast<double>(mask) - 1.0 : value;
}

/// Says where the values of a frame go; an empty span means that the frame is not wanted.
using FramePlace = std::function<std::span<float>(std::size_t frame)>;

/// Decodes the frames of an object in order, with rescale slope and intercept applied.
/// \throws SeriesRefused if the pixels can't be decoded.
void decode_frames(const LoadedObject& object, const FramePlace& place);

/// Decodes the frames of a data set in order; what is handed over are the bytes of one frame as its format
/// says, in this machine's order, until the next frame comes.
/// \throws SeriesRefused
using TakeBytes = std::function<void(std::size_t frame, std::span<const unsigned char> bytes)>;
void decode_stored_frames(DcmDataset& dataset, const PixelLayout& layout, const TakeBytes& take);

using WantFrame = std::function<bool(std::size_t frame)>;
using TakeValues = std::function<void(std::size_t frame, std::span<const double> values)>;
/// Decodes the wanted frames of a data set that is compressed by JPEG 2000, which DCMTK can't do; the values
/// of a pixel follow each other.
/// \throws SeriesRefused
void decode_jpeg2000_frames(DcmDataset& dataset, const PixelLayout& layout, const WantFrame& wanted,
                            const TakeValues& take);

}  // namespace genu::io::dicom
