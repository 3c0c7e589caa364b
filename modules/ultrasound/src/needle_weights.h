// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double ridge = 0;
constexpr double beside = -1.286;
constexpr double length = 1.092;
constexpr double continuity = 0;
constexpr double scatter = -1.168;
constexpr double bend = -65.96;
constexpr double contrast = 1.019;
constexpr double brightness = 0.8911;
constexpr double shadow = 1.233;
constexpr double rivals = -1.458;
constexpr double clearance = 68.25;
constexpr double gap = 0;
constexpr double angle = 1.846;
constexpr double steepness = -4.58;
constexpr double fall = 0;
constexpr double uneven = -0.5926;
constexpr double bias = -12.832;

}  // namespace genu::ultrasound::needle::weight
