// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include <genu/cartilage/report.h>

#include "patch.h"

namespace genu::cartilage {

/// Cartilage tapers off towards its margin: steeply over this distance, ...
inline constexpr double taper_mm = 4.0;
/// ... gently over this one.
inline constexpr double far_taper_mm = 10.0;

/// How thick cartilage is near its margin in parts of what a fit says: the median along the margin of a
/// plate, rising inward. Cartilage that is thin in the middle is thus no taper.
class Taper {
 public:
  Taper(const BoneMap& map, const Ground& ground, const std::vector<double>& margin_mm,
        const std::vector<double>& fitted_mm);

  double at(Region region, double margin_mm) const;

 private:
  std::array<std::vector<double>, 3> parts_;  ///< For each plate of a bone: one a step of the distance.
};

}  // namespace genu::cartilage
