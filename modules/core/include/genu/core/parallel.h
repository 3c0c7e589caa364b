// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace genu {

/// Returns the number of threads to use: `requested`; if that is 0, what the environment variable
/// GENU_THREADS says, or else one for each core.
unsigned thread_count(unsigned requested);

/// Calls `body(begin, end)` for consecutive blocks that cover 0 .. count, on up to `threads` threads (0 =
/// every core).
///
/// Which block runs where is not fixed: a body writes only to its own places, so that the result has the same
/// bits for any number of threads. The first exception thrown is thrown again here.
void parallel_for(std::size_t count, const std::function<void(std::size_t begin, std::size_t end)>& body,
                  unsigned threads = 0, std::size_t block = 256);

}  // namespace genu
