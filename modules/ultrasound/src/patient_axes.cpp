// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>

#include <genu/ultrasound/patient_axes.h>

namespace genu::ultrasound {

bool is_of_patient(const FramePair& frames) {
  return frames.from == patient_frame || frames.to == patient_frame;
}

bool is_of_patient(const TrackedSequence& sequence) {
  return std::any_of(sequence.frames.begin(), sequence.frames.end(), [](const TrackedFrame& frame) {
    return std::any_of(frame.poses.begin(), frame.poses.end(),
                       [](const auto& pose) { return is_of_patient(pose.first); });
  });
}

void turn_patient_axes(const FramePair& frames, TrackedPose& pose) {
  if (pose.status != "OK" && pose.rows == TrackedPose{}.rows) return;
  const auto flip = [](double& value) { value = 0.0 - value; };  // no -0
  for (std::size_t axis = 0; axis < 2; ++axis)
    for (std::size_t n = 0; n < 4; ++n) {
      if (frames.to == patient_frame) flip(pose.rows[4 * axis + n]);
      if (frames.from == patient_frame) flip(pose.rows[4 * n + axis]);
    }
}

}  // namespace genu::ultrasound
