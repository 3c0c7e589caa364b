// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/progress.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>

// A phantom knee as a folder, and the words that describe one on the command line.
namespace genu::app {

struct PhantomOptions {
  phantom::KneeOptions knee;
  phantom::ScanOptions scan;
  double in_plane_mm = 0.36;
  double slice_mm = 0.7;
  phantom::FieldOfView view;
};

/// Returns a defect from "plate:u,v,diameter,depth"; depth 1 reaches the bone.
/// \throws UsageError
phantom::Defect parse_defect(std::string_view words);
/// Returns a bone spur from "bone:medial|lateral,height,width".
/// \throws UsageError
phantom::BoneSpur parse_spur(std::string_view words);
/// Adds a change from "plate:mm".
/// \throws UsageError
void parse_change(std::string_view words, phantom::KneeOptions& knee);
/// Returns a pose from "rx,ry,rz,x,y,z": rotations in degrees about x, then y, then z, then a shift in mm.
/// \throws UsageError
RigidTransform parse_pose(std::string_view words);
/// Returns a vector from three numbers with commas; `what` names it where it is refused.
/// \throws UsageError
Vector3 parse_vector(std::string_view words, std::string_view what, std::string_view form);
/// \throws UsageError
phantom::Contrast parse_contrast(std::string_view word);

/// Returns the demonstration knee: medial femur and tibia worn to the bone where they meet, and one lesion of
/// the trochlea.
PhantomOptions worn_knee();

/// Writes dicom/, labels.nrrd and truth.json into an existing folder.
void write_phantom(const std::filesystem::path& folder, const PhantomOptions& options,
                   const Progress& progress);

}  // namespace genu::app
