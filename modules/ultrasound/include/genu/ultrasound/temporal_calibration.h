// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

/// A bright line across a picture, as the bottom of a water tank makes it.
struct BrightLine {
  PixelPoint at;         ///< Where it crosses the middle column.
  double slope = 0.0;    ///< Rows a column.
  double covered = 0.0;  ///< Part of the columns with an echo that lie on it.
  double row_at(double x) const { return at.y + slope * (x - at.x); }
};

/// Returns the straight line on which most of the brightest echoes of the columns lie, or nothing if fewer
/// than half of them do.
std::optional<BrightLine> find_bright_line(const Frame& frame);

/// Something that moves, told again and again.
struct MotionSignal {
  std::vector<double> time_s;  ///< Rising.
  std::vector<double> value;   ///< As many.
};

/// Returns the depth of the bright line in each picture that shows one, in pixels.
MotionSignal line_depths(const TrackedSequence& video);
/// Returns how far one coordinate frame moved in another one along the direction in which it moved most, mm,
/// at the moments at which the pose between them was sound and rigid.
MotionSignal motion_of_pose(const TrackedSequence& recording, std::string_view from, std::string_view to,
                            const CoordinateFrames& always = {});

struct TemporalCalibrationOptions {
  double max_lag_s = 1.0;          ///< Lags up to this are compared, in steps of 5 ms; at most a minute.
  double least_correlation = 0.9;  ///< Below this the two do not show one motion.
};

/// How much later one stream tells a motion than another.
struct TemporalCalibration {
  double lag_s = 0.0;                 ///< The tracker's time stamps less the video's, for the same moment.
  double lag_sd_s = 0.0;              ///< Of lags of five parts of the recording, over the root of five.
  double correlation = 0.0;           ///< At the lag.
  double left_out_correlation = 0.0;  ///< Least of those of the parts at the lag of all others.
  std::size_t samples = 0;            ///< Pictures compared.
  std::size_t skipped = 0;            ///< Pictures left out since the tracker's poses were lost about them.
};

/// Returns the lag with which a motion in the video and one told by a tracker agree best: that of the
/// greatest correlation, between samples as a parabola through its neighbours has it.
///
/// The probe is moved up and down over the bottom of a water tank (Lasso et al. 2014; Carbajal et al. 2011).
/// Between samples of the tracker the motion is taken as straight, but not where poses were lost: samples
/// further apart than 0.2 s and three of the tracker's median periods. Pictures that any of the lags would
/// bring there are left out of all, so that every lag is judged by the same pictures.
/// \throws InvalidInput, with what was seen, if a signal is not finite or its times do not rise, the greatest
/// lag is not above 0 and at most 60 s, fewer than 50 pictures or 50 of the tracker's samples are in common,
/// one of the signals does not move, the two do not correlate, another lag fits as well, or the lag lies at
/// the end of the search
TemporalCalibration calibrate_temporal(const MotionSignal& video, const MotionSignal& tracker,
                                       const TemporalCalibrationOptions& options = {});

}  // namespace genu::ultrasound
