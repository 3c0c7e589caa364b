// SPDX-License-Identifier: Apache-2.0
// Frames that no machine made: needles drawn over real tissue, pictures as another machine would show them.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "needle_cases.h"

namespace genu::bench {

/// The picture with a needle drawn over it: any angle from 3 to 80 degrees, width, brightness, bend, gaps,
/// fading, copies below.
NeedleCase drawn(const NeedleCase& onto, std::mt19937& random);
/// The picture with another grey map, gain over depth, sharpness, noise, coding and size, perhaps mirrored.
NeedleCase other_machine(const NeedleCase& one, std::mt19937& random);

/// Stores frames as PNG with a table of what they show, for pictures that take long to make.
void write_cases(const std::vector<NeedleCase>& cases, const std::filesystem::path& folder);
std::vector<std::string> rows_of_cases(const std::filesystem::path& folder);
NeedleCase read_case(const std::filesystem::path& folder, const std::string& row);

}  // namespace genu::bench
