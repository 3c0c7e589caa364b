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

/// Decodes the frames of an object that is compressed by JPEG 2000, which DCMTK can't do.
/// \throws SeriesRefused
void decode_jpeg2000_frames(const LoadedObject& object, const FramePlace& place);

}  // namespace genu::io::dicom
