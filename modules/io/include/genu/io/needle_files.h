// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <genu/ultrasound/needle_guidance.h>

namespace genu::io {

/// One picture in which a needle was looked for.
struct NeedlePicture {
  std::size_t frame = 0;  ///< In its file, from 1.
  double time_s = std::numeric_limits<double>::quiet_NaN();
  ultrasound::NeedleFinding finding;
  std::optional<ultrasound::NeedleGuidance> guidance;  ///< Nothing where there is no plan.
};

/// The trajectory that a needle is measured against.
struct NeedlePlanChosen {
  std::string target, approach;
  std::size_t rank = 1;
  ultrasound::NeedleGuide guide;
  std::string error_source;  ///< Where the errors come from, or why they are not known.
};

/// What was found in one file, and how.
struct NeedleRecord {
  std::vector<std::string> inputs = {};
  std::string created, genu_version;
  std::optional<PixelSize> pixel;
  std::string pixel_source;  ///< Where the size of a pixel comes from, or why it is not known.
  ultrasound::NeedleOptions finder = {};
  bool followed = false;                 ///< From picture to picture; otherwise each one by itself.
  std::size_t frames_without_image = 0;  ///< They are not among the pictures.
  std::optional<NeedlePlanChosen> plan;
  std::vector<NeedlePicture> pictures = {};
  std::vector<std::string> warnings = {};
};

/// Returns the record's JSON form (data/schemas/needle.schema.json); null was not seen or is not known.
std::string to_json(const NeedleRecord& record);
/// Returns it as CSV: a header, and one row a picture.
std::string needle_csv(const NeedleRecord& record);

}  // namespace genu::io
