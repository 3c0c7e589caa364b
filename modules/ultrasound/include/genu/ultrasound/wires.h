// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/frame.h>
#include <genu/core/vector.h>

namespace genu::ultrasound {

/// A wire of a calibration phantom, in the phantom's coordinates, mm.
struct Wire {
  std::string name;
  Point3 front, back;
};

/// Three wires in one plane: two parallel ones at the sides and one across between them. Where an image
/// cuts the wires tells where along them it does (Comeau et al. 1998, Neurosurgery 42:1361).
using NWire = std::array<Wire, 3>;

/// Where an image cuts the wires of a phantom.
struct WireCrossings {
  std::vector<std::array<PixelPoint, 3>> points;  ///< One triple an N, in the wires' order.
  std::vector<Point3> middles;  ///< Where each N's wire across is cut, in the phantom's coordinates.
  double misfit_px = 0.0;       ///< RMS of the side wires' points from an affine image of the phantom.
  /// What the phantom's shape says of the size of pixels; with three N or more.
  std::optional<PixelSize> pixel;
};

struct WireOptions {
  /// Standard deviation of a wire's echo over the height of the picture.
  double spot_part = 0.0035;
  int max_candidates = 30;        ///< Brightest spots that may be wires.
  double max_misfit_part = 0.02;  ///< Of the pattern's width, for points of one straight N or parallel sides.
};

/// Returns every way to read bright spots of a picture as all wires of a phantom, the best of each of the
/// four ways that the phantom's axes can point in the picture, best first; empty where there is none.
///
/// The side wires are parallel, so an image shows them as an affine image of their places across the
/// phantom; each N lies on a straight line; and the plane that the wires across tell must agree with the
/// shape of the image. Points are centres of intensity.
/// \throws InvalidInput if the picture is empty, or the phantom has fewer than two N, an N is not flat, side
/// wires are not parallel, or the last N lies in the plane of the first, so that they tell no affine image
std::vector<WireCrossings> find_wires(const Frame& frame, const std::vector<NWire>& phantom,
                                      const WireOptions& options = {});

/// Returns where the wire across is cut, from the crossings of an N in a picture.
Point3 middle_crossing(const NWire& wires, const std::array<PixelPoint, 3>& points);

}  // namespace genu::ultrasound
