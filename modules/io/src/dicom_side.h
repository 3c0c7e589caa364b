// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace genu::io::dicom {

/// Which sides were named; both means that the sources disagree.
struct SideEvidence {
  bool left = false;
  bool right = false;
  void operator|=(const SideEvidence& other) {
    left = left || other.left;
    right = right || other.right;
  }
};

/// Returns the side that a laterality code (L, R) names; B, U and nothing name none.
SideEvidence side_of_code(std::string_view laterality);
/// Returns the sides that the words of a description name: LEFT and RIGHT anywhere, LT, RT, L and R only
/// beside KNEE, because RT also means real time and L, R also mean a phase encoding direction.
SideEvidence sides_in_words(std::string_view description);

}  // namespace genu::io::dicom
