// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <genu/core/progress.h>
#include <genu/core/volume.h>

namespace genu::imaging {

struct RelaxationOptions {
  /// Echoes left out at the start: the first of a train lacks the stimulated echoes that all later ones hold
  /// (Milford et al. 2015, PLoS ONE 10:e0145255).
  std::size_t skip_echoes = 1;
  /// Standard deviation of the noise in the real and the imaginary channel, in the image's own unit; 0 = no
  /// noise. Not given: `noise_sigma` finds it, and where that finds none the fit is that of an exponential.
  std::optional<double> noise_sigma = {};
  /// The first echo used must be so many times the noise (Rose 1948, J. Opt. Soc. Am. 38:196) ...
  double least_snr = 5.0;
  /// ... and this part of that echo's 99th percentile: what is darker is air, cortical bone or tendon.
  double least_signal_part = 0.02;
  /// Times beyond these are not told by echoes of a few ms to a tenth of a second: not fitted.
  double min_time_ms = 1.0;
  double max_time_ms = 1000.0;
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// Maps on the grid of the echoes; NaN where there was nothing to fit, or no decay that fits.
struct RelaxationMap {
  Volume<float> t2_ms;
  Volume<float> proton_density;  ///< Signal at echo time 0, in the image's unit.
  Volume<float> r2;  ///< Coefficient of determination of the fit: 1 = all of the decay is explained.
  std::vector<double> echo_times_ms;  ///< Those used.
  std::optional<double> noise_sigma;  ///< That used; nothing where it was neither given nor found.
};

/// Returns the standard deviation of the noise in the channels of a magnitude image, from the air around the
/// limb: there magnitudes keep to Rayleigh's distribution, whose median is 1.1774 of it. Nothing where there
/// is not enough air, or the scanner has blackened it (a tenth of its voxels or more are 0).
std::optional<double> noise_sigma(const Volume<float>& image);

/// Fits one exponential, S0 exp(-TE / T2), to the magnitudes of each voxel.
///
/// Least squares by Levenberg and Marquardt's method. The model of a magnitude is not the exponential but
/// the mean of Rice's distribution around it, so that the noise floor on which late echoes come to lie does
/// not pass for slow decay: the noise-corrected exponential of Raya et al. 2010 (Magn. Reson. Med. 63:181),
/// which lies near the Cramer-Rao bound, where log-linear and plain exponential fits read short T2 several
/// times too long. It starts from the log-linear fit of the power less that of the noise (Miller and Joseph
/// 1993, Magn. Reson. Imaging 11:1051). Air of several coils keeps to another distribution, and its sigma is
/// then that of a floor, not of each coil.
/// \throws InvalidInput if there are fewer than two echoes after those skipped, if numbers of echoes and of
/// times differ, if times are not above 0 and ascending, or if an option is out of range.
/// \throws GeometryMismatch if the echoes lie on different grids.
RelaxationMap fit_t2(const std::vector<Volume<float>>& echoes, const std::vector<double>& echo_times_ms,
                     const RelaxationOptions& options = {}, const Progress& progress = {});

}  // namespace genu::imaging
