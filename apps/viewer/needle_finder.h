// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include <genu/ultrasound/needle.h>
#include <genu/ultrasound/tracked.h>

#include "answering_thread.h"

namespace genu::viewer {

/// What was found in a picture, or why it could not be looked at.
struct NeedleAnswer {
  std::optional<ultrasound::NeedleInImage> needle;
  std::string error;
};

/// Looks for needles in a thread of its own. Of pictures that come while it is busy only the last is looked
/// at.
class NeedleFinder {
 public:
  struct Moment {
    std::shared_ptr<const ultrasound::TrackedFrame> frame;
    /// Of a live one, by network::clock_s; NaN for one of a recording.
    double taken_s = std::numeric_limits<double>::quiet_NaN();
  };
  using Listener = std::function<void(const Moment&, const NeedleAnswer&)>;

  /// \param listener called in this object's thread
  explicit NeedleFinder(Listener listener);

  void look(Moment moment, const ultrasound::NeedleOptions& options);
  /// Forgets what was asked: no answer comes to what was asked before.
  void forget() { thread_.forget(); }
  /// Returns whether an answer is still to come.
  bool busy() const { return thread_.busy(); }

 private:
  struct Question {
    Moment moment;
    ultrasound::NeedleOptions options;
  };
  AnsweringThread<Question, NeedleAnswer> thread_;
};

}  // namespace genu::viewer
