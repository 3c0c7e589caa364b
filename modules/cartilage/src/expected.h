// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/cartilage/report.h>

#include "patch.h"
#include "taper.h"

namespace genu::cartilage {

/// What cartilage would be like were there no focal loss.
struct Expected {
  std::vector<double> thickness_mm;  ///< One per vertex; NaN outside and where no cartilage is near enough.
  std::vector<double>
      margin_mm;  ///< One per vertex: to the margin of what bears cartilage, up to far_taper_mm.
};

/// Returns the expected local thickness: a smooth surface through the thickness around each place that focal
/// losses do not pull down.
///
/// Locally weighted regression, robust by reweighting (Cleveland 1979, Journal of the American Statistical
/// Association 74:829): within 18 mm along the bone a plane with restrained curvature is fitted to the
/// thickness. A local polynomial follows slopes up to the margin, where a smoothing spline levels off, and
/// needs no chart of the plate. The first passes favour the thicker half as asymmetric least squares do
/// (Newey and Powell 1987, Econometrica 55:819), because a loss 20 mm across is nearly half of what a fit
/// sees; the last ones leave out what is thinner than expected by more than a biweight's reach (Beaton and
/// Tukey 1974, Technometrics 16:147). Near the margin the fit is to thickness over the plate's own taper,
/// found from the same knee. Same bits for any number of threads; commutes with moving the patient.
Expected expected_thickness(const BoneMap& map, const Ground& ground, const std::vector<Vector3>& normals,
                            unsigned threads);

}  // namespace genu::cartilage
