// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <genu/core/frame.h>
#include <genu/core/tissue.h>

namespace genu::ultrasound {

/// What sound meets in an image plane: one value a pixel, row by row, row 0 at the probe's face.
///
/// Echo levels are in dB below the brightest that is shown, at a gain of 0.
struct AcousticPlane {
  int width = 0;
  int height = 0;
  PixelSize pixel;
  std::vector<float> backscatter_db = {};         ///< Mean level of the diffuse echo (speckle).
  std::vector<float> attenuation_db_cm_mhz = {};  ///< One way.
  std::vector<float> impedance_mrayl = {};  ///< Where it changes across the beam, a specular echo comes back.
  /// One a column: the row where the first bone begins, between rows too; NaN where there is none.
  std::vector<double> bone_px = {};
  /// One a column: between the bone's normal and the beam, also out of the plane. Empty: from `bone_px`.
  std::vector<double> bone_tilt_deg = {};
  /// Circular complex, unit variance, one a pixel: the scatterers. Empty: drawn from the seed.
  std::vector<std::complex<float>> scatterers = {};
  double scatterer_mm = 0.0;  ///< Pixels this near to each other share their scatterer.
  /// One a column: 1 = the probe lies on skin or gel; 0 = on air, which sends everything back.
  std::vector<std::uint8_t> contact = {};

  std::size_t pixel_count() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

/// How a plane of one tissue looks.
struct TissuePlaneOptions {
  double fibre_angle_deg = 0.0;  ///< Of fibres and septa, below the horizontal towards larger x.
  bool across_fibres = false;    ///< The plane cuts the fibres: dots in place of lines.
  double texture = 1.0;          ///< Of septa and fibrils; 0 = fully developed speckle alone.
  std::uint64_t seed = 1;
};

/// Returns a plane that one tissue fills, with its septa or fibrils; bone is refused.
/// \throws InvalidInput if a size is out of range
AcousticPlane tissue_plane(Tissue tissue, int width, int height, const PixelSize& pixel,
                           const TissuePlaneOptions& options = {});

/// A fascia: a thin layer of another impedance. With its ends in the image it is a decoy for finders of
/// needles.
struct Layer {
  PixelPoint from, to;
  double sagitta_mm = 0.0;       ///< How far its middle lies off the straight line, downwards.
  double thickness_mm = 0.4;     ///< 0.2 to 1: deep fascia and aponeuroses.
  double impedance_mrayl = 1.9;  ///< Muscle has 1.7: the echo grows with the difference.
};

/// Lays a layer over what is in the plane. \throws InvalidInput if the layer is not finite or too thick
void add_layer(AcousticPlane& plane, const Layer& layer);

/// Fills rows of the plane below a line with bone: one row a column, NaN = none there.
/// \throws InvalidInput if the numbers do not fit the plane
void add_bone(AcousticPlane& plane, std::vector<double> bone_px);

/// \throws InvalidInput naming what of the plane is out of range or does not fit its size
void check(const AcousticPlane& plane);

}  // namespace genu::ultrasound
