// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <genu/cartilage/report.h>
#include <genu/core/knee.h>

#include "patch.h"

namespace genu::cartilage {

/// Tells which part of a region a place belongs to; `outside` where the region has no parts.
using SubregionRule = std::function<Region(const Point3&, Region)>;

/// Returns how the regions of one bone are divided, by the bearing bone alone, so that worn cartilage moves
/// no border.
///
/// The centre of a tibial plate is an ellipse around the centroid of its tAB that holds 20 % of it; what is
/// around is anterior, posterior, internal (towards the notch) or external, parted along the diagonals. A
/// weight-bearing condyle is divided into thirds of its tAB from internal to external (Wirth and Eckstein
/// 2008, IEEE Transactions on Medical Imaging 27:737). The facets of the patella meet where it reaches
/// furthest back.
SubregionRule subregion_rule(const BoneMap& map, const Ground& ground, const KneeFrame& frame);

}  // namespace genu::cartilage
