// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/core/frame.h>

namespace genu::ultrasound {

/// Returns the part of a machine's screen that shows the echo image, without texts, rulers and grey bars.
///
/// It is the largest connected part that is not black. Left, right and top are where it begins and ends; it
/// reaches down to the end of the picture, because shadow is black too, unless the lit part itself ends in
/// one row. Coloured marks do not count, unless the whole picture is tinted. The whole picture, where nothing
/// stands out.
/// \throws InvalidInput for an empty picture
PixelBounds find_picture_area(const Frame& frame);

}  // namespace genu::ultrasound
