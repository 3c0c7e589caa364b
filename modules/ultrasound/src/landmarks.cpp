// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <opencv2/core.hpp>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/ultrasound/landmarks.h>

#include "fit.h"
#include "recording_gaps.h"

namespace genu::ultrasound {
namespace {

Point3 mean_of(const std::vector<Point3>& points) {
  Vector3 sum;
  for (const Point3& p : points) sum += p - Point3{};
  return Point3{} + sum / static_cast<double>(points.size());
}

RigidTransform motion_between(const std::vector<Point3>& moving, const std::vector<Point3>& fixed) {
  const Point3 from = mean_of(moving), to = mean_of(fixed);
  Matrix3 covariance{{{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}}};
  for (std::size_t n = 0; n < moving.size(); ++n) {
    const Vector3 a = moving[n] - from, b = fixed[n] - to;
    const std::array<double, 3> x{a.x, a.y, a.z}, y{b.x, b.y, b.z};
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) covariance.rows[r][c] += y[r] * x[c];
  }
  const Matrix3 rotation = nearest_rotation(covariance);
  return {rotation, to - (Point3{} + rotation * (from - Point3{}))};
}

/// Returns the points' principal axes, as rows, and their RMS distances from the mean along these.
std::pair<cv::Mat1d, std::array<double, 3>> spread_of(const std::vector<Point3>& points) {
  cv::Mat1d table(static_cast<int>(points.size()), 3);
  for (int n = 0; n < table.rows; ++n) {
    const Point3& p = points[static_cast<std::size_t>(n)];
    table(n, 0) = p.x;
    table(n, 1) = p.y;
    table(n, 2) = p.z;
  }
  cv::Mat1d covariance, mean, values, axes;
  cv::calcCovarMatrix(table, covariance, mean, cv::COVAR_NORMAL | cv::COVAR_ROWS | cv::COVAR_SCALE);
  cv::eigen(covariance, values, axes);
  std::array<double, 3> spread{};
  for (int k = 0; k < 3; ++k) spread[static_cast<std::size_t>(k)] = std::sqrt(std::max(0.0, values(k, 0)));
  return {axes, spread};
}

// Points that spread less across a line than this leave a turn about it open.
constexpr double least_spread_mm = 2.0;

double across_line_mm(const std::vector<Point3>& points) {
  return spread_of(points).second[1];
}

void require_names(const std::vector<Landmark>& landmarks, const char* side) {
  for (std::size_t a = 0; a < landmarks.size(); ++a) {
    if (!is_finite(landmarks[a].position))
      throw InvalidInput("the " + std::string(side) + " landmark '" + landmarks[a].name + "' is not finite");
    for (std::size_t b = 0; b < a; ++b)
      if (landmarks[a].name == landmarks[b].name)
        throw InvalidInput("the " + std::string(side) + " landmark '" + landmarks[a].name + "' comes twice");
  }
}

/// Returns how far each landmark lies from its partner by a fit of all others.
std::vector<double> left_out_of(const std::vector<Point3>& from, const std::vector<Point3>& to) {
  std::vector<double> result;
  for (std::size_t out = 0; out < to.size(); ++out) {
    std::vector<Point3> a = from, b = to;
    a.erase(a.begin() + static_cast<std::ptrdiff_t>(out));
    b.erase(b.begin() + static_cast<std::ptrdiff_t>(out));
    const bool open = std::min(across_line_mm(a), across_line_mm(b)) < least_spread_mm;
    result.push_back(open ? std::numeric_limits<double>::quiet_NaN()
                          : distance(motion_between(a, b)(from[out]), to[out]));
  }
  return result;
}

void require_fit(const LandmarkRegistration& result, double max_rms_mm) {
  if (result.fitted.rms_mm <= max_rms_mm) return;
  const auto worst = static_cast<std::size_t>(
      std::max_element(result.residual_mm.begin(), result.residual_mm.end()) - result.residual_mm.begin());
  throw InvalidInput("the landmarks fit to " + genu::fixed(result.fitted.rms_mm, 1) + " mm (RMS), '" +
                     result.names[worst] + "' worst to " + genu::fixed(result.residual_mm[worst], 1) +
                     " mm; it takes " + genu::fixed(max_rms_mm, 1) +
                     " mm: one may be another place, or their order another");
}

/// A moment at which the tip was seen.
struct Moment {
  double time_s;
  Point3 tip;
};

std::vector<Moment> moments_of(const TrackedSequence& recording, std::string_view tip_frame,
                               std::string_view to, const CoordinateFrames& always) {
  std::vector<Moment> moments;
  for (const TrackedFrame& frame : recording.frames) {
    // A moment told twice tells nothing new.
    if (!std::isfinite(frame.time_s) || (!moments.empty() && frame.time_s == moments.back().time_s)) continue;
    const auto pose = at_moment(frame, always).find(tip_frame, to);
    if (pose && nearest_rigid(*pose)) moments.push_back({frame.time_s, (*pose)(Point3{})});
  }
  return moments;
}

void require_options(const RestOptions& options) {
  for (const auto& [value, what] : {std::pair{options.least_time_s, "the least time (s)"},
                                    std::pair{options.max_spread_mm, "the greatest spread (mm)"},
                                    std::pair{options.max_gap_s, "the greatest gap (s)"},
                                    std::pair{options.least_distance_mm, "the least distance (mm)"}})
    if (!(value > 0.0 && std::isfinite(value)))
      throw InvalidInput(std::string("finding where the tip rested: ") + what + " is " +
                         std::to_string(value));
  if (options.least_poses < 1)
    throw InvalidInput("finding where the tip rested: the least number of poses is 0");
}

}  // namespace

LandmarkRegistration register_landmarks(const std::vector<Landmark>& fixed,
                                        const std::vector<Landmark>& moving, const LandmarkOptions& options) {
  require_names(fixed, "fixed");
  require_names(moving, "moving");
  LandmarkRegistration result;
  std::vector<Point3> from;
  for (const Landmark& f : fixed)
    for (const Landmark& m : moving)
      if (m.name == f.name) {
        result.names.push_back(f.name);
        result.fixed_points.push_back(f.position);
        from.push_back(m.position);
      }
  const std::vector<Point3>& to = result.fixed_points;
  if (to.size() < 3)
    throw InvalidInput("registering landmarks takes three that both sides have, not " +
                       std::to_string(to.size()));
  for (const auto* points : {&to, static_cast<const std::vector<Point3>*>(&from)})
    if (const double across = across_line_mm(*points); across < least_spread_mm)
      throw InvalidInput("the landmarks lie on one line to " + genu::fixed(across, 1) +
                         " mm: a turn about it is open");
  result.fixed_from_moving = motion_between(from, to);
  double squares = 0.0;
  for (std::size_t n = 0; n < to.size(); ++n) {
    result.residual_mm.push_back(distance(result.fixed_from_moving(from[n]), to[n]));
    squares += result.residual_mm.back() * result.residual_mm.back();
  }
  const auto count = static_cast<double>(to.size());
  result.landmark_sd_mm = std::sqrt(squares / (3 * count - 6));
  result.fitted = calibration_error(result.residual_mm);
  require_fit(result, options.max_rms_mm);
  if (to.size() > 3) result.left_out_mm = left_out_of(from, to);
  std::vector<double> told = result.left_out_mm;
  std::erase_if(told, [](double d) { return std::isnan(d); });
  result.left_out = calibration_error(std::move(told));
  return result;
}

double LandmarkRegistration::predicted_error_mm(const Point3& fixed) const {
  const auto [axes, spread] = spread_of(fixed_points);
  const Vector3 v = fixed - mean_of(fixed_points);
  double sum = 0.0;
  for (int k = 0; k < 3; ++k) {
    const double along = axes(k, 0) * v.x + axes(k, 1) * v.y + axes(k, 2) * v.z;
    const double distance2 = squared_length(v) - along * along;
    const double a = spread[static_cast<std::size_t>((k + 1) % 3)],
                 b = spread[static_cast<std::size_t>((k + 2) % 3)];
    sum += distance2 / (a * a + b * b) / 3.0;
  }
  // In three directions, of count landmarks: FLE^2 / N (1 + sum / 3), with FLE^2 = 3 sd^2.
  return landmark_sd_mm * std::sqrt(3.0 / static_cast<double>(names.size()) * (1.0 + sum));
}

std::vector<Point3> resting_places(const TrackedSequence& recording, std::string_view tip_frame,
                                   std::string_view to, const CoordinateFrames& always,
                                   const RestOptions& options) {
  require_options(options);
  const std::vector<Moment> moments = moments_of(recording, tip_frame, to, always);
  std::vector<double> times_s;  // of lost poses too: the recording's period is theirs as well
  for (const TrackedFrame& frame : recording.frames) times_s.push_back(frame.time_s);
  const double longest_s = longest_step_s(times_s, options.max_gap_s);
  std::vector<Point3> places;
  for (std::size_t begin = 0; begin < moments.size();) {
    // The longest stretch from here in which the tip stays about its mean.
    std::vector<Point3> still;
    Point3 mean;
    std::size_t end = begin;
    for (; end < moments.size(); ++end) {
      if (end > begin) {
        const double step_s = moments[end].time_s - moments[end - 1].time_s;
        if (step_s < 0.0 || step_s > longest_s) break;
      }
      still.push_back(moments[end].tip);
      const Point3 next = mean_of(still);
      const bool rests = std::all_of(still.begin(), still.end(), [&](const Point3& p) {
        return distance(p, next) <= options.max_spread_mm;
      });
      if (!rests) break;
      mean = next;
    }
    if (end - begin < options.least_poses ||
        moments[end - 1].time_s - moments[begin].time_s < options.least_time_s) {
      ++begin;
      continue;
    }
    const bool known = std::any_of(places.begin(), places.end(), [&](const Point3& p) {
      return distance(p, mean) < options.least_distance_mm;
    });
    if (!known) places.push_back(mean);
    begin = end;
  }
  return places;
}

std::vector<Landmark> landmarks_touched(const std::vector<Landmark>& landmarks,
                                        const std::vector<Point3>& places) {
  if (places.size() < landmarks.size())
    throw InvalidInput("the tip rested in " + std::to_string(places.size()) +
                       " places, and the phantom has " + std::to_string(landmarks.size()) +
                       " landmarks; each is touched once, in order");
  constexpr std::size_t most_spare = 6;  // 38760 choices of 14 places among 20
  if (places.size() > landmarks.size() + most_spare)
    throw InvalidInput("the tip rested in " + std::to_string(places.size()) + " places, too many to choose " +
                       std::to_string(landmarks.size()) + " landmarks from");
  std::vector<Point3> known;
  known.reserve(landmarks.size());
  for (const Landmark& l : landmarks) known.push_back(l.position);
  std::vector<char> chosen(places.size(), 0);
  std::fill_n(chosen.begin(), landmarks.size(), 1);
  double least = std::numeric_limits<double>::infinity();
  std::vector<Point3> best;
  do {
    std::vector<Point3> touched;
    for (std::size_t n = 0; n < places.size(); ++n)
      if (chosen[n]) touched.push_back(places[n]);
    const RigidTransform motion = motion_between(known, touched);
    double sum = 0.0;
    for (std::size_t n = 0; n < known.size(); ++n) sum += squared_length(motion(known[n]) - touched[n]);
    if (sum < least) {
      least = sum;
      best = std::move(touched);
    }
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
  std::vector<Landmark> result;
  result.reserve(landmarks.size());
  for (std::size_t n = 0; n < landmarks.size(); ++n) result.push_back({landmarks[n].name, best[n]});
  return result;
}

}  // namespace genu::ultrasound
