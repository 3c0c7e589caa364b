// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <genu/core/geometry.h>
#include <genu/core/mesh.h>
#include <genu/core/tissue.h>
#include <genu/followup/compare.h>

namespace genu::followup {

/// How far from the border of its image a surface is not anatomy: it was closed and smoothed there.
inline constexpr double border_mm = 1.5;

/// Returns true if a point lies in the image, and at least so far from its border.
bool shows(const ImageGeometry& grid, const Point3& p, double inside_mm);

/// Returns 1 for each vertex that is anatomy, not the border of the image.
std::vector<std::uint8_t> anatomy_of(const TriangleMesh& surface, const ImageGeometry& grid);

/// Returns the bone's volume at both visits in the part that both images and both outlines show: shafts end
/// where the shorter one does.
Change common_volume_mm3(const Visit& baseline, const Visit& followup, const cartilage::BoneMap& at_baseline,
                         const cartilage::BoneMap& at_followup, const registration::Alignment& alignment);

}  // namespace genu::followup
