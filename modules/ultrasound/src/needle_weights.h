// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double ridge = 0;
constexpr double beside = -1.278;
constexpr double length = 1.157;
constexpr double continuity = 0;
constexpr double scatter = -1.187;
constexpr double bend = -65.81;
constexpr double contrast = 1.031;
constexpr double brightness = 0.895;
constexpr double shadow = 1.222;
constexpr double rivals = -1.468;
constexpr double clearance = 68.77;
constexpr double gap = 0;
constexpr double angle = 1.797;
constexpr double steepness = -4.546;
constexpr double fall = 0;
constexpr double uneven = -0.09451;
constexpr double bias = -12.907;

}  // namespace genu::ultrasound::needle::weight
