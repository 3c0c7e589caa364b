// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/region.h>

namespace genu::ultrasound {

/// Where a clip comes from, in the words of its file; empty where it says nothing.
struct ClipOrigin {
  std::string kind;  ///< "Ultrasound Image Storage", "PNG" ...
  std::string modality, manufacturer, model, transducer;
  std::string patient_id, study_date, description, object_uid;
};

/// A still (one frame) or a clip that nothing tracked, as an ultrasound machine stored it.
struct UltrasoundClip {
  std::vector<Frame> frames;              ///< All of one size and number of channels.
  std::vector<double> times_s;            ///< One a frame, the first at 0; NaN where the file does not say.
  std::string time_source;                ///< Where the times come from; empty where they are not known.
  std::vector<UltrasoundRegion> regions;  ///< In the file's order.
  std::size_t regions_left_out = 0;       ///< So damaged that nobody knows where they lie.
  bool may_state_regions = true;          ///< Its format can: PNG and JPEG can't.
  ClipOrigin origin;
  std::string photometric;  ///< As stored: "MONOCHROME2", "YBR_FULL_422" ...
  std::string encoding;     ///< The name of the transfer syntax.
  bool lossy = false;
  std::string grey_mapping;  ///< How the values became 8 bits; empty where they are the stored ones.
  /// Pixel Spacing (0028,0030), which is not how ultrasound is calibrated: for information, never used.
  std::optional<PixelSize> stated_spacing;
  std::vector<std::string> warnings;  ///< What is odd, a sentence each.

  int width() const { return frames.empty() ? 0 : frames.front().width; }
  int height() const { return frames.empty() ? 0 : frames.front().height; }
};

/// The scale of a clip's B-mode image, and of which region it is; or why there is none.
struct ClipScale {
  std::optional<std::size_t> region;  ///< Index in the clip's `regions`.
  RegionScale scale;
  bool differ = false;  ///< There is none because regions differ in scale: a part of one has that of its own.
};
/// Returns the scale of the largest region that shows tissue (or, if none does, flow) and has one; none if
/// such regions differ in scale, as a pixel's size then depends on where it lies.
ClipScale b_mode_scale(const UltrasoundClip& clip, const ScaleOptions& options = {});
/// Returns the scale of the B-mode region whose pixels a part of the picture shows; that of the whole clip if
/// the part is not within one.
ClipScale b_mode_scale(const UltrasoundClip& clip, const PixelBounds& part, const ScaleOptions& options = {});

}  // namespace genu::ultrasound
