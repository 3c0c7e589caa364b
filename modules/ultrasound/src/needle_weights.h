// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double ridge = 0;
constexpr double beside = -1.22;
constexpr double length = 0.7647;
constexpr double continuity = 0;
constexpr double scatter = -0.9262;
constexpr double bend = -59.96;
constexpr double contrast = 2.02;
constexpr double brightness = 0.5504;
constexpr double shadow = 1.254;
constexpr double rivals = -1.151;
constexpr double clearance = 50.96;
constexpr double gap = 0;
constexpr double angle = 2.718;
constexpr double steepness = -2.872;
constexpr double fall = 0.4573;
constexpr double uneven = -1.161;
constexpr double bias = -12.094;

}  // namespace genu::ultrasound::needle::weight
