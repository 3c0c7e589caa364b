// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <genu/ultrasound/needle.h>
#include <genu/ultrasound/tracked.h>

namespace genu::viewer {

/// What was found in a picture, or why it could not be looked at.
struct NeedleAnswer {
  std::optional<ultrasound::NeedleInImage> needle;
  std::string error;
};

/// Looks for needles in a thread of its own. Of pictures that come while it is busy only the last is looked
/// at.
class NeedleFinder : public QObject {
 public:
  using Moment = std::shared_ptr<const ultrasound::TrackedFrame>;
  using Listener = std::function<void(const Moment&, const NeedleAnswer&)>;

  /// \param listener called in this object's thread
  explicit NeedleFinder(Listener listener, QObject* parent = nullptr);
  ~NeedleFinder() override;

  void look(Moment moment, const ultrasound::NeedleOptions& options);
  /// Forgets what was asked: no answer comes to what was asked before.
  void forget();
  /// Returns whether an answer is still to come.
  bool busy() const { return asked_ != answered_; }

 private:
  struct Question {
    Moment moment;
    ultrasound::NeedleOptions options;
    unsigned long number = 0;
  };
  void work(const std::stop_token& stop);
  void tell(const Question& question, const NeedleAnswer& answer);

  Listener listener_;
  unsigned long asked_ = 0, answered_ = 0;
  unsigned long forgotten_ = 0;  ///< Questions up to this one are not answered.
  std::mutex lock_;
  std::condition_variable_any wake_;
  std::optional<Question> next_;
  std::jthread worker_;
};

}  // namespace genu::viewer
