// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/needle.h>

namespace genu::ultrasound {

struct NeedleTrackOptions {
  NeedleOptions finder = {};
  double gate_angle_deg = 8.0;   ///< A line turned more from one frame to the next is another one.
  double gate_shaft = 0.025;     ///< As is one further beside the last; in parts of the picture's diagonal.
  double gate_tip = 0.10;        ///< A tip further from where it is expected is not taken for it.
  double prior = 2.0;            ///< What a line where the needle was gains, in log odds.
  double tip_sd = 0.006;         ///< Of a found tip from frame to frame, in parts of the diagonal.
  double acceleration = 0.0015;  ///< SD of the tip's, in parts of the diagonal a frame a frame.
  int lost_after = 8;            ///< Frames without it after which a needle is lost.
  /// Frames in which another line is the surer needle, by odds of 2 to 1, before it is followed.
  int restart_after = 3;
  int unchanging_after =
      12;  ///< Frames in which a mark of the machine has not changed; 0 = do not look for marks.
};

enum class NeedleState {
  none,       ///< There is none, or it was lost.
  seen,       ///< In this frame.
  predicted,  ///< Not in this frame: where it would be, had it gone on as before.
};

/// A needle followed through a clip: a value, changed by follow() alone.
struct NeedleTrack {
  NeedleState state = NeedleState::none;
  /// The steady estimate; its confidence is that of this frame with the frames before as prior.
  NeedleInImage needle;
  std::optional<NeedleInImage> found;    ///< What was seen in this frame alone.
  double tip_sd_px = 0.0;                ///< Of the steady tip, along each axis.
  std::array<double, 2> tip_speed_px{};  ///< A frame.
  int frames = 0;                        ///< Since the needle was first seen.
  int unseen = 0;                        ///< Frames since it was last seen.

  /// What follow() remembers between frames.
  struct Memory {
    std::array<double, 3> covariance{};  ///< Of place and speed of the tip along an axis: pp, pv, vv.
    std::optional<NeedleInImage> other;  ///< A surer line elsewhere.
    int other_frames = 0;
    std::vector<std::uint8_t> last,
        same;  ///< The last picture, and for how many frames each pixel is as it was.
  } memory = {};
};

/// Returns the track after one more frame.
///
/// A Kalman filter with constant speed follows the tip (Chatelain et al. 2013, ICRA: 1668, in 3-D); lines
/// near the predicted one are preferred; another one is followed once it was clearly surer for some frames.
/// What does not change is taken for a mark of the machine, unless the whole picture is still. \throws
/// InvalidInput as find_needle does
NeedleTrack follow(NeedleTrack track, const Frame& frame, const NeedleTrackOptions& options = {});

}  // namespace genu::ultrasound
