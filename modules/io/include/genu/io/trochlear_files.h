// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/ultrasound/trochlear_cartilage.h>

namespace genu::io {

/// One picture that was looked at for trochlear cartilage.
struct TrochlearPicture {
  std::size_t frame = 0;  ///< In its file, from 1.
  ultrasound::TrochlearFinding finding;
};

/// What was measured in one file, and how.
struct TrochlearRecord {
  std::string input, created, genu_version;
  std::string pixel_source;  ///< Where the size of a pixel comes from, or why it is not known.
  ultrasound::TrochlearZoneOptions zones;
  std::vector<TrochlearPicture> pictures;
  std::vector<std::string> warnings;  ///< What is odd about the file, a sentence each.
};

/// Returns the record's JSON form (data/schemas/trochlear_cartilage.schema.json); null was not measured.
std::string to_json(const TrochlearRecord& record);
/// Returns it as CSV: one row a picture, zone and measure; a picture without cartilage has one, with reasons.
std::string trochlear_csv(const TrochlearRecord& record);

}  // namespace genu::io
