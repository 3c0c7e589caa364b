// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <cmath>
#include <deque>
#include <set>

#include <genu/core/error.h>
#include <genu/ultrasound/tracked.h>

namespace genu::ultrasound {

std::optional<FramePair> frames_named(std::string_view name) {
  const auto begins_name = [&](std::size_t at) {
    return at < name.size() && std::isupper(static_cast<unsigned char>(name[at]));
  };
  std::optional<FramePair> found;
  for (std::size_t at = name.find("To", 1); at != std::string_view::npos; at = name.find("To", at + 1)) {
    if (!begins_name(at + 2)) continue;
    if (found) return std::nullopt;
    found = FramePair{std::string(name.substr(0, at)), std::string(name.substr(at + 2))};
  }
  if (found && !begins_name(0)) return std::nullopt;
  return found;
}

std::string name_of(const FramePair& frames) {
  return frames.from + "To" + frames.to;
}

bool joins_the_same(const FramePair& a, const FramePair& b) {
  return a == b || (a.from == b.to && a.to == b.from);
}

std::optional<AffineTransform> TrackedPose::transform() const {
  if (status != "OK") return std::nullopt;
  constexpr double tolerance = 1e-6;
  const std::array<double, 4> last{0.0, 0.0, 0.0, 1.0};
  for (std::size_t c = 0; c < 4; ++c)
    if (!(std::abs(rows[12 + c] - last[c]) <= tolerance)) return std::nullopt;
  Matrix3 linear;
  for (std::size_t r = 0; r < 3; ++r) linear.rows[r] = {rows[4 * r], rows[4 * r + 1], rows[4 * r + 2]};
  try {
    return AffineTransform(linear, {rows[3], rows[7], rows[11]});
  } catch (const InvalidInput&) {
    return std::nullopt;
  }
}

void CoordinateFrames::set(const FramePair& frames, const AffineTransform& to_from_from) {
  if (frames.from == frames.to)
    throw InvalidInput("a transform leads from the coordinate frame '" + frames.from + "' to itself");
  forget(frames);
  known_.emplace(frames, to_from_from);
}

void CoordinateFrames::forget(const FramePair& frames) {
  known_.erase(frames);
  known_.erase({frames.to, frames.from});
}

namespace {

/// Returns a transform after another one, or nothing if the numbers leave what a double holds: two finite
/// poses may lie further apart than that.
std::optional<AffineTransform> after(const AffineTransform& there_from_here, bool forth,
                                     const AffineTransform& here_from_start) {
  try {
    return (forth ? there_from_here : there_from_here.inverse()) * here_from_start;
  } catch (const InvalidInput&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<AffineTransform> CoordinateFrames::find(std::string_view from, std::string_view to) const {
  if (from == to) return AffineTransform();
  std::map<std::string, AffineTransform, std::less<>> reached;  // Each frame with its transform from `from`.
  reached.emplace(std::string(from), AffineTransform());
  std::deque<std::string> next{std::string(from)};
  while (!next.empty()) {
    const std::string here = next.front();
    next.pop_front();
    for (const auto& [frames, transform] : known_) {
      const bool forth = frames.from == here;
      if (!forth && frames.to != here) continue;
      const std::string& there = forth ? frames.to : frames.from;
      if (reached.contains(there)) continue;
      const auto there_from_start = after(transform, forth, reached.at(here));
      if (!there_from_start) continue;
      if (there == to) return there_from_start;
      reached.emplace(there, *there_from_start);
      next.push_back(there);
    }
  }
  return std::nullopt;
}

std::vector<std::string> CoordinateFrames::names() const {
  std::set<std::string> names;
  for (const auto& [frames, transform] : known_) names.insert({frames.from, frames.to});
  return {names.begin(), names.end()};
}

CoordinateFrames at_moment(const TrackedFrame& frame, const CoordinateFrames& always) {
  CoordinateFrames all = always;
  for (const auto& [frames, pose] : frame.poses) {
    if (frames.from == frames.to) continue;  // a recording may hold "TrackerToTracker", which says nothing
    all.forget(frames);
    if (const auto transform = pose.transform()) all.set(frames, *transform);
  }
  return all;
}

}  // namespace genu::ultrasound
