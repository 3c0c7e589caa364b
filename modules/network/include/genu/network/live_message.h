// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/tracked.h>

namespace genu::network {

/// A transform as it came, sound or not. What leads to or from the frame "Patient" is LPS here, and RAS on
/// its way. The numbers of other frames are never turned: a tracker's frames are neither RAS nor LPS.
struct LivePose {
  std::string name;                             ///< "ProbeToTracker".
  std::optional<ultrasound::FramePair> frames;  ///< Nothing if the name does not say two frames.
  ultrasound::TrackedPose pose;
};

/// What a TRANSFORM brings, or a TDATA.
struct LivePoses {
  std::vector<LivePose> poses;
};

/// What an IMAGE brings.
struct LiveImage {
  Frame image;
  /// From pixels (column, row, 0; the centre of the first one is 0, 0) to a frame in mm. It has frames if the
  /// device's name says two, as PLUS's "Image_Reference" does.
  LivePose embedded = {};
  std::string status = "OK";  ///< An image that is not OK shows nothing.
  /// What the message says that the embedded transform leads to; PLUS says RAS always. It has a meaning for
  /// the frame "Patient", to which `embedded` is LPS here whatever this says.
  std::string axes = "RAS";
  std::vector<LivePose> poses = {};  ///< Poses that PLUS puts beside the image, of the same moment.
  ultrasound::Fields fields = {};
};

/// What a STATUS brings.
struct LiveStatus {
  int code = 1;  ///< 1 is OK; the others are in `meaning_of_status`.
  std::int64_t subcode = 0;
  std::string name = {}, text = {};
};

/// A message of a type that Genu does not read.
struct LiveSkipped {
  std::string type;
  std::size_t bytes = 0;
};

/// A message that came and was not taken, and why.
struct LiveRefused {
  std::string why;
};

/// The link was made.
struct LiveConnected {
  std::string peer;
};

/// The link was lost, or could not be made.
struct LiveLost {
  std::string why;
  std::optional<double> retry_in_s;  ///< Nothing if it is lost for good.
};

using LiveContent =
    std::variant<LivePoses, LiveImage, LiveStatus, LiveSkipped, LiveRefused, LiveConnected, LiveLost>;

/// Something that happened on a link to a tracking server.
struct LiveMessage {
  std::string device = {};
  double time_s = std::numeric_limits<double>::quiet_NaN();      ///< By the sender's clock.
  double received_s = std::numeric_limits<double>::quiet_NaN();  ///< By `clock_s`, when it was there whole.
  LiveContent content;
};

/// Returns the seconds since 1970 (UTC) by a clock that never steps.
double clock_s();

/// Returns what OpenIGTLink means by a status code, "OK", "busy" ...
std::string meaning_of_status(int code);

}  // namespace genu::network
