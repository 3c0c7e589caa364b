// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/ultrasound/clip.h>

#include "dicom_attributes.h"

// What the header of an ultrasound object says beside its pixels. A value that is damaged costs what it
// stands for, with a warning, and never the pictures.
namespace genu::io::dicom {

/// Fills in the regions of (0018,6011). One whose bounds are missing or damaged is left out, and counted.
void read_regions(const Attributes& all, ultrasound::UltrasoundClip& clip);

/// Fills in the times of so many frames and where they come from: what (0028,0009) points to, else Frame
/// Time, Frame Time Vector or Cine Rate.
void read_times(const Attributes& all, std::size_t frames, ultrasound::UltrasoundClip& clip);

/// Fills in where a clip comes from, and what the file says of pixel spacing.
void read_origin(const Attributes& all, ultrasound::UltrasoundClip& clip);

}  // namespace genu::io::dicom
