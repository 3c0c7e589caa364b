// SPDX-License-Identifier: Apache-2.0
#include "needle_watch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/network/live_message.h>
#include <genu/ultrasound/calibrated_image.h>

#include "needle_views.h"

namespace genu::app {

NeedleWatch::NeedleWatch(const NeedleWords& words, io::TrackedSetup setup,
                         const std::optional<double>& depth_mm, double stale_s)
    : setup_(std::move(setup)),
      plan_(read_guide(words, setup_)),
      finder_(words.finder),
      depth_mm_(depth_mm),
      stale_s_(stale_s) {
  finder_.pixel_size = pixel_of(setup_.coordinate_frames().find("Image", "Probe"), words.pixel_mm);
  if (words.part()) finder_.region = words.part();
  // A core stays free for whoever listens.
  finder_.threads = std::max(2U, std::thread::hardware_concurrency()) - 1;
  worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

// Ends the thread before anything that it uses goes.
NeedleWatch::~NeedleWatch() {
  worker_.request_stop();
  worker_.join();
}

void NeedleWatch::add(ultrasound::TrackedFrame moment, double taken_s) {
  {
    const std::scoped_lock hold(lock_);
    newest_s_ = taken_s;
    next_ = Picture{std::move(moment), taken_s};
  }
  changed_.notify_all();
}

std::string NeedleWatch::line(double now_s) {
  const std::scoped_lock hold(lock_);
  if (!newest_s_) return "no picture yet";
  if (now_s - *newest_s_ > stale_s_)
    return "STALE: the newest picture is " + fixed(now_s - *newest_s_, 1) + " s old; nothing is known of now";
  if (!answer_) return "looking";
  const double age_s = now_s - answer_->taken_s;
  if (age_s > stale_s_) return "STALE: what was looked at is " + fixed(age_s, 1) + " s old";
  return answer_->words + " (" + fixed(std::max(0.0, age_s), 2) + " s ago)";
}

NeedleTally NeedleWatch::finish() {
  std::unique_lock hold(lock_);
  changed_.wait(hold, [this] { return !busy_ && !next_; });
  return tally_;
}

std::string NeedleWatch::look(const ultrasound::TrackedFrame& moment, NeedleTally& tally) const {
  const ultrasound::NeedleFinding finding = ultrasound::look_for_needle(moment.image, finder_);
  std::optional<ultrasound::NeedleGuidance> guidance;
  if (plan_) {
    // Pictures of another size or depth than those of the calibration have other millimetres.
    const std::string other = reasons_against(setup_, pictures_of(moment, depth_mm_));
    if (other.empty())
      guidance = ultrasound::guidance_of(moment, finding, plan_->guide);
    else
      guidance.emplace().why_unplaced = other;
  }
  if (finding.state == ultrasound::NeedleState::seen) ++tally.seen;
  if (guidance && guidance->deviation) ++tally.measured;
  return needle_line(finding, guidance);
}

void NeedleWatch::work(const std::stop_token& stop) {
  while (true) {
    Picture picture;
    {
      std::unique_lock hold(lock_);
      if (!changed_.wait(hold, stop, [this] { return next_.has_value(); }) || stop.stop_requested()) return;
      picture = *std::exchange(next_, std::nullopt);
      busy_ = true;
    }
    NeedleTally found;
    Answer answer{picture.taken_s, {}};
    try {
      answer.words = look(picture.moment, found);
    } catch (const std::exception& problem) {
      answer.words = "not looked for: " + describe(problem);
    }
    {
      const std::scoped_lock hold(lock_);
      ++tally_.looked_at;
      if (network::clock_s() - picture.taken_s > stale_s_) {
        ++tally_.stale;
      } else {
        tally_.seen += found.seen;
        tally_.measured += found.measured;
      }
      answer_ = std::move(answer);
      busy_ = false;
    }
    changed_.notify_all();
  }
}

}  // namespace genu::app
