// SPDX-License-Identifier: Apache-2.0
// Written by training/needle_confidence.py; not to be edited.
#pragma once

namespace genu::ultrasound::needle::weight {

constexpr double prominence = 1.144;
constexpr double over = 0.2433;
constexpr double contrast = 4.173;
constexpr double rank = 1.035;
constexpr double length = 2.74;
constexpr double scatter = -1.856;
constexpr double bend = -50.48;
constexpr double uneven = -3.192;
constexpr double rivals = -0.428;
constexpr double flat_rivals = -2.108;
constexpr double clearance = 70.84;
constexpr double leaves = -4.224;
constexpr double flat_clearance = 37.7;
constexpr double onward = -2.076;
constexpr double gap = -2.867;
constexpr double bias = -13.213;

}  // namespace genu::ultrasound::needle::weight
