// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <deque>
#include <type_traits>
#include <utility>

#include <genu/network/stream_health.h>

#include "clock_step.h"
#include "lately.h"

namespace genu::network {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t fewest_steps = 4;  // before a median of them says anything
// What a sender may name is kept for ever, so that it must have an end; a tracker has a few dozen of each.
constexpr std::size_t most_streams = 256, most_names = 64;

/// Returns seconds for people: "1.24 s", "12 ms".
std::string in_words(double seconds) {
  std::array<char, 32> text{};
  if (std::abs(seconds) < 0.9995)
    std::snprintf(text.data(), text.size(), "%.0f ms", 1000.0 * seconds);
  else
    std::snprintf(text.data(), text.size(), "%.2f s", seconds);
  return text.data();
}

/// A step of the sender's times into which messages fit that did not come.
struct Gap {
  double from_s = 0.0, to_s = 0.0;
  std::size_t missing = 0;
};

struct Stream {
  StreamReport counts;
  Silence silence;
  // Waits are between arrivals, by the clock here; steps between the sender's times.
  Recent arrivals, waits, steps, delays;
  Recent sent;           // the sender's times, for as long as a clock may be put back in doubt
  std::deque<Gap> gaps;  // the last few
  double time_s = nan;   // the latest of the sender's
  bool late_now = false;
  std::size_t late_in_a_row = 0;
};

std::string status_of(const ultrasound::TrackedPose& pose) {
  if (pose.status != "OK" || pose.transform()) return pose.status;
  return "NO_TRANSFORM";  // said to be OK, but not finite, or it flattens space
}

}  // namespace

std::string name_of(HealthChange change) {
  constexpr std::array names{"connected",  "lost",    "stalled",      "resumed",      "late",
                             "on time",    "dropped", "out of order", "clock jumped", "pose lost",
                             "pose found", "refused", "skipped",      "status"};
  return names.at(static_cast<std::size_t>(change));
}

class StreamHealth::Watch {
 public:
  explicit Watch(const HealthOptions& options) : options_(options) {}

  std::vector<HealthEvent> note(const LiveMessage& message) {
    now_s_ = message.received_s;
    const bool from_peer = !std::holds_alternative<LiveConnected>(message.content) &&
                           !std::holds_alternative<LiveLost>(message.content);
    if (from_peer) link_heard();
    std::visit([&](const auto& content) { take(message, content); }, message.content);
    return std::exchange(events_, {});
  }

  std::vector<HealthEvent> look(double now_s) {
    now_s_ = now_s;
    if (!connected_) return {};
    look_at_link();
    return std::exchange(events_, {});
  }

  double clock_offset_s() const { return offset_.value(); }

  LinkReport report(double now_s) const {
    LinkReport report = counts_;
    report.clock_offset_s = clock_offset_s();
    report.stalls = link_.count;
    report.stalled_s = link_.lasting_s(now_s);
    for (const auto& [name, stream] : streams_) {
      StreamReport one = stream.counts;
      one.name = name;
      one.stalls = stream.silence.count;
      one.stalled_s = stream.silence.lasting_s(now_s);
      one.stalled_now = stream.silence.now;
      const auto& arrivals = stream.arrivals;
      if (arrivals.size() > 1 && arrivals.last() > arrivals.first())
        one.rate_hz = static_cast<double>(arrivals.size() - 1) / (arrivals.last() - arrivals.first());
      one.period_s = stream.steps.size() >= fewest_steps ? stream.steps.median_value() : nan;
      one.delay_s = stream.delays.median_value();
      report.streams.push_back(std::move(one));
    }
    return report;
  }

 private:
  void say(HealthChange change, const std::string& stream, std::string text) {
    events_.push_back({change, stream, now_s_, std::move(text)});
  }

  double limit_of(const Stream& stream) const {
    constexpr double periods = 3.0;
    const double period = stream.waits.size() > 0 ? stream.waits.median_value() : 0.0;
    return std::max(options_.stall_s, periods * period);
  }
  /// The link is silent once its busiest stream should have spoken.
  double link_limit() const {
    double limit = std::numeric_limits<double>::infinity();
    for (const auto& [name, stream] : streams_) limit = std::min(limit, limit_of(stream));
    return std::isfinite(limit) ? limit : options_.stall_s;
  }

  void look_at_link() {
    if (link_.begins(now_s_, link_limit())) {
      link_.begin();
      say(HealthChange::stalled, {}, "nothing has come for " + in_words(now_s_ - link_.last_s));
    }
    for (auto& [name, stream] : streams_) look_at(name, stream, !link_.now);
  }

  void look_at(const std::string& name, Stream& stream, bool say_it) {
    if (stream.silence.begins(now_s_, limit_of(stream))) stream.silence.begin();
    if (!stream.silence.now || stream.silence.said || !say_it) return;
    stream.silence.said = true;
    say(HealthChange::stalled, name, "nothing has come for " + in_words(now_s_ - stream.silence.last_s));
  }

  void link_heard() {
    look_at_link();  // nobody may have looked while it was silent
    const auto lasted = link_.end(now_s_);
    if (!lasted) return;
    say(HealthChange::resumed, {}, "after " + in_words(*lasted));
    // What a stream was silent with the link is told; from here on it is silent by itself.
    for (auto& [name, stream] : streams_)
      if (!stream.silence.said) stream.silence.end(now_s_);
  }

  /// Returns the stream of a name, or nothing if there are too many by now.
  Stream* stream_of(const std::string& name) {
    if (const auto found = streams_.find(name); found != streams_.end()) return &found->second;
    if (streams_.size() < most_streams) return &streams_[name];
    if (counts_.not_watched++ == 0)
      say(HealthChange::skipped, name,
          "it is not watched, nor are other new ones: there are more than " + std::to_string(most_streams) +
              " streams");
    return nullptr;
  }

  /// Takes a message of a stream into account, and its status.
  void take(const std::string& name, const LiveMessage& message, const std::string& status) {
    Stream* stream = stream_of(name);
    if (stream == nullptr) return;
    arrived(name, *stream, message);
    note_status(name, *stream, status);
  }

  void arrived(const std::string& name, Stream& stream, const LiveMessage& message) {
    const bool said = stream.silence.said;
    if (const auto lasted = stream.silence.end(now_s_); lasted && said)
      say(HealthChange::resumed, name, "after " + in_words(*lasted));
    ++stream.counts.messages;
    if (stream.arrivals.size() > 0) stream.waits.add(now_s_ - stream.arrivals.last(), options_.window);
    stream.arrivals.add(now_s_, options_.window);
    if (!std::isnan(message.time_s)) {
      const double latest_s = stream.time_s;
      const bool was_late = stream.late_now;
      note_order(name, stream, message.time_s);
      note_delay(name, stream, now_s_ - message.time_s);
      if (!step_.suspected() && !was_late && goes_back(stream, message.time_s, latest_s))
        step_.suspect(name, latest_s - message.time_s, latest_s);
      if (step_.suspected()) note_clock_step(name, stream, message.time_s);
    }
  }

  /// The sender's time is another from here on.
  void note_jump(const std::string& name, Stream& stream, const std::string& how) {
    ++counts_.clock_jumps;
    say(HealthChange::clock_jumped, name, "the sender's time went " + how);
    offset_.clear();
    step_.dismiss();
    for (auto& [other, all] : streams_) {
      all.time_s = nan;
      all.gaps.clear();
      all.sent.clear();
    }
    stream.steps.clear();
  }

  /// Returns true if a message would be on time, had its sender's clock not been put back by some periods.
  bool goes_back(const Stream& stream, double time_s, double latest_s) const {
    if (!(time_s < latest_s) || stream.steps.size() < fewest_steps) return false;
    const double back = latest_s - time_s, period = stream.steps.median_value();
    constexpr double jitter_s = 0.05;  // more is lateness
    return back >= period && now_s_ - time_s - offset_.value() <= back + period + jitter_s;
  }

  void note_clock_step(const std::string& name, Stream& stream, double time_s) {
    const double difference_s = now_s_ - time_s;
    step_.take(name, time_s, difference_s, difference_s - offset_.value(), options_.late_s,
               time_s < stream.time_s && stream.sent.holds(time_s));
    for (const auto& [other, one] : streams_)
      if (!std::isnan(one.time_s) && !one.silence.now && !step_.goes_on(other)) return;
    const double least_s = step_.least_difference_s();
    note_jump(name, stream, "back by " + in_words(least_s - offset_.value()) + ", and on from there");
    stream.time_s = time_s;
    for (auto& [other, all] : streams_) all.delays.clear();
    offset_.add(now_s_, least_s, options_.clock_drift);
  }

  void note_order(const std::string& name, Stream& stream, double time_s) {
    const double step = time_s - stream.time_s;
    if (step < -options_.clock_jump_s) {
      note_jump(name, stream, "back by " + in_words(-step));
    } else if (now_s_ - time_s < offset_.value() - options_.clock_jump_s) {
      // It would have come so much faster than all the others.
      note_jump(name, stream, "ahead by " + in_words(offset_.value() - (now_s_ - time_s)));
    } else if (step < 0.0) {
      ++stream.counts.out_of_order;
      take_back(stream, time_s);
      say(HealthChange::out_of_order, name, "older by " + in_words(-step) + " than one before it");
      return;
    } else if (step == 0.0) {
      ++stream.counts.repeated;
      return;
    } else if (step > 0.0) {
      note_gap(name, stream, step);
      stream.steps.add(step, options_.window);
    }
    stream.time_s = time_s;
    constexpr std::size_t remembered = 256;
    stream.sent.add(time_s, remembered);
  }

  /// A message that was taken for lost has come after all.
  static void take_back(Stream& stream, double time_s) {
    for (Gap& gap : stream.gaps)
      if (gap.missing > 0 && gap.from_s < time_s && time_s < gap.to_s) {
        --gap.missing;
        --stream.counts.dropped;
        return;
      }
  }

  void note_gap(const std::string& name, Stream& stream, double step) {
    if (stream.steps.size() < fewest_steps) return;
    const double period = stream.steps.median_value();
    if (step <= options_.gap_periods * period) return;
    const auto missing = static_cast<std::size_t>(std::max(1.0, std::round(step / period) - 1.0));
    stream.counts.dropped += missing;
    constexpr std::size_t remembered = 64;
    stream.gaps.push_back({stream.time_s, stream.time_s + step, missing});
    if (stream.gaps.size() > remembered) stream.gaps.pop_front();
    say(HealthChange::dropped, name,
        std::to_string(missing) + (missing == 1 ? " is" : " are") + " missing: a gap of " + in_words(step) +
            " where " + in_words(period) + " are usual");
  }

  void note_delay(const std::string& name, Stream& stream, double difference_s) {
    offset_.add(now_s_, difference_s, options_.clock_drift);
    const double delay = difference_s - offset_.value();
    stream.delays.add(delay, options_.window);
    if (!(delay <= stream.counts.longest_delay_s)) stream.counts.longest_delay_s = delay;
    if (delay > options_.late_s) {
      ++stream.counts.late;
      ++stream.late_in_a_row;
      if (!stream.late_now) say(HealthChange::late, name, "by " + in_words(delay));
      stream.late_now = true;
    } else if (stream.late_now) {
      say(HealthChange::on_time, name, "after " + std::to_string(stream.late_in_a_row) + " that were late");
      stream.late_now = false;
      stream.late_in_a_row = 0;
    }
  }

  /// Returns the count of a name that the sender has chosen, or that of all others.
  static std::size_t& counted(std::map<std::string, std::size_t>& counts, const std::string& name) {
    return counts[counts.size() < most_names || counts.contains(name) ? name : "others"];
  }

  void note_status(const std::string& name, Stream& stream, const std::string& status) {
    if (status != "OK") ++counted(stream.counts.unsound, status);
    if (status != stream.counts.status) {
      if (status != "OK")
        say(HealthChange::pose_lost, name, "its status is " + status);
      else if (!stream.counts.status.empty())
        say(HealthChange::pose_found, name, "its status is OK again");
    }
    stream.counts.status = status;
  }

  void take(const LiveMessage& message, const LivePose& pose) {
    take(pose.name, message, status_of(pose.pose));
  }
  void take(const LiveMessage& message, const LivePoses& poses) {
    for (const LivePose& pose : poses.poses) take(message, pose);
  }
  void take(const LiveMessage& message, const LiveImage& image) {
    take("IMAGE " + message.device, message, image.status);
    if (image.embedded.frames)
      take(ultrasound::name_of(*image.embedded.frames), message, status_of(image.embedded.pose));
    for (const LivePose& pose : image.poses) take(message, pose);
  }
  void take(const LiveMessage& message, const LiveStatus& status) {
    const std::string text = meaning_of_status(status.code) + (status.text.empty() ? "" : ": " + status.text);
    if (text != status_text_) say(HealthChange::status, message.device, text);
    status_text_ = text;
  }
  void take(const LiveMessage& message, const LiveSkipped& skipped) {
    if (counted(counts_.skipped, skipped.type)++ == 0)
      say(HealthChange::skipped, message.device, "messages of type " + skipped.type + " are not read");
  }
  void take(const LiveMessage&, const LiveRefused& refused) {
    ++counts_.refused;
    say(HealthChange::refused, {}, refused.why);
  }
  void take(const LiveMessage&, const LiveConnected& made) {
    ++counts_.connections;
    connected_ = true;
    link_.end(now_s_);
    offset_.clear();
    step_.dismiss();
    // Another server may have another clock; the silence between is that of the link.
    for (auto& [name, stream] : streams_) {
      stream.time_s = nan;
      stream.gaps.clear();
      stream.sent.clear();
      stream.arrivals.clear();
      stream.silence.end(now_s_);
    }
    say(HealthChange::connected, {}, "to " + made.peer);
  }
  void take(const LiveMessage&, const LiveLost& lost) {
    ++counts_.losses;
    connected_ = false;
    say(HealthChange::lost, {},
        lost.why + (lost.retry_in_s ? "; trying again in " + in_words(*lost.retry_in_s) : ""));
  }

  HealthOptions options_;
  LinkReport counts_;
  std::map<std::string, Stream> streams_;
  LeastButDrift offset_;
  ClockStep step_;
  Silence link_;
  bool connected_ = false;
  double now_s_ = nan;
  std::string status_text_;
  std::vector<HealthEvent> events_;
};

StreamHealth::StreamHealth(const HealthOptions& options) : watch_(std::make_unique<Watch>(options)) {}
StreamHealth::~StreamHealth() = default;
StreamHealth::StreamHealth(StreamHealth&&) noexcept = default;
StreamHealth& StreamHealth::operator=(StreamHealth&&) noexcept = default;

std::vector<HealthEvent> StreamHealth::note(const LiveMessage& message) {
  return watch_->note(message);
}
std::vector<HealthEvent> StreamHealth::look(double now_s) {
  return watch_->look(now_s);
}
LinkReport StreamHealth::report(double now_s) const {
  return watch_->report(now_s);
}
double StreamHealth::clock_offset_s() const {
  return watch_->clock_offset_s();
}

}  // namespace genu::network
