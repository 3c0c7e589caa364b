// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double prominence = 1.071;
constexpr double over = 1.146;
constexpr double contrast = 3.385;
constexpr double rank = 0.9121;
constexpr double length = 2.53;
constexpr double scatter = -1.675;
constexpr double bend = -50.44;
constexpr double uneven = -2.312;
constexpr double rivals = -0.424;
constexpr double flat_rivals = -1.763;
constexpr double clearance = 76.55;
constexpr double leaves = -4.086;
constexpr double flat_clearance = 30.23;
constexpr double onward = -1.759;
constexpr double gap = -1.481;
constexpr double bias = -13.134;

}  // namespace genu::ultrasound::needle::weight
