// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>
#include <genu/core/rigid_transform.h>
#include <genu/ultrasound/calibration_error.h>
#include <genu/ultrasound/tracked.h>
#include <genu/ultrasound/wires.h>

namespace genu::ultrasound {

/// One picture of a phantom's wires, and where the probe was.
struct WireView {
  std::vector<WireCrossings> readings;  ///< As find_wires returns them; none where wires were not found.
  RigidTransform phantom_from_probe;
  int width = 0, height = 0;  ///< Of the picture; 0 = not known.
};

/// Returns the pictures of a recording whose probe's pose in the phantom is sound, in order, with the wires
/// found; all cores work.
/// \param always what holds at any moment, phantom's place among it
/// \throws InvalidInput as find_wires does, or if no moment has a chain from Probe to Phantom
std::vector<WireView> wire_views(const TrackedSequence& recording, const CoordinateFrames& always,
                                 const std::vector<NWire>& phantom, const WireOptions& options = {});

/// What a wire's points are off in the picture, pixels.
struct WireError {
  std::string name;
  PixelPoint mean, sd;
};

/// Where an ultrasound image lies in the coordinates of the marker on its probe.
struct SpatialCalibration {
  AffineTransform probe_from_image;  ///< From pixels (x, y, 0); its z has the mean size of a pixel.
  PixelSize pixel;
  CalibrationError fitted;  ///< Distances in space of the crossings of the wires across.
  /// The same of each fifth of the recording, its outliers too, by a fit of all others without theirs.
  CalibrationError left_out;
  std::vector<WireError> wires;
  std::size_t views = 0;     ///< That were fitted.
  std::size_t outliers = 0;  ///< Views left out because their wires lay far from all others'.
  std::size_t unread = 0;    ///< Views without wires, or read in another way only.
  /// Standard deviation of the image's place in the probe at the corner where it is greatest, if errors of
  /// crossings are independent; wires' furthest points stand in where the pictures' size is not known.
  double corner_sd_mm = 0.0;
  double rotation_deg = 0.0;    ///< How far the probe turned between any two views.
  double translation_mm = 0.0;  ///< How far the crossings moved along the wires.
};

/// Returns the image's place, orientation and pixel sizes with which the wires' crossings are where the
/// tracker says that they are.
///
/// A linear fit of the crossings of the wires across begins (Comeau et al. 1998; Chen et al. 2009,
/// Ultrasound in Medicine & Biology 35:1626); then their distances in space are least with the image's axes
/// at right angles. Which way the image shows the phantom is the way that fits. \throws InvalidInput, with
/// what was seen, if there is no phantom or a view is of one with more or fewer N, there are fewer than 10
/// views with wires, the probe hardly moved, the wires can be read in two ways that fit alike, or the fit
/// leaves a corner of the image open by 2 mm
SpatialCalibration calibrate_spatial(const std::vector<WireView>& views, const std::vector<NWire>& phantom);

/// Returns how far a calibration is off on views that it was not made of, as in `fitted`.
/// \throws InvalidInput if there are none, or one has unlike numbers of points and crossings
CalibrationError validate_spatial(const AffineTransform& probe_from_image,
                                  const std::vector<WireView>& views);

}  // namespace genu::ultrasound
