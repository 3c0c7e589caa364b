// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <genu/ultrasound/tracked.h>

// Patient space is LPS inside of Genu. What comes from elsewhere, or goes there, may be RAS: what leads to or
// from the frame "Patient" is turned by this, and by nothing else.
namespace genu::ultrasound {

/// The coordinate frame of the patient, of which MRI is told; a tracker's frames are no patient axes.
inline constexpr std::string_view patient_frame = "Patient";
/// Genu's own field of recordings and attribute of configurations: "LPS" or "RAS".
inline constexpr std::string_view patient_axes_key = "PatientAxes";

bool is_of_patient(const FramePair& frames);
/// Returns true if a pose of any frame is of the patient.
bool is_of_patient(const TrackedSequence& sequence);

/// Turns the patient's axes of a pose from RAS to LPS, or back, which is the same: the first two point the
/// other way. Poses of other frames stay as they are, and so does a lost one that is the identity, as PLUS
/// writes it.
void turn_patient_axes(const FramePair& frames, TrackedPose& pose);

}  // namespace genu::ultrasound
