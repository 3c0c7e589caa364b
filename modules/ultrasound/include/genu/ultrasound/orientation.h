// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <genu/core/frame.h>

namespace genu::ultrasound {

/// Returns the picture with its axes turned as the letters say, as "MF" wants them: x towards the probe's
/// marker, y away from it.
///
/// \param orientation where x and y of the picture point (PLUS): M to the marked side, U to the other, F far
/// from the probe, N near to it; "FM" has y along the probe's face. A third letter does not matter here.
/// \throws InvalidInput for other letters
Frame turned_to_marked_far(const Frame& frame, std::string_view orientation);
/// Undoes turned_to_marked_far.
Frame turned_from_marked_far(const Frame& frame, std::string_view orientation);

}  // namespace genu::ultrasound
