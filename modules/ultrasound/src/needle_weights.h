// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double prominence = 1.139;
constexpr double over = 0.2206;
constexpr double contrast = 3.607;
constexpr double rank = 0.9457;
constexpr double length = 2.653;
constexpr double scatter = -1.806;
constexpr double bend = -46.64;
constexpr double uneven = -2.575;
constexpr double rivals = -0.3852;
constexpr double flat_rivals = -2.266;
constexpr double clearance = 73.78;
constexpr double leaves = -4.384;
constexpr double flat_clearance = 36.67;
constexpr double onward = -1.894;
constexpr double gap = -2.393;
constexpr double bias = -12.869;

}  // namespace genu::ultrasound::needle::weight
