// SPDX-License-Identifier: Apache-2.0
// Patient space is LPS inside of Genu. OpenIGTLink, and what speaks it (3D Slicer, PLUS), means RAS where it
// does not say otherwise: what leads to or from the frame "Patient" is turned here, and nowhere else.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include <genu/ultrasound/tracked.h>

namespace genu::network {

/// The coordinate frame of the patient, of which MRI is told; a tracker's frames are no patient axes.
inline constexpr std::string_view patient_frame = "Patient";

inline bool touches_patient(const std::optional<ultrasound::FramePair>& frames) {
  return frames && (frames->from == patient_frame || frames->to == patient_frame);
}

/// Turns the patient's axes of a pose from RAS to LPS, or back, which is the same: the first two point the
/// other way. A lost pose that is the identity, as PLUS sends it, stays that.
inline void turn_patient_axes(const std::optional<ultrasound::FramePair>& frames,
                              ultrasound::TrackedPose& pose) {
  if (!touches_patient(frames)) return;
  if (pose.status != "OK" && pose.rows == ultrasound::TrackedPose{}.rows) return;
  const auto flip = [&](std::size_t row, std::size_t column) {
    double& value = pose.rows[4 * row + column];
    if (value != 0.0) value = -value;  // no -0
  };
  for (std::size_t axis = 0; axis < 2; ++axis)
    for (std::size_t n = 0; n < 4; ++n) {
      if (frames->to == patient_frame) flip(axis, n);
      if (frames->from == patient_frame) flip(n, axis);
    }
}

}  // namespace genu::network
