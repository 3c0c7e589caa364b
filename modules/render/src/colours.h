// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/tissue.h>
#include <genu/planning/anatomy.h>

#include "canvas.h"

namespace genu::render {

Colour colour_of(Tissue tissue);
Colour colour_of(const planning::Structure& structure);

/// Returns the colour for a part of the thickness scale, 0 to 1: dark violet over blue and green to yellow.
///
/// Lightness grows evenly in the Oklab space (B. Ottosson, 2020), so that equal steps look equal, also in
/// grey print and for colour-blind readers.
Colour thickness_colour(double part);

/// Returns the colour of a bone vertex: the scale, or one of the three colours below.
Colour thickness_colour(double thickness_mm, cartilage::Region region, double max_mm);

/// Returns the colours of a bone's vertices.
std::vector<Colour> colours_of(const cartilage::BoneMap& map, double max_mm);

/// Returns the colour for a part of the scale of change: red (0, thinner) over white to blue (1, thicker).
Colour change_colour(double part);

inline constexpr Colour denuded_colour{222, 22, 60};
inline constexpr Colour not_measured_colour{148, 148, 152};
inline constexpr Colour bone_colour{233, 224, 203};

inline constexpr Colour needle_colour{255, 214, 0};    // on grey images
inline constexpr Colour best_path_colour{0, 125, 60};  // on white ground
inline constexpr Colour other_path_colour{105, 165, 90};
inline constexpr Colour target_colour{225, 0, 150};
inline constexpr Colour rejected_colour{190, 70, 40};

}  // namespace genu::render
