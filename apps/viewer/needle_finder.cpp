// SPDX-License-Identifier: Apache-2.0
#include "needle_finder.h"

#include <QMetaObject>
#include <exception>
#include <utility>

#include <genu/core/error.h>

namespace genu::viewer {

NeedleFinder::NeedleFinder(Listener listener, QObject* parent)
    : QObject(parent), listener_(std::move(listener)) {
  worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

// Ends the thread before anything that it uses goes.
NeedleFinder::~NeedleFinder() {
  worker_.request_stop();
  worker_.join();
}

void NeedleFinder::look(Moment moment, const ultrasound::NeedleOptions& options) {
  {
    const std::scoped_lock hold(lock_);
    next_ = Question{std::move(moment), options, ++asked_};
  }
  wake_.notify_one();
}

void NeedleFinder::forget() {
  const std::scoped_lock hold(lock_);
  next_.reset();
  forgotten_ = answered_ = asked_;
}

void NeedleFinder::work(const std::stop_token& stop) {
  while (true) {
    Question question;
    {
      std::unique_lock hold(lock_);
      if (!wake_.wait(hold, stop, [this] { return next_.has_value(); })) return;
      question = *std::exchange(next_, std::nullopt);
    }
    NeedleAnswer answer;
    try {
      answer.needle = ultrasound::find_needle(question.moment->image, question.options);
    } catch (const std::exception& error) {
      answer.error = describe(error);
    }
    // Events to an object that is gone are dropped.
    QMetaObject::invokeMethod(
        this, [this, question, answer] { tell(question, answer); }, Qt::QueuedConnection);
  }
}

void NeedleFinder::tell(const Question& question, const NeedleAnswer& answer) {
  if (question.number <= forgotten_) return;
  answered_ = question.number;
  listener_(question.moment, answer);
}

}  // namespace genu::viewer
