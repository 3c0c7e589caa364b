// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QMetaObject>
#include <QObject>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace genu::viewer {

/// Answers questions in a thread of its own. Of those that come while it is busy only the last is answered.
template <typename Question, typename Answer>
class AnsweringThread : public QObject {
 public:
  using Work = std::function<Answer(const Question&)>;
  using Listener = std::function<void(const Question&, const Answer&)>;

  /// \param work called in that thread; it must not throw
  /// \param listener called in this object's thread
  AnsweringThread(Work work, Listener listener, QObject* parent = nullptr)
      : QObject(parent), work_(std::move(work)), listener_(std::move(listener)) {
    worker_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  /// Ends the thread before anything that it uses goes.
  ~AnsweringThread() override {
    worker_.request_stop();
    worker_.join();
  }

  void ask(Question question) {
    {
      const std::scoped_lock hold(lock_);
      next_ = Asked{std::move(question), ++asked_};
    }
    wake_.notify_one();
  }
  /// Forgets what was asked: no answer comes to what was asked before.
  void forget() {
    const std::scoped_lock hold(lock_);
    next_.reset();
    forgotten_ = answered_ = asked_;
  }
  /// Returns whether an answer is still to come.
  bool busy() const { return asked_ != answered_; }

 private:
  struct Asked {
    Question question;
    unsigned long number = 0;
  };

  void run(const std::stop_token& stop) {
    while (true) {
      std::optional<Asked> asked;
      {
        std::unique_lock hold(lock_);
        wake_.wait(hold, stop, [this] { return next_.has_value(); });
        if (stop.stop_requested()) return;  // What was asked last is not worth waiting for then.
        asked = std::exchange(next_, std::nullopt);
      }
      Answer answer = work_(asked->question);
      // Events to an object that is gone are dropped.
      QMetaObject::invokeMethod(
          this,
          [this, asked = *std::move(asked), answer = std::move(answer)] {
            if (asked.number <= forgotten_) return;
            answered_ = asked.number;
            listener_(asked.question, answer);
          },
          Qt::QueuedConnection);
    }
  }

  Work work_;
  Listener listener_;
  unsigned long asked_ = 0, answered_ = 0;
  unsigned long forgotten_ = 0;  ///< Questions up to this one are not answered.
  std::mutex lock_;
  std::condition_variable_any wake_;
  std::optional<Asked> next_;
  std::jthread worker_;
};

}  // namespace genu::viewer
