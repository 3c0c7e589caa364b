// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

#include <genu/network/stream_health.h>

namespace genu::network {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t fewest_steps = 4;  // before a median of them says anything

double median(std::vector<double> values) {
  if (values.empty()) return nan;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The last few values of something.
class Recent {
 public:
  void add(double value, std::size_t most) {
    values_.push_back(value);
    if (values_.size() > most) values_.pop_front();
  }
  void clear() { values_.clear(); }
  std::size_t size() const { return values_.size(); }
  double median_value() const { return median({values_.begin(), values_.end()}); }
  double first() const { return values_.front(); }
  double last() const { return values_.back(); }

 private:
  std::deque<double> values_;
};

/// The least of the values of the last seconds.
class LeastLately {
 public:
  void add(double at_s, double value, double window_s) {
    while (!kept_.empty() && kept_.back().second >= value) kept_.pop_back();
    kept_.emplace_back(at_s, value);
    while (kept_.front().first < at_s - window_s) kept_.pop_front();
  }
  void clear() { kept_.clear(); }
  double value() const { return kept_.empty() ? nan : kept_.front().second; }

 private:
  std::deque<std::pair<double, double>> kept_;  // values grow from front to back
};

/// Returns seconds for people: "1.24 s", "12 ms".
std::string in_words(double seconds) {
  std::array<char, 32> text{};
  if (std::abs(seconds) < 0.9995)
    std::snprintf(text.data(), text.size(), "%.0f ms", 1000.0 * seconds);
  else
    std::snprintf(text.data(), text.size(), "%.2f s", seconds);
  return text.data();
}

/// How long something has been silent.
struct Silence {
  double last_s = nan;
  bool now = false;
  bool said = false;  // and not only part of a silence of the whole link
  std::size_t count = 0;
  double total_s = 0.0;

  bool begins(double now_s, double limit_s) const { return !now && now_s - last_s > limit_s; }
  void begin() {
    now = true;
    ++count;
  }
  double lasting_s(double now_s) const { return total_s + (now ? now_s - last_s : 0.0); }
  /// Something came; returns how long a stall lasted, or nothing.
  std::optional<double> end(double at_s) {
    std::optional<double> lasted;
    if (now) lasted = at_s - last_s;
    total_s += lasted.value_or(0.0);
    now = said = false;
    last_s = at_s;
    return lasted;
  }
};

struct Stream {
  StreamReport counts;
  Silence silence;
  Recent arrivals, steps, delays;
  double time_s = nan;  // the latest of the sender's
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

  LinkReport report(double now_s) const {
    LinkReport report = counts_;
    report.clock_offset_s = offset_.value();
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
    const double period = stream.steps.size() > 0 ? stream.steps.median_value() : 0.0;
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

  Stream& arrived(const std::string& name, const LiveMessage& message) {
    Stream& stream = streams_[name];
    const bool said = stream.silence.said;
    if (const auto lasted = stream.silence.end(now_s_); lasted && said)
      say(HealthChange::resumed, name, "after " + in_words(*lasted));
    ++stream.counts.messages;
    stream.arrivals.add(now_s_, options_.window);
    if (!std::isnan(message.time_s)) {
      note_order(name, stream, message.time_s);
      note_delay(name, stream, now_s_ - message.time_s);
    }
    return stream;
  }

  void note_order(const std::string& name, Stream& stream, double time_s) {
    const double step = time_s - stream.time_s;
    if (step < -options_.clock_jump_s) {
      ++counts_.clock_jumps;
      say(HealthChange::clock_jumped, name, "the sender's time went back by " + in_words(-step));
      offset_.clear();
      for (auto& [other, all] : streams_) all.time_s = nan;
      stream.steps.clear();
    } else if (step < 0.0) {
      ++stream.counts.out_of_order;
      if (stream.counts.dropped > 0) --stream.counts.dropped;  // it was taken for lost
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
  }

  void note_gap(const std::string& name, Stream& stream, double step) {
    if (stream.steps.size() < fewest_steps) return;
    const double period = stream.steps.median_value();
    if (step <= options_.gap_periods * period) return;
    const auto missing = static_cast<std::size_t>(std::max(1.0, std::round(step / period) - 1.0));
    stream.counts.dropped += missing;
    say(HealthChange::dropped, name,
        std::to_string(missing) + (missing == 1 ? " is" : " are") + " missing: a gap of " + in_words(step) +
            " where " + in_words(period) + " are usual");
  }

  void note_delay(const std::string& name, Stream& stream, double difference_s) {
    offset_.add(now_s_, difference_s, options_.offset_window_s);
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

  void note_status(const std::string& name, Stream& stream, const std::string& status) {
    if (status != "OK") ++stream.counts.unsound[status];
    if (status != stream.counts.status) {
      if (status != "OK")
        say(HealthChange::pose_lost, name, "its status is " + status);
      else if (!stream.counts.status.empty())
        say(HealthChange::pose_found, name, "its status is OK again");
    }
    stream.counts.status = status;
  }

  void take(const LiveMessage& message, const LivePose& pose) {
    note_status(pose.name, arrived(pose.name, message), status_of(pose.pose));
  }
  void take(const LiveMessage& message, const LivePoses& poses) {
    for (const LivePose& pose : poses.poses) take(message, pose);
  }
  void take(const LiveMessage& message, const LiveImage& image) {
    const std::string name = "IMAGE " + message.device;
    note_status(name, arrived(name, message), image.status);
    if (image.embedded.frames) {
      const std::string embedded = ultrasound::name_of(*image.embedded.frames);
      note_status(embedded, arrived(embedded, message), status_of(image.embedded.pose));
    }
    for (const LivePose& pose : image.poses) take(message, pose);
  }
  void take(const LiveMessage& message, const LiveStatus& status) {
    const std::string text = meaning_of_status(status.code) + (status.text.empty() ? "" : ": " + status.text);
    if (text != status_text_) say(HealthChange::status, message.device, text);
    status_text_ = text;
  }
  void take(const LiveMessage& message, const LiveSkipped& skipped) {
    if (counts_.skipped[skipped.type]++ == 0)
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
    // Another server may have another clock; the silence between is that of the link.
    for (auto& [name, stream] : streams_) {
      stream.time_s = nan;
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
  LeastLately offset_;
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

}  // namespace genu::network
