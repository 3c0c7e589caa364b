// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double prominence = 0.9689;
constexpr double over = 0;
constexpr double contrast = 3.841;
constexpr double rank = 0.8077;
constexpr double length = 2.724;
constexpr double scatter = -1.907;
constexpr double bend = -34.15;
constexpr double uneven = -1.154;
constexpr double rivals = -0.362;
constexpr double flat_rivals = -1.727;
constexpr double clearance = 91.55;
constexpr double leaves = -4.393;
constexpr double flat_clearance = 25.11;
constexpr double onward = -1.888;
constexpr double gap = -2.483;
constexpr double bias = -13.835;

}  // namespace genu::ultrasound::needle::weight
