// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include <opencv2/core.hpp>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/ultrasound/pivot_calibration.h>

#include "fit.h"

namespace genu::ultrasound {
namespace {

constexpr std::size_t least_poses = 20;
constexpr double least_rotation_deg = 20.0;
// A stretch in which one point stays in place is looked for in windows of this many poses.
constexpr std::size_t window = 30, window_step = 5;
// The tip is on a pivot while it stays this near to its mean, which holds the noise of a tracker.
constexpr double max_spread_mm = 2.0;
constexpr std::size_t least_stretch = 10;
// A stylus that is laid down or held still trembles by a degree or two; one that turns by less than this on a
// pivot says next to nothing of the tip.
constexpr double least_stretch_rotation_deg = 10.0;
// Turning about one axis leaves the tip open along it: the least singular value of the turns is then 0. This
// is a cone of some five degrees.
constexpr double least_singular = 0.04;

/// Poses that follow each other, with the tip in one place.
using Stretch = std::vector<RigidTransform>;

/// Where a stretch lies among all poses: from `begin` up to but not with `end`.
struct Range {
  std::size_t begin, end;
};

Stretch stretch_of(const std::vector<RigidTransform>& poses, const Range& range) {
  return {poses.begin() + static_cast<std::ptrdiff_t>(range.begin),
          poses.begin() + static_cast<std::ptrdiff_t>(range.end)};
}

struct Tip {
  Vector3 in_stylus;
  double least_singular = 0.0;  ///< Over the root of the number of poses.
  double variance = 0.0;        ///< Sum over the tip's coordinates, for residuals of variance 1.
};

/// Returns the tip that stays in place in each stretch, wherever that is.
Tip solve(const std::vector<Stretch>& stretches) {
  int count = 0;
  for (const Stretch& s : stretches) count += static_cast<int>(s.size());
  cv::Mat1d left(3 * count, 3), right(3 * count, 1);
  int row = 0;
  for (const Stretch& stretch : stretches) {
    cv::Matx33d mean_turn = cv::Matx33d::zeros();
    cv::Vec3d mean_shift;
    std::vector<std::pair<cv::Matx33d, cv::Vec3d>> poses;
    poses.reserve(stretch.size());
    for (const RigidTransform& pose : stretch) {
      const auto& r = pose.rotation().rows;
      const Vector3& t = pose.translation();
      poses.emplace_back(
          cv::Matx33d(r[0][0], r[0][1], r[0][2], r[1][0], r[1][1], r[1][2], r[2][0], r[2][1], r[2][2]),
          cv::Vec3d(t.x, t.y, t.z));
      mean_turn += poses.back().first * (1.0 / static_cast<double>(stretch.size()));
      mean_shift += poses.back().second * (1.0 / static_cast<double>(stretch.size()));
    }
    for (const auto& [turn, shift] : poses)
      for (int r = 0; r < 3; ++r, ++row) {
        for (int c = 0; c < 3; ++c) left(row, c) = turn(r, c) - mean_turn(r, c);
        right(row, 0) = mean_shift[r] - shift[r];
      }
  }
  const cv::SVD svd(left);
  cv::Mat1d x;
  svd.backSubst(right, x);
  const cv::Mat1d w = svd.w;
  Tip tip{{x(0, 0), x(1, 0), x(2, 0)}, w(2, 0) / std::sqrt(static_cast<double>(count)), 0.0};
  for (int k = 0; k < 3; ++k) tip.variance += 1.0 / std::max(1e-300, w(k, 0) * w(k, 0));
  return tip;
}

Point3 place_of(const Vector3& tip, const Stretch& stretch) {
  Vector3 sum;
  for (const RigidTransform& pose : stretch) sum += pose(Point3{} + tip) - Point3{};
  return Point3{} + sum / static_cast<double>(stretch.size());
}

std::vector<double> distances(const Vector3& tip, const Stretch& stretch) {
  const Point3 place = place_of(tip, stretch);
  std::vector<double> result;
  result.reserve(stretch.size());
  for (const RigidTransform& pose : stretch) result.push_back(distance(pose(Point3{} + tip), place));
  return result;
}

/// Returns the tip on which most windows of poses agree; nothing if in none a point stayed in place. `seen`
/// is the greatest of the windows' least singular values.
std::optional<Vector3> first_tip(const std::vector<RigidTransform>& poses, double& seen) {
  std::vector<Vector3> tips;
  const std::size_t size = std::min(window, poses.size());
  for (std::size_t begin = 0; begin + size <= poses.size(); begin += window_step) {
    const Stretch stretch = stretch_of(poses, {begin, begin + size});
    const Tip tip = solve({stretch});
    seen = std::max(seen, tip.least_singular);
    if (tip.least_singular < least_singular) continue;
    std::vector<double> d = distances(tip.in_stylus, stretch);
    // Half of a window may be the way to or from the pivot.
    std::nth_element(d.begin(), d.begin() + static_cast<std::ptrdiff_t>(d.size() / 2), d.end());
    if (d[d.size() / 2] < max_spread_mm) tips.push_back(tip.in_stylus);
  }
  std::optional<Vector3> best;
  std::size_t most = 0;
  constexpr double alike_mm = 5.0;  // a window of some ten degrees fixes the tip to a few millimetres
  for (const Vector3& tip : tips) {
    const auto like = static_cast<std::size_t>(std::count_if(
        tips.begin(), tips.end(), [&](const Vector3& other) { return length(other - tip) < alike_mm; }));
    if (like > most) {
      most = like;
      best = tip;
    }
  }
  return best;
}

/// Returns how far poses are turned between any two of them.
double rotation_of(const Stretch& poses) {
  double most = 0.0;
  for (std::size_t a = 0; a < poses.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      most = std::max(most, rotation_angle_deg(poses[a].rotation().transposed() * poses[b].rotation()));
  return most;
}

/// Returns the stretches in which the tip stays in place while the stylus is turned.
std::vector<Range> ranges_of(const std::vector<RigidTransform>& poses, const Vector3& tip) {
  std::vector<Range> found;
  for (std::size_t begin = 0; begin < poses.size();) {
    Stretch stretch;
    std::size_t end = begin;
    for (; end < poses.size(); ++end) {
      stretch.push_back(poses[end]);
      const std::vector<double> d = distances(tip, stretch);
      if (*std::max_element(d.begin(), d.end()) > max_spread_mm) {
        stretch.pop_back();
        break;
      }
    }
    if (stretch.size() < least_stretch) {
      ++begin;
      continue;
    }
    if (rotation_of(stretch) >= least_stretch_rotation_deg) found.push_back({begin, end});
    begin = end;
  }
  return found;
}

/// The tip that poses agree on, and the stretches that it was found in.
struct Fit {
  std::vector<Range> ranges;
  std::vector<Stretch> stretches;
  Tip tip;
};

/// Returns what begins with a first tip; without stretches where it nowhere stays in place.
Fit refined(const std::vector<RigidTransform>& poses, const Vector3& first) {
  Fit fit;
  fit.tip.in_stylus = first;
  constexpr int rounds = 4;  // stretches end where they did after two or three
  for (int round = 0; round < rounds; ++round) {
    fit.ranges = ranges_of(poses, fit.tip.in_stylus);
    fit.stretches.clear();
    for (const Range& range : fit.ranges) fit.stretches.push_back(stretch_of(poses, range));
    if (fit.stretches.empty()) return fit;
    fit.tip = solve(fit.stretches);
  }
  return fit;
}

/// Returns when the stylus was on each pivot: stretches on one pivot that a few poses part are one, since
/// what is off for so short a time is an error of its poses, and no way of the tip.
std::vector<Range> times_on_pivots(const Fit& fit) {
  std::vector<Range> times;
  std::optional<Point3> last;
  for (std::size_t s = 0; s < fit.ranges.size(); ++s) {
    const Point3 pivot = place_of(fit.tip.in_stylus, fit.stretches[s]);
    if (last && distance(*last, pivot) < max_spread_mm &&
        fit.ranges[s].begin - times.back().end < least_stretch)
      times.back().end = fit.ranges[s].end;
    else
      times.push_back(fit.ranges[s]);
    last = pivot;
  }
  return times;
}

/// Returns the errors of each fifth of the times on pivots by the tip and the pivots of all other poses,
/// which they alone choose; of the fifth itself all count.
CalibrationError left_out_error(const std::vector<RigidTransform>& poses, const std::vector<Range>& times) {
  constexpr std::size_t parts = 5;
  std::vector<std::size_t> part_of(poses.size(), parts);
  for (const Range& time : times)
    for (std::size_t n = time.begin; n < time.end; ++n)
      part_of[n] = (n - time.begin) * parts / (time.end - time.begin);
  std::vector<double> errors;
  for (std::size_t part = 0; part < parts; ++part) {
    std::vector<RigidTransform> in;
    std::vector<std::size_t> index;  // of each among all poses
    for (std::size_t n = 0; n < poses.size(); ++n)
      if (part_of[n] != part) {
        in.push_back(poses[n]);
        index.push_back(n);
      }
    double seen = 0.0;
    const auto first = first_tip(in, seen);
    if (!first) continue;
    const Fit fit = refined(in, *first);
    if (fit.tip.least_singular < least_singular) continue;
    for (const Range& time : times) {
      Stretch on_pivot;
      for (const Range& range : fit.ranges)
        for (std::size_t n = range.begin; n < range.end; ++n)
          if (index[n] >= time.begin && index[n] < time.end) on_pivot.push_back(in[n]);
      if (on_pivot.empty()) continue;
      const Point3 pivot = place_of(fit.tip.in_stylus, on_pivot);
      for (std::size_t n = time.begin; n < time.end; ++n)
        if (part_of[n] == part) errors.push_back(distance(poses[n](Point3{} + fit.tip.in_stylus), pivot));
    }
  }
  return calibration_error(std::move(errors));
}

void require_rotation(double rotation_deg, const char* where) {
  if (rotation_deg < least_rotation_deg)
    throw InvalidInput("cannot calibrate the stylus: it was turned by " + fixed(rotation_deg, 1) +
                       " degrees" + where + "; it takes " + fixed(least_rotation_deg, 0));
}

constexpr const char* one_axis =
    "cannot calibrate the stylus: it was turned about one axis at a time only, along which the tip is open; "
    "turn it in a cone";

}  // namespace

PivotCalibration calibrate_pivot(const std::vector<RigidTransform>& poses) {
  PivotCalibration result;
  if (poses.size() < least_poses)
    throw InvalidInput("cannot calibrate the stylus: " + std::to_string(poses.size()) +
                       " sound poses; it takes at least " + std::to_string(least_poses));
  require_rotation(rotation_of(poses), "");
  double seen = 0.0;
  const std::optional<Vector3> first = first_tip(poses, seen);
  if (!first)
    throw InvalidInput(seen < least_singular
                           ? one_axis
                           : "cannot calibrate the stylus: no point of it stayed in place to " +
                                 fixed(max_spread_mm, 0) + " mm while it was turned");
  const Fit fit = refined(poses, *first);
  const std::vector<Stretch>& stretches = fit.stretches;
  if (stretches.empty())
    throw InvalidInput("cannot calibrate the stylus: its tip nowhere stayed in place to " +
                       fixed(max_spread_mm, 0) + " mm while it was turned by " +
                       fixed(least_stretch_rotation_deg, 0) + " degrees");
  for (const Stretch& stretch : stretches)
    result.rotation_deg = std::max(result.rotation_deg, rotation_of(stretch));
  require_rotation(result.rotation_deg, " on one pivot");
  if (fit.tip.least_singular < least_singular) throw InvalidInput(one_axis);
  const Vector3& tip = fit.tip.in_stylus;
  result.tip_in_stylus = tip;
  std::vector<double> all;
  for (const Stretch& stretch : stretches) {
    result.pivots.push_back(place_of(tip, stretch));
    const std::vector<double> d = distances(tip, stretch);
    all.insert(all.end(), d.begin(), d.end());
  }
  result.poses = all.size();
  result.others = poses.size() - all.size();
  result.fitted = calibration_error(std::move(all));
  result.left_out = left_out_error(poses, times_on_pivots(fit));
  const auto count = static_cast<double>(result.poses);
  const double freedom = std::max(1.0, 3.0 * count - 3.0 * static_cast<double>(stretches.size()) - 3.0);
  result.tip_sd_mm =
      std::sqrt(result.fitted.rms_mm * result.fitted.rms_mm * count / freedom * fit.tip.variance);
  return result;
}

std::vector<RigidTransform> rigid_poses(const TrackedSequence& recording, std::string_view from,
                                        std::string_view to, const CoordinateFrames& always) {
  std::vector<RigidTransform> poses;
  for (const TrackedFrame& frame : recording.frames)
    if (const auto pose = at_moment(frame, always).find(from, to))
      if (const auto rigid = nearest_rigid(*pose)) poses.push_back(*rigid);
  return poses;
}

}  // namespace genu::ultrasound
