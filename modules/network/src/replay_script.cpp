// SPDX-License-Identifier: Apache-2.0
#include "replay_script.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

namespace genu::network {
namespace {

using ultrasound::TrackedFrame;
using ultrasound::TrackedPose;
using ultrasound::TrackedSequence;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double usual_step(const TrackedSequence& sequence, double rate_hz) {
  std::vector<double> steps;
  for (std::size_t f = 1; f < sequence.frames.size(); ++f) {
    const double step = sequence.frames[f].time_s - sequence.frames[f - 1].time_s;
    if (step > 0.0) steps.push_back(step);
  }
  if (steps.empty()) return 1.0 / rate_hz;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

/// Returns when each frame is due after the first; it never goes back.
std::vector<double> offsets_of(const TrackedSequence& sequence, double usual_s) {
  std::vector<double> offsets;
  offsets.reserve(sequence.frames.size());
  double first = nan;
  for (const TrackedFrame& frame : sequence.frames) {
    double offset = offsets.empty() ? 0.0 : offsets.back() + usual_s;
    if (!std::isnan(frame.time_s)) {
      if (std::isnan(first)) first = frame.time_s - offset;
      offset = std::max(frame.time_s - first, offsets.empty() ? 0.0 : offsets.back());
    }
    offsets.push_back(offset);
  }
  return offsets;
}

std::array<double, 16> rows_of(const AffineTransform& transform) {
  std::array<double, 16> rows{};
  const auto& linear = transform.linear().rows;
  const Vector3& place = transform.translation();
  for (std::size_t r = 0; r < 3; ++r) std::copy(linear[r].begin(), linear[r].end(), rows.begin() + 4 * r);
  rows[3] = place.x;
  rows[7] = place.y;
  rows[11] = place.z;
  rows[15] = 1.0;
  return rows;
}

/// Changes a byte of a message's body, so that its checksum is wrong.
void damage(Bytes& message) {
  if (message.size() > header_bytes) message.back() ^= std::byte{0x10};
}

/// Says 16 bits in the header of an image, with the checksum that belongs to it.
Bytes with_wrong_scalar_type(const LiveMessage& message) {
  Bytes bytes = written(message, {.version = 1});
  bytes[header_bytes + 3] = std::byte{5};  // 16 bits without sign
  return written("IMAGE", message.device, message.time_s, std::span(bytes).subspan(header_bytes), 1);
}

/// A header that promises more than anything can hold.
Bytes absurd_header(double time_s) {
  Bytes bytes = written("TRANSFORM", "ProbeToTracker", time_s, {}, 1);
  bytes[42] = std::byte{0x40};  // the highest byte of the body's size
  return bytes;
}

}  // namespace

FaultKind fault_named(const std::string& name) {
  constexpr std::array names{"stall",
                             "drop",
                             "swap",
                             "invalid_pose",
                             "nan_pose",
                             "wrong_checksum",
                             "wrong_scalar_type",
                             "unknown_type",
                             "absurd_size",
                             "truncated",
                             "hang_up"};
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    std::string all;
    for (const char* one : names) all.append(all.empty() ? "" : ", ").append(one);
    throw InvalidInput("there is no fault '" + name + "'; there are " + all);
  }
  return static_cast<FaultKind>(found - names.begin());
}

ReplayScript::ReplayScript(TrackedSequence sequence, ReplayOptions options)
    : sequence_(std::move(sequence)), options_(std::move(options)) {
  if (sequence_.frames.empty()) throw InvalidInput("there is nothing to replay: the recording has no frames");
  if (!(options_.speed >= 0.0) || !std::isfinite(options_.speed))
    throw InvalidInput("a replay's speed is " + std::to_string(options_.speed) + ", not 0 or more");
  if (!(options_.rate_hz > 0.0))
    throw InvalidInput("a replay's rate is " + std::to_string(options_.rate_hz) + " Hz");
  for (const ReplayFault& fault : options_.faults)
    if (fault.frame >= sequence_.frames.size() || !(fault.seconds >= 0.0))
      throw InvalidInput(
          "a fault at frame " + std::to_string(fault.frame) + ": the recording has " +
          std::to_string(sequence_.frames.size()) + " frames, counted from 0" +
          (fault.seconds >= 0.0 ? std::string() : "; and it lasts " + std::to_string(fault.seconds) + " s"));
  const double usual_s = usual_step(sequence_, options_.rate_hz);
  offsets_ = offsets_of(sequence_, usual_s);
  round_s_ = offsets_.back() + usual_s;
  for (std::size_t f = 0; f < sequence_.frames.size(); ++f) {
    if (!has(FaultKind::drop, f)) order_.push_back(f);
    messages_of(f, sequence_.frames[f].time_s);  // what can't be said is refused here
  }
  if (order_.empty()) throw InvalidInput("there is nothing to replay: every frame is to be dropped");
  for (std::size_t s = 0; s + 1 < order_.size(); ++s)
    if (has(FaultKind::swap, order_[s])) {
      std::swap(order_[s], order_[s + 1]);
      ++s;
    }
}

bool ReplayScript::has(FaultKind kind, std::size_t frame) const {
  return std::any_of(options_.faults.begin(), options_.faults.end(),
                     [&](const ReplayFault& fault) { return fault.kind == kind && fault.frame == frame; });
}

double ReplayScript::due_s(std::size_t round, std::size_t step) const {
  if (options_.speed == 0.0) return 0.0;
  return (static_cast<double>(round) * round_s_ + offsets_[order_[step]]) / options_.speed;
}

double ReplayScript::time_of(std::size_t round, std::size_t frame, double due_s, double started_s) const {
  if (options_.times == ReplayTimes::now) return options_.speed == 0.0 ? clock_s() : started_s + due_s;
  return sequence_.frames[frame].time_s + static_cast<double>(round) * round_s_;
}

std::vector<Bytes> ReplayScript::messages_of(std::size_t frame, double time_s) const {
  const TrackedFrame& moment = sequence_.frames[frame];
  const WritingOptions writing{.version = options_.version, .tracking_data = options_.tracking_data};
  std::vector<Bytes> messages;
  if (has(FaultKind::unknown_type, frame))
    messages.push_back(written("NONSENSE", "Genu", time_s, std::as_bytes(std::span("what is this")), 1));
  if (has(FaultKind::absurd_size, frame)) messages.push_back(absurd_header(time_s));
  const bool lost = has(FaultKind::invalid_pose, frame), broken = has(FaultKind::nan_pose, frame);
  if (moment.shows_image()) {
    LiveImage image{.image = moment.image, .fields = moment.fields};
    LiveMessage message{.device = "Image_Image", .time_s = time_s, .content = {}};
    if (options_.embedded) {
      message.device = options_.embedded->from + "_" + options_.embedded->to;
      image.embedded.frames = options_.embedded;
      const auto found =
          ultrasound::at_moment(moment, options_.always).find(options_.embedded->from, options_.embedded->to);
      image.embedded.pose.status = found && !lost ? "OK" : "INVALID";
      if (found && !lost) image.embedded.pose.rows = rows_of(*found);
    }
    message.content = std::move(image);
    messages.push_back(has(FaultKind::wrong_scalar_type, frame) ? with_wrong_scalar_type(message)
                                                                : written(message, writing));
  }
  LivePoses poses;
  for (const auto& [frames, recorded] : moment.poses) {
    TrackedPose pose = recorded;
    if (lost) pose = {.status = "INVALID"};
    if (broken) pose.rows.fill(nan);
    poses.poses.push_back({ultrasound::name_of(frames), frames, pose});
  }
  LiveMessage message{.device = "Tracker", .time_s = time_s, .content = std::move(poses)};
  if (Bytes bytes = written(message, writing); !bytes.empty()) messages.push_back(std::move(bytes));
  if (has(FaultKind::wrong_checksum, frame) && !messages.empty()) damage(messages.front());
  return messages;
}

ReplayStep ReplayScript::step(std::size_t round, std::size_t step, double started_s) const {
  const std::size_t frame = order_[step];
  ReplayStep result;
  result.due_s = due_s(round, step);
  for (const ReplayFault& fault : options_.faults)
    if (fault.kind == FaultKind::stall && fault.frame == frame) result.stall_s += fault.seconds;
  std::vector<Bytes> messages = messages_of(frame, time_of(round, frame, result.due_s, started_s));
  result.hang_up_before = has(FaultKind::hang_up, frame);
  if (has(FaultKind::truncated, frame) && !messages.empty()) {
    messages.resize(1);
    messages.front().resize(messages.front().size() / 2);
    result.hang_up_after = true;
  }
  for (Bytes& message : messages)
    result.messages.push_back(std::make_shared<const Bytes>(std::move(message)));
  return result;
}

}  // namespace genu::network
