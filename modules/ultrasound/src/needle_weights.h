// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double ridge = 0;
constexpr double beside = -1.265;
constexpr double length = 0.7245;
constexpr double continuity = 0;
constexpr double scatter = -1.211;
constexpr double bend = -65.96;
constexpr double contrast = 1.73;
constexpr double brightness = 1.036;
constexpr double shadow = 1.287;
constexpr double rivals = -1.237;
constexpr double clearance = 72.27;
constexpr double gap = 0;
constexpr double angle = 2.423;
constexpr double steepness = -4.267;
constexpr double fall = 0;
constexpr double uneven = -1.909;
constexpr double bias = -14.675;

}  // namespace genu::ultrasound::needle::weight
