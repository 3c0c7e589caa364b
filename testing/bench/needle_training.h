// SPDX-License-Identifier: Apache-2.0
// Frames to learn the confidence of needles from, and what is seen in them.
#pragma once

#include <filesystem>

namespace genu::bench {

/// Stores real frames and what is made of them: changed, with the needle removed, with needles laid over.
void store_real(const std::filesystem::path& data, const std::filesystem::path& to,
                const std::filesystem::path& more);
void store_simulated(const std::filesystem::path& to);
/// Prints a row of evidence for each candidate in stored frames.
void print_features(const std::filesystem::path& from);

}  // namespace genu::bench
