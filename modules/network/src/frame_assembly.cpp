// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

#include <genu/network/frame_assembly.h>

namespace genu::network {
namespace {

using ultrasound::FramePair;
using ultrasound::TrackedFrame;

const std::string image_part = "image";
constexpr std::size_t most_parts = 256;  // each name is kept for ever, and trackers have a few dozen

/// What a message brings to a moment.
struct Part {
  std::string name;
  FramePair frames;              // of a pose
  ultrasound::TrackedPose pose;  // of a pose
};

/// A moment whose parts still come.
struct Moment {
  TrackedFrame frame;
  std::set<std::string> parts;
  double first_s = 0.0, last_s = 0.0;
};

/// A moment that was given out.
struct Given {
  double time_s = 0.0;
  bool image = false;
};

std::vector<Part> poses_in(const std::vector<LivePose>& poses) {
  std::vector<Part> parts;
  for (const LivePose& pose : poses)
    if (pose.frames) parts.push_back({ultrasound::name_of(*pose.frames), *pose.frames, pose.pose});
  return parts;
}

}  // namespace

class FrameAssembler::Moments {
 public:
  explicit Moments(AssemblyOptions options) : options_(std::move(options)), device_(options_.image_device) {}

  std::vector<AssembledFrame> add(LiveMessage message) {
    if (auto* poses = std::get_if<LivePoses>(&message.content)) {
      const std::vector<Part> parts = admitted(poses_in(poses->poses));
      if (!parts.empty()) put(message, parts, nullptr);
    } else if (auto* image = std::get_if<LiveImage>(&message.content)) {
      std::vector<Part> parts = poses_in(image->poses);
      for (Part& part : poses_in({image->embedded})) parts.push_back(std::move(part));
      parts = admitted(std::move(parts));
      if (device_.empty()) device_ = message.device;
      const bool taken = device_ == message.device;
      if (taken || !parts.empty()) put(message, parts, taken ? image : nullptr);
    } else if (std::holds_alternative<LiveLost>(message.content)) {
      begin_anew();
    }
    return std::exchange(done_, {});
  }

  std::vector<AssembledFrame> look(double now_s) {
    while (!open_.empty() && now_s - open_.front().first_s > options_.hold_s) close(open_.begin());
    return std::exchange(done_, {});
  }

  std::vector<AssembledFrame> finish() {
    close_all();
    return std::exchange(done_, {});
  }

  std::size_t too_late() const { return too_late_; }
  std::size_t left_out() const { return left_out_; }

 private:
  using Open = std::list<Moment>;  // in the order in which their first parts came

  /// Leaves out the parts whose names are beyond what is kept.
  std::vector<Part> admitted(std::vector<Part> parts) {
    left_out_ += std::erase_if(parts, [&](const Part& part) {
      if (names_.contains(part.name)) return false;
      if (names_.size() >= most_parts) return true;
      names_.insert(part.name);
      return false;
    });
    return parts;
  }

  bool same_time(double a, double b) const { return std::abs(a - b) <= options_.same_time_s; }

  void put(const LiveMessage& message, const std::vector<Part>& parts, LiveImage* image) {
    const bool timed = !std::isnan(message.time_s);
    if (timed) note_time(message.time_s, parts, image != nullptr);
    const bool again = timed && image && shown_at(message.time_s);
    if (timed && !again && std::any_of(given_.begin(), given_.end(), [&](const Given& given) {
          return same_time(given.time_s, message.time_s);
        })) {
      too_late_ += parts.size() + (image ? 1 : 0);
      // Next time it will be waited for.
      for (const Part& part : parts) meet(part.name);
      if (image) meet(image_part);
      return;
    }
    const auto at = again ? begin(message) : moment_of(message, timed);
    for (const Part& part : parts)
      if (at->parts.insert(part.name).second) at->frame.poses[part.frames] = part.pose;
    if (image && at->parts.insert(image_part).second) {
      at->frame.image = std::move(image->image);
      at->frame.image_status = image->status;
      at->frame.fields = std::move(image->fields);
    }
    at->last_s = message.received_s;
    if (!timed || again)
      close(at);
    else if (learnt_ && is_whole(*at))
      close_up_to(at);
  }

  /// Begins anew where a part's time goes back further than by lateness: held against its own times alone,
  /// since others may be ahead of it.
  void note_time(double time_s, const std::vector<Part>& parts, bool image) {
    std::vector<std::string> names;
    names.reserve(parts.size() + 1);
    for (const Part& part : parts) names.push_back(part.name);
    if (image) names.push_back(image_part);
    constexpr double another_clock_s = 1.0;  // as StreamHealth tells it
    const bool back = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      const auto found = latest_of_.find(name);
      return found != latest_of_.end() && time_s < found->second - another_clock_s;
    });
    if (back) begin_anew();
    for (const std::string& name : names) {
      double& latest_s = latest_of_.try_emplace(name, time_s).first->second;
      latest_s = std::max(latest_s, time_s);
    }
  }

  /// Returns true if a moment of this time had its image; one that is held is closed.
  bool shown_at(double time_s) {
    const auto held = std::find_if(open_.begin(), open_.end(), [&](const Moment& m) {
      return same_time(m.frame.time_s, time_s) && m.parts.contains(image_part);
    });
    if (held != open_.end()) close_up_to(held);
    return std::any_of(given_.begin(), given_.end(),
                       [&](const Given& given) { return given.image && same_time(given.time_s, time_s); });
  }

  Open::iterator moment_of(const LiveMessage& message, bool timed) {
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const Moment& m) {
      return same_time(m.frame.time_s, message.time_s);
    });
    if (timed && found != open_.end()) return found;
    // Until a first moment is over nobody knows what belongs to one.
    if (!learnt_ && !open_.empty()) close(open_.begin());
    while (open_.size() >= std::max<std::size_t>(options_.open_moments, 1)) close(open_.begin());
    return begin(message);
  }

  Open::iterator begin(const LiveMessage& message) {
    Moment moment;
    moment.frame.time_s = message.time_s;
    moment.frame.image_status = "MISSING";
    moment.first_s = message.received_s;
    return open_.insert(open_.end(), std::move(moment));
  }

  bool is_whole(const Moment& moment) const {
    return std::all_of(known_.begin(), known_.end(), [&](const auto& part) {
      return part.second.absent >= options_.patience || moment.parts.contains(part.first);
    });
  }

  /// What is known of a part that moments have.
  struct Known {
    std::optional<FramePair> frames;  // of a pose
    std::size_t absent = 0;           // moments in a row
  };

  void meet(const std::string& name) {
    Known& part = known_[name];
    if (name != image_part) part.frames = ultrasound::frames_named(name);
    part.absent = 0;
  }

  void close(Open::iterator at) {
    Moment moment = std::move(*at);
    open_.erase(at);
    learnt_ = true;
    AssembledFrame frame{
        .frame = std::move(moment.frame), .begun_s = moment.first_s, .received_s = moment.last_s};
    for (auto& [name, part] : known_)
      if (!moment.parts.contains(name)) {
        ++part.absent;
        frame.missing.push_back(name);
        if (part.frames) frame.frame.poses[*part.frames].status = "MISSING";
      }
    for (const std::string& name : moment.parts) meet(name);
    if (!std::isnan(frame.frame.time_s)) {
      frame.out_of_order = frame.frame.time_s < latest_s_;
      latest_s_ = std::max(latest_s_, frame.frame.time_s);
      constexpr std::size_t remembered = 64;
      given_.push_back({frame.frame.time_s, moment.parts.contains(image_part)});
      if (given_.size() > remembered) given_.pop_front();
    }
    done_.push_back(std::move(frame));
  }

  /// A sender says one moment after another: what an earlier one lacks now does not come any more.
  void close_up_to(Open::iterator whole) {
    for (auto at = open_.begin(); at != open_.end();) {
      const auto here = at++;
      if (here != whole && here->frame.time_s < whole->frame.time_s) close(here);
    }
    close(whole);
  }

  void close_all() {
    while (!open_.empty()) close(open_.begin());
  }

  /// What the sender said until now says nothing of the times to come.
  void begin_anew() {
    close_all();
    given_.clear();
    latest_of_.clear();
    latest_s_ = -std::numeric_limits<double>::infinity();
  }

  AssemblyOptions options_;
  std::string device_;
  std::set<std::string> names_;  // of poses
  std::map<std::string, Known> known_;
  Open open_;
  std::deque<Given> given_;
  std::map<std::string, double> latest_of_;  // the sender's times of each part
  std::vector<AssembledFrame> done_;
  double latest_s_ = -std::numeric_limits<double>::infinity();
  std::size_t too_late_ = 0, left_out_ = 0;
  bool learnt_ = false;
};

double taken_s(const AssembledFrame& frame, double clock_offset_s) {
  const double said_s = frame.frame.time_s + clock_offset_s;
  return std::isfinite(said_s) ? std::min(said_s, frame.begun_s) : frame.begun_s;
}

FrameAssembler::FrameAssembler(const AssemblyOptions& options)
    : moments_(std::make_unique<Moments>(options)) {}
FrameAssembler::~FrameAssembler() = default;
FrameAssembler::FrameAssembler(FrameAssembler&&) noexcept = default;
FrameAssembler& FrameAssembler::operator=(FrameAssembler&&) noexcept = default;

std::vector<AssembledFrame> FrameAssembler::add(LiveMessage message) {
  return moments_->add(std::move(message));
}
std::vector<AssembledFrame> FrameAssembler::look(double now_s) {
  return moments_->look(now_s);
}
std::vector<AssembledFrame> FrameAssembler::finish() {
  return moments_->finish();
}
std::size_t FrameAssembler::too_late() const {
  return moments_->too_late();
}
std::size_t FrameAssembler::left_out() const {
  return moments_->left_out();
}

void SequenceRecorder::add(const TrackedFrame& frame) {
  TrackedFrame& kept = sequence_.frames.emplace_back(frame);
  if (kept.image.empty()) {
    kept.image_status = "INVALID";
    return;
  }
  if (black_.empty()) {
    black_ = kept.image;
    sequence_.image_type = black_.channels == 3 ? "RGB_COLOR" : "BRIGHTNESS";  // PLUS's words
    std::fill(black_.pixels.begin(), black_.pixels.end(), std::uint8_t{0});
    return;
  }
  const bool fits = kept.image.width == black_.width && kept.image.height == black_.height &&
                    kept.image.channels == black_.channels;
  if (fits) return;
  ++left_out_;
  kept.image = {};
  kept.image_status = "INVALID";
}

ultrasound::TrackedSequence SequenceRecorder::take() {
  ultrasound::TrackedSequence result = std::exchange(sequence_, {});
  const Frame black = std::exchange(black_, {});
  left_out_ = 0;
  for (TrackedFrame& frame : result.frames)
    if (frame.image.empty() && !black.empty()) frame.image = black;
  return result;
}

}  // namespace genu::network
