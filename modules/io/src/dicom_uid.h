// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace genu::io::dicom {

/// Returns the unique identifier of a name: "2.25." and a UUID as a decimal number (PS3.5 annex B.2). Equal
/// names give equal identifiers; the UUID is of version 8 (RFC 9562), made from a 128-bit hash that is not
/// meant to withstand an attacker.
std::string derived_uid(std::string_view name);

}  // namespace genu::io::dicom
