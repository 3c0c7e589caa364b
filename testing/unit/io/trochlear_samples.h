// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <genu/io/trochlear_files.h>

namespace genu::testing {

/// A picture with cartilage of 40 x 0.1 mm under one of 45, and one without.
inline io::TrochlearRecord sample_trochlea() {
  io::TrochlearRecord record{
      .input = "knee.dcm",
      .created = "2026-11-22T10:00:00Z",
      .genu_version = "0.1.0",
      .pixel_source = "--pixel-mm",
      .zones = {.pixel_size = PixelSize{0.1, 0.1}, .knee = Side::left, .picture_left = Side::right},
      .pictures = {},
      .warnings = {"its modality is 'MR' and not ultrasound"}};
  ultrasound::TrochlearCartilage c;
  for (int x = 0; x < 200; ++x) {
    const double bone = 300.0 - 0.002 * (x - 100.0) * (x - 100.0);
    c.contours.bone_px.push_back(x < 5 ? std::nan("") : bone);
    c.contours.far_px.push_back(bone - 40.0);
    c.contours.near_px.push_back(bone - 45.0);
  }
  c.mean_confidence = 0.8;
  c.thickness = ultrasound::measure_trochlear_thickness(c.contours, record.zones);
  record.pictures.push_back({1, {c, {"a lateral facet deeper than the medial one"}}});
  record.pictures.push_back({2, {{}, {"no bone is seen"}}});
  return record;
}

}  // namespace genu::testing
