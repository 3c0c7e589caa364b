// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>

namespace genu::ultrasound {

/// The two coordinate frames of a transform.
struct FramePair {
  std::string from, to;
  friend bool operator==(const FramePair&, const FramePair&) = default;
  friend bool operator<(const FramePair& a, const FramePair& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  }
};

/// Returns the frames of a name as PLUS writes it, "ProbeToTracker"; nothing if it has not exactly one "To"
/// between two names that begin with a capital.
std::optional<FramePair> frames_named(std::string_view name);
/// Returns "ProbeToTracker".
std::string name_of(const FramePair& frames);
/// Returns true if both lead between the same frames, in whichever direction.
bool joins_the_same(const FramePair& a, const FramePair& b);

/// A transform as a tracker sent it, sound or not.
struct TrackedPose {
  std::array<double, 16> rows{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  std::string status = "OK";  ///< "OK", "INVALID", "MISSING", "OUT_OF_VIEW" ...

  /// Returns the transform, or nothing if the status is not OK or the numbers are no transform.
  std::optional<AffineTransform> transform() const;
  friend bool operator==(const TrackedPose&, const TrackedPose&) = default;
};

/// Texts that belong to a frame or a sequence and mean nothing here; they are kept for writing.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// One moment of a tracked recording.
struct TrackedFrame {
  Frame image;                      ///< Empty where only poses were recorded.
  std::string image_status = "OK";  ///< "OK" or "INVALID"; an image that is not OK shows nothing.
  double time_s = std::numeric_limits<double>::quiet_NaN();
  std::map<FramePair, TrackedPose> poses;
  Fields fields = {};

  bool shows_image() const { return !image.empty() && image_status == "OK"; }
};

/// A recording of images, poses or both.
struct TrackedSequence {
  /// How the file stores its images (see turned_to_marked_far); those in `frames` are marked and far.
  std::string orientation = "MFA";
  /// False if nobody said so: MFA is then assumed, and not said when it is written.
  bool orientation_stated = true;
  std::string image_type = "BRIGHTNESS";
  std::vector<TrackedFrame> frames;
  Fields fields = {};
  /// Where the file's format says that the images lie, in its own words, if that is not the usual 1, 0 and
  /// identity. The poses tell where images are; this is only kept for writing.
  Fields placement = {};
  std::vector<std::string> remarks = {};  ///< What was assumed when it was read.
  /// False if its file had poses of the frame "Patient" and did not say in which axes: LPS is then assumed,
  /// and not said when it is written.
  bool patient_axes_stated = true;
};

/// What is known of coordinate frames: some transforms, and by them others.
class CoordinateFrames {
 public:
  /// Adds a transform, or replaces the one between these frames. \throws InvalidInput if both are the same
  void set(const FramePair& frames, const AffineTransform& to_from_from);
  /// Takes the transform between two frames away, in either direction.
  void forget(const FramePair& frames);
  /// Returns the transform from one frame to another along the shortest chain of what is known, inverted
  /// where need be; nothing if no chain leads there, or only one whose product is no transform, as that of
  /// finite poses so far off that their sum is infinite.
  std::optional<AffineTransform> find(std::string_view from, std::string_view to) const;
  /// Returns the names of all frames.
  std::vector<std::string> names() const;

 private:
  std::map<FramePair, AffineTransform> known_;
};

/// Returns what is known at one moment: the sound poses of a frame with those that always hold, such as
/// probe_from_image. A pose that is not sound leaves its frames apart, also where `always` joins them.
CoordinateFrames at_moment(const TrackedFrame& frame, const CoordinateFrames& always);

}  // namespace genu::ultrasound
