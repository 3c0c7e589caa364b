// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/core/frame.h>

namespace genu::ultrasound {

/// The side of the picture from which a needle comes; its tip is at the other end. either: the deeper end is
/// the tip, of a line within 3.4 degrees of level the end that does not leave the picture.
enum class EntrySide { either, left, right };

struct NeedleOptions {
  EntrySide side = EntrySide::either;  ///< Of the picture.
  std::optional<PixelSize> pixel_size =
      {};                                  ///< Angles are those of the tissue; without it, pixels are square.
  std::optional<PixelBounds> region = {};  ///< Where to look; without it, where the picture shows tissue.
  double min_angle_deg = 3.0;  ///< To the rows of the picture; flatter lines are layers of tissue.
  double max_angle_deg = 85.0;
  double min_length = 0.10;     ///< Of the visible shaft, as a part of the region's diagonal.
  double min_confidence = 0.5;  ///< What is less sure is no needle.
  unsigned threads = 0;         ///< 0: as thread_count says. The result does not depend on it.
};

/// What speaks for a needle and against it. Lengths are in parts of the region's diagonal, strengths in
/// multiples of the clutter around.
struct NeedleEvidence {
  double ridge = 0.0;       ///< Mean strength of the line where it is seen.
  double beside = 0.0;      ///< The same 8 to 20 thousandths of the picture beside it, all along.
  double length = 0.0;      ///< From the tip to the far end.
  double continuity = 0.0;  ///< Part of that length on which the line is seen, 0 to 1.
  double scatter = 0.0;   ///< Root mean square distance of the ridge from the smooth curve, over the length.
  double bend = 0.0;      ///< Sagitta over the length.
  double contrast = 0.0;  ///< How much brighter than both sides, 0 to 1 of its own brightness.
  double brightness = 0.0;  ///< Over the brightest hundredth of the region, 0 to about 1.
  double unevenness = 0.0;  ///< Mean change of brightness from one piece of the shaft to the next, over it.
  double tip_fall = 0.0;    ///< Fall of brightness at the tip, 0 to 1 of that of the shaft.
  double shadow = 0.0;      ///< Logarithm of the brightness below over that above; bone has it below 0.
  double rivals = 0.0;      ///< Strength of the best other line that runs alike, over its own.
  double far_gap = 0.0;     ///< From the far end to the region's border, along the line.
  double tip_clearance =
      0.0;            ///< From the tip to the region's border: a line that leaves the picture has no tip.
  double rank = 0.0;  ///< Decadic logarithm of the region's pixels over those that are brighter.
  double over = 0.0;  ///< Part of the line that is brighter than all that is looked at beside it, 0 to 1.
  double prominence = 0.0;  ///< By how many SD its ridge is above those of lines like it laid beside.
  double onward = 0.0;  ///< Best ridge beyond the tip, straight on or up to 48 degrees aside, over its own.
};

/// A needle in a B-mode picture.
struct NeedleInImage {
  PixelPoint tip;
  PixelPoint far_end;       ///< The other end of the visible shaft.
  double bow_px = 0.0;      ///< Sagitta of the bent shaft; positive bends downwards, 0 is straight.
  double angle_deg = 0.0;   ///< Between the chord and the probe's face (the rows), 0 to 90.
  double confidence = 0.0;  ///< Probability that this is a needle; see README.md for how it was calibrated.
  NeedleEvidence evidence;
  std::string why;  ///< What decided, in words.

  /// Returns the place on the shaft at a part t of its length: 0 the tip, 1 the far end (a parabola).
  PixelPoint at(double t) const;
};

/// Returns the needle that lies in the plane of a B-mode picture, or nothing where there is none.
///
/// Ridges at two scales, summed along straight pieces in every direction, give candidates; each is traced
/// (dynamic programming), fitted with a parabola and cut where it fades (Uhercik et al. 2010, IEEE Trans
/// Biomed Eng 57:1907); what is seen along it gives its confidence. README.md tells more. \throws
/// InvalidInput for an empty picture, a region outside of it, or options that make no sense
std::optional<NeedleInImage> find_needle(const Frame& frame, const NeedleOptions& options = {});

/// Returns all lines that could be a needle, the most probable first, whatever their confidence; for
/// tracking, and to show why nothing was found.
std::vector<NeedleInImage> needle_candidates(const Frame& frame, const NeedleOptions& options = {});

}  // namespace genu::ultrasound
