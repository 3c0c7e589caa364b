// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/landmarks.h>
#include <genu/ultrasound/tracked.h>
#include <genu/ultrasound/wires.h>

namespace genu::io {

/// Reads a tracked recording as PLUS and SlicerIGT write them (Lasso et al. 2014, IEEE Transactions on
/// Biomedical Engineering 61:2527): MetaImage (.igs.mha) or NRRD (.igs.nrrd), compressed or not, told apart
/// by their content.
///
/// Images are turned to "marked, far"; where the file does not say how they lie, MFA is assumed and stands in
/// the remarks. Poses come as they are, sound or not, but for those of the frame "Patient", whose axes are
/// made LPS if the file says that they are RAS (PatientAxes); if it says nothing, LPS is assumed and stands
/// in the remarks. Fields that mean nothing here are kept. \throws IoError naming the file, the field and its
/// value; also if nothing says that it is a recording, or if it says more frames than it can hold
ultrasound::TrackedSequence read_tracked_sequence(const std::filesystem::path& file);

/// Writes by extension, .mha or .nrrd, to a temporary name first; reads back equal. Images are stored in the
/// sequence's own orientation. With poses of the frame "Patient" it says that their axes are LPS, unless that
/// was only assumed (TrackedSequence::patient_axes_stated); likewise how its images lie (orientation_stated).
/// \throws IoError; InvalidInput naming what would not read back: images that differ in size, a key that the
/// format or PLUS gives another meaning or that holds its separator, a text with a line break or outer
/// blanks, a placement of the other format or of more axes than are written (recordings of four axes)
void write_tracked_sequence(const std::filesystem::path& file, const ultrasound::TrackedSequence& sequence,
                            bool compress = true);

/// A transform of a configuration, which always holds.
struct ConfiguredTransform {
  ultrasound::FramePair frames;
  AffineTransform transform;
  std::optional<double> error_mm;
  std::string date;
  /// The pictures that it holds for, if it is of an image and says so.
  std::optional<ultrasound::ImageSetup> pictures = {};
  /// False if it is of the frame "Patient" and its file did not say in which axes: LPS is then assumed, and
  /// not said when it is written.
  bool patient_axes_stated = true;
};

/// What a PLUS configuration says of a set-up.
struct TrackedSetup {
  std::vector<ConfiguredTransform> transforms;
  std::vector<ultrasound::NWire> n_wires;
  std::vector<ultrasound::Landmark> landmarks;
  std::vector<std::string> remarks = {};  ///< What was assumed when it was read, with the file's name.

  ultrasound::CoordinateFrames coordinate_frames() const;
  /// Returns the transform that ties another frame to the patient, nullptr if there is none.
  /// \throws InvalidInput if there are two: by which of them a place is found would be chance
  const ConfiguredTransform* patient_tie() const;
};

/// Reads the coordinate definitions, and the phantom if there is one, of a PLUS configuration or calibration
/// result (XML). The axes of the frame "Patient" are made LPS if a transform's attribute says that they are
/// RAS (PatientAxes); if it has none, LPS is assumed and stands in the remarks. \throws IoError naming the
/// file, the element and its value
TrackedSetup read_tracked_setup(const std::filesystem::path& file);

/// Writes a set-up as PLUS reads it, with the pictures that a calibration holds for beside it (ImageSize,
/// ImageOrientation, ImagingDepthMm), to a temporary name first; reads back equal. Of a transform of the
/// frame "Patient" it says that the patient's axes are LPS (PatientAxes), unless that was only assumed
/// (ConfiguredTransform::patient_axes_stated).
/// \throws IoError
void write_tracked_setup(const std::filesystem::path& file, const TrackedSetup& setup);

}  // namespace genu::io
