// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace genu::network {

/// Returns the CRC of ECMA-182 as OpenIGTLink uses it: highest bit first, begun with 0.
std::uint64_t checksum_of(std::span<const std::byte> bytes);

}  // namespace genu::network
