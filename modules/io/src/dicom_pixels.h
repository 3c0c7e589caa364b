// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

#include "dicom_object.h"

namespace genu::io::dicom {

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
